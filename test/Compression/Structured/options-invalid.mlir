// RUN: not pith-opt %s --pith-prune-channels=ratio=1 2>&1 | FileCheck %s --check-prefix=RATIO
// RUN: not pith-opt %s --pith-prune-heads=ratio=-0.1 2>&1 | FileCheck %s --check-prefix=NEGATIVE
// RUN: not pith-opt %s --pith-prune-channels=max-ratio=1.5 2>&1 | FileCheck %s --check-prefix=MOST
// RUN: not pith-opt %s --pith-prune-channels=multiple-of=0 2>&1 | FileCheck %s --check-prefix=MULTIPLE
// RUN: not pith-opt %s --pith-prune-channels=steps=0 2>&1 | FileCheck %s --check-prefix=STEPS
// RUN: not pith-opt %s --pith-prune-layers=count=0 2>&1 | FileCheck %s --check-prefix=COUNT
// RUN: not pith-opt %s --pith-prune-layers 2>&1 | FileCheck %s --check-prefix=NO-BLOCKS
// RUN: not pith-opt %s --pith-prune-embedding 2>&1 | FileCheck %s --check-prefix=KEEP
// RUN: not pith-opt %s --pith-prune-channels='importance=reconstruction min-elements=1' 2>&1 | FileCheck %s --check-prefix=PROFILE
// RUN: pith-opt %s --pith-quantize-weights=min-elements=1 --pith-prune-channels=min-elements=1 --remarks-filter-missed='pith-prune-ch.*' -o /dev/null 2>&1 | FileCheck %s --check-prefix=COMPRESSED

// RATIO: expected a ratio from 0 to below 1, found 1
// NEGATIVE: expected a ratio from 0 to below 1, found -0.1
// MOST: expected max-ratio to be from 0 to 1, found 1.5
// MULTIPLE: expected multiple-of to be at least 1, found 0
// STEPS: expected steps to be at least 1, found 0
// COUNT: expected a count of at least 1, found 0
// NO-BLOCKS: error: pith-prune-layers: expected residual blocks x + f(x), found none
// KEEP: expected keep to name a file
// PROFILE: error: weight 'b': pith-prune-channels needs a profile of the model's activations, found none
// COMPRESSED: [Missed] Kept {{.*}}is compressed already; prune first
func.func @main(%x: tensor<2x3xf32>) -> tensor<2x2xf32> {
  %a = pith.constant dense<[[0.1, 0.2, 0.3], [4.0, 5.0, 6.0], [0.4, 0.5, 0.6], [7.0, 8.0, 9.0]]> : tensor<4x3xf32> {name = "a"} : tensor<4x3xf32>
  %b = pith.constant dense<[[1.0, 2.0, 3.0, 4.0], [5.0, 6.0, 7.0, 8.0]]> : tensor<2x4xf32> {name = "b"} : tensor<2x4xf32>
  %h = pith.matmul %x, %a {transpose_rhs} : (tensor<2x3xf32>, tensor<4x3xf32>) -> tensor<2x4xf32>
  %y = pith.matmul %h, %b {transpose_rhs} : (tensor<2x4xf32>, tensor<2x4xf32>) -> tensor<2x2xf32>
  return %y : tensor<2x2xf32>
}
