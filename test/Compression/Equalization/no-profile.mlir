// RUN: pith-opt %s --pith-scale-salient-channels=min-elements=1 --split-input-file --verify-diagnostics
// RUN: pith-opt %s --pith-smooth-activations='min-elements=1 search=true' --split-input-file --verify-diagnostics

// Without a profile it stops.

func.func @main(%x: tensor<3x2xf32>) -> tensor<3x1xf32> {
  %w = pith.constant dense<1.0> : tensor<1x2xf32> {name = "w"} : tensor<1x2xf32>
  // expected-error-re @+1 {{{{pith-(scale-salient-channels|smooth-activations)}} needs a profile of the model's activations, found none}}
  %y = pith.matmul %x, %w {transpose_rhs} : (tensor<3x2xf32>, tensor<1x2xf32>) -> tensor<3x1xf32>
  return %y : tensor<3x1xf32>
}

// -----

// A profile without Gram matrices does not do.

func.func @main(%x: tensor<3x2xf32>) -> tensor<3x1xf32> {
  %w = pith.constant dense<1.0> : tensor<1x2xf32> {name = "w"} : tensor<1x2xf32>
  // expected-error-re @+1 {{{{pith-(scale-salient-channels|smooth-activations)}} needs a profile with Gram matrices, found one without}}
  %y = pith.matmul %x, %w {transpose_rhs, pith.statistics = {rows = 2 : i64, minimum = -16.0 : f32, maximum = 4.0 : f32,
      mean = dense<0.0> : tensor<1x2xf32>, magnitude = dense<1.0> : tensor<1x2xf32>, largest = dense<1.0> : tensor<1x2xf32>}} : (tensor<3x2xf32>, tensor<1x2xf32>) -> tensor<3x1xf32>
  return %y : tensor<3x1xf32>
}
