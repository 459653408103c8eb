// RUN: pith-opt %s --pith-factorize-weights='min-elements=1 form=spatial rank=1' --split-input-file | FileCheck %s --check-prefix=SPATIAL
// RUN: pith-opt %s --pith-factorize-weights='min-elements=1 form=spatial rank=1' --remarks-filter='pith-.*' --split-input-file -o /dev/null 2>&1 | FileCheck %s --check-prefix=SPATIAL-REMARK
// RUN: pith-opt %s --pith-factorize-weights='min-elements=1 form=tucker rank=1' --split-input-file | FileCheck %s --check-prefix=TUCKER
// RUN: pith-opt %s --pith-factorize-weights='min-elements=1 form=tucker rank=1' --remarks-filter='pith-.*' --split-input-file -o /dev/null 2>&1 | FileCheck %s --check-prefix=TUCKER-REMARK
// RUN: pith-opt %s --pith-factorize-weights='min-elements=1 form=tucker rank=1 input-rank=2' --split-input-file | FileCheck %s --check-prefix=INPUT
// RUN: pith-opt %s --pith-factorize-weights='min-elements=1 form=channel rank=1' --split-input-file | FileCheck %s --check-prefix=CHANNEL
// RUN: pith-opt %s --pith-factorize-weights='min-elements=1 form=channel rank=1' --remarks-filter='pith-.*' --split-input-file -o /dev/null 2>&1 | FileCheck %s --check-prefix=CHANNEL-REMARK
// RUN: pith-opt %s --pith-factorize-weights='min-elements=1 rank=1' --remarks-filter='pith-.*' --split-input-file -o /dev/null 2>&1 | FileCheck %s --check-prefix=AUTO-REMARK

// Each axis of the window, with its stride, dilation and padding, belongs to one stage;
// the last has the bias. All parts answer for the weight's bytes.

// SPATIAL-REMARK: loc("/conv"): [Passed] Factorized {{.*}}"spatial rank 1", elements_after=46, elements_before=240,
// TUCKER-REMARK: loc("/conv"): [Passed] Factorized {{.*}}"tucker ranks 1 and 1", elements_after=25, elements_before=240,
// CHANNEL-REMARK: loc("/conv"): [Passed] Factorized {{.*}}"rank 1", elements_after=38, elements_before=240,
// AUTO-REMARK: loc("/conv"): [Passed] Factorized {{.*}}elements_before=240,
// SPATIAL-LABEL: func @conv
// SPATIAL-DAG: %[[BIAS:.*]] = pith.constant dense<1.000000e+00> : tensor<8xf32>
// SPATIAL-DAG: %[[V:.*]] = pith.constant {{.*}}name = "w.first"{{.*}} : tensor<1x3x1x2xf32>
// SPATIAL-DAG: %[[H:.*]] = pith.constant {{.*}}name = "w.second"{{.*}} : tensor<8x1x5x1xf32>
// SPATIAL: %[[N:.*]] = pith.conv %{{.*}}, %[[V]] {dilations = array<i64: 3, 1>, layout = {{.*}}, pads_high = array<i64: 3, 0>, pads_low = array<i64: 2, 0>, strides = array<i64: 2, 1>}
// SPATIAL: pith.conv %[[N]], %[[H]], %[[BIAS]] {dilations = array<i64: 1, 1>, layout = {{.*}}, pads_high = array<i64: 0, 1>, pads_low = array<i64: 0, 2>, strides = array<i64: 1, 1>}
// TUCKER-LABEL: func @conv
// TUCKER: %[[I:.*]] = pith.conv %{{.*}}, %{{.*}} {dilations = array<i64: 1, 1>, layout = {{.*}}, pads_high = array<i64: 0, 0>, pads_low = array<i64: 0, 0>, strides = array<i64: 1, 1>} : (tensor<1x9x9x2xf32>, tensor<1x1x1x2xf32>)
// TUCKER: %[[W:.*]] = pith.conv %[[I]], %{{.*}} {dilations = array<i64: 3, 1>, {{.*}}pads_high = array<i64: 3, 1>, pads_low = array<i64: 2, 2>, strides = array<i64: 2, 1>} : ({{.*}}, tensor<1x3x5x1xf32>)
// TUCKER: pith.conv %[[W]], %{{.*}}, %{{.*}} {{.*}} tensor<8x1x1x1xf32>, tensor<8xf32>)
// INPUT-LABEL: func @conv
// INPUT: tensor<2x1x1x2xf32>
// INPUT: tensor<1x3x5x2xf32>
// CHANNEL-LABEL: func @conv
// CHANNEL: tensor<1x3x5x2xf32>
// CHANNEL: tensor<8x1x1x1xf32>
func.func @conv(%x: tensor<1x9x9x2xf32>) -> tensor<1x4x8x8xf32> {
  %w = pith.constant dense<0.5> : tensor<8x3x5x2xf32> {name = "w"} : tensor<8x3x5x2xf32>
  %b = pith.constant dense<1.0> : tensor<8xf32> : tensor<8xf32>
  %y = pith.conv %x, %w, %b {strides = array<i64: 2, 1>, dilations = array<i64: 3, 1>,
    pads_low = array<i64: 2, 2>, pads_high = array<i64: 3, 1>, layout = #pith.layout<channels_last>}
    : (tensor<1x9x9x2xf32>, tensor<8x3x5x2xf32>, tensor<8xf32>) -> tensor<1x4x8x8xf32> loc("/conv")
  return %y : tensor<1x4x8x8xf32>
}

// -----

// Products have no window.

// SPATIAL-REMARK: loc("/fc"): [Missed] Kept {{.*}}"it is no window of a convolution without groups"
// CHANNEL-REMARK: loc("/fc"): [Missed] Kept {{.*}}"it is no window of a convolution without groups"
// AUTO-REMARK: loc("/fc"): [Passed] Factorized {{.*}}"rank 1"
func.func @product(%x: tensor<1x8xf32>) -> tensor<1x8xf32> {
  %w = pith.constant dense<0.5> : tensor<8x8xf32> {name = "w"} : tensor<8x8xf32>
  %y = pith.matmul %x, %w {transpose_rhs} : (tensor<1x8xf32>, tensor<8x8xf32>) -> tensor<1x8xf32> loc("/fc")
  return %y : tensor<1x8xf32>
}

// -----

// A window along one axis has no spatial form.

// SPATIAL-REMARK: loc("/row"): [Missed] Kept {{.*}}"no such product has fewer elements and is as near"
// TUCKER-REMARK: loc("/row"): [Passed] Factorized {{.*}}"tucker ranks 1 and 1"
func.func @row(%x: tensor<1x9x9x4xf32>) -> tensor<1x9x7x8xf32> {
  %w = pith.constant dense<0.5> : tensor<8x1x3x4xf32> {name = "w"} : tensor<8x1x3x4xf32>
  %y = pith.conv %x, %w {strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>,
    pads_low = array<i64: 0, 0>, pads_high = array<i64: 0, 0>, layout = #pith.layout<channels_last>}
    : (tensor<1x9x9x4xf32>, tensor<8x1x3x4xf32>) -> tensor<1x9x7x8xf32> loc("/row")
  return %y : tensor<1x9x7x8xf32>
}
