// RUN: not pith-opt %s --pith-factorize-weights='min-elements=1 weighting=gram' 2>&1 | FileCheck %s --check-prefix=FACTORIZE
// RUN: not pith-opt %s --pith-factorize-weights='min-elements=1 weighting=magnitude' 2>&1 | FileCheck %s --check-prefix=FACTORIZE
// RUN: not pith-opt %s --pith-factorize-jointly='min-elements=1 rank=1 weighting=gram' 2>&1 | FileCheck %s --check-prefix=JOINTLY
// RUN: not pith-opt %s --pith-split-low-rank='min-elements=1 rank=1 weighting=gram' 2>&1 | FileCheck %s --check-prefix=SPLIT
// RUN: not pith-opt %s --pith-choose-ranks='min-elements=1 ratio=0.5 weighting=gram' 2>&1 | FileCheck %s --check-prefix=CHOOSE
// RUN: not pith-opt %s --pith-quantize-weights='min-elements=1 bits=2' --pith-correct-quantization='min-elements=1 rank=1 weighting=gram' 2>&1 | FileCheck %s --check-prefix=CORRECT
// RUN: not pith-opt %s --pith-choose-ranks='min-elements=1 ratio=0.01' 2>&1 | FileCheck %s --check-prefix=RATIO
// RUN: not pith-opt %s --pith-choose-ranks='min-elements=1 bits-per-parameter=1' 2>&1 | FileCheck %s --check-prefix=BITS
// RUN: not pith-opt %s --pith-choose-ranks 2>&1 | FileCheck %s --check-prefix=NONE
// RUN: not pith-opt %s --pith-choose-ranks='ratio=0.5 bits-per-parameter=4' 2>&1 | FileCheck %s --check-prefix=BOTH
// RUN: not pith-opt %s --pith-choose-ranks='ratio=0.5 steps=0' 2>&1 | FileCheck %s --check-prefix=STEPS
// RUN: not pith-opt %s --pith-choose-ranks='ratio=0.5 least-ratio=2' 2>&1 | FileCheck %s --check-prefix=LEAST
// RUN: not pith-opt %s --pith-choose-ranks='ratio=1.5' 2>&1 | FileCheck %s --check-prefix=TOO-GREAT
// RUN: not pith-opt %s --pith-choose-ranks='ratio=0' 2>&1 | FileCheck %s --check-prefix=ZERO
// RUN: not pith-opt %s --pith-choose-ranks='bits-per-parameter=0' 2>&1 | FileCheck %s --check-prefix=ZERO-BITS
// RUN: not pith-opt %s --pith-factorize-weights='damping=2' 2>&1 | FileCheck %s --check-prefix=DAMPING
// RUN: not pith-opt %s --pith-factorize-weights='input-rank=2' 2>&1 | FileCheck %s --check-prefix=INPUT
// RUN: not pith-opt %s --pith-factorize-jointly='rank=1 ratio=0.5' 2>&1 | FileCheck %s --check-prefix=MORE
// RUN: not pith-opt %s --pith-split-low-rank='bits=9' 2>&1 | FileCheck %s --check-prefix=SPLIT-BITS
// RUN: not pith-opt %s --pith-split-low-rank='group-size=8' 2>&1 | FileCheck %s --check-prefix=SPLIT-GROUP
// RUN: not pith-opt %s --pith-correct-quantization='rank=-1' 2>&1 | FileCheck %s --check-prefix=RANK

// What asks for statistics says so and stops; options out of range are reported.

// FACTORIZE: error: {{.*}}weight 'w': pith-factorize-weights needs a profile of the model's activations, found none
// JOINTLY: error: {{.*}}weight 'w': pith-factorize-jointly needs a profile
// SPLIT: error: {{.*}}weight 'w': pith-split-low-rank needs a profile
// CHOOSE: error: {{.*}}weight 'w': pith-choose-ranks needs a profile
// CORRECT: error: {{.*}}weight 'w': pith-correct-quantization needs a profile
// RATIO: error: pith-choose-ranks: expected a ratio of at least 0.250, found 0.010
// BITS: error: pith-choose-ranks: expected at least 8.000 bits per parameter, found 1.000
// NONE: expected one of ratio and bits-per-parameter, found none
// BOTH: expected one of ratio and bits-per-parameter, found both
// STEPS: expected steps from 1 to 4096, found 0
// LEAST: expected least-ratio from 0 to 1, found 2
// TOO-GREAT: expected a ratio above 0 and below 1, found 1.5
// ZERO: expected a ratio above 0 and below 1, found 0
// ZERO-BITS: expected bits-per-parameter above 0 and at most 32, found 0
// DAMPING: expected damping from 0 to 1, found 2
// INPUT: expected input-rank with rank and form=tucker alone
// MORE: expected one of rank, energy and ratio, found more
// SPLIT-BITS: expected bits from 1 to 8, found 9
// SPLIT-GROUP: expected a group-size from 16 to 256, or 0, found 8
// RANK: expected a rank of at least 1, or 0, found -1
func.func @main(%x: tensor<1x8xf32>) -> (tensor<1x8xf32>, tensor<1x8xf32>) {
  %w = pith.constant dense<[[1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0], [8.0, 7.0, 6.0, 5.0, 4.0, 3.0, 2.0, 1.0],
    [1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0], [0.0, 1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0], [0.0, 0.0, 9.0, 0.0, 0.0, 0.0, 0.0, 0.0],
    [0.0, 0.0, 0.0, 9.0, 0.0, 0.0, 0.0, 0.0], [0.0, 0.0, 0.0, 0.0, 9.0, 0.0, 0.0, 0.0], [0.0, 0.0, 0.0, 0.0, 0.0, 9.0, 0.0, 0.0]]>
    : tensor<8x8xf32> {name = "w"} : tensor<8x8xf32>
  %u = pith.constant dense<[[2.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0], [8.0, 7.0, 6.0, 5.0, 4.0, 3.0, 2.0, 1.0],
    [1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0], [0.0, 1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0], [0.0, 0.0, 9.0, 0.0, 0.0, 0.0, 0.0, 0.0],
    [0.0, 0.0, 0.0, 9.0, 0.0, 0.0, 0.0, 0.0], [0.0, 0.0, 0.0, 0.0, 9.0, 0.0, 0.0, 0.0], [0.0, 0.0, 0.0, 0.0, 0.0, 9.0, 0.0, 0.0]]>
    : tensor<8x8xf32> {name = "u"} : tensor<8x8xf32>
  %y = pith.matmul %x, %w {transpose_rhs} : (tensor<1x8xf32>, tensor<8x8xf32>) -> tensor<1x8xf32> loc("/q")
  %z = pith.matmul %x, %u {transpose_rhs} : (tensor<1x8xf32>, tensor<8x8xf32>) -> tensor<1x8xf32> loc("/k")
  return %y, %z : tensor<1x8xf32>, tensor<1x8xf32>
}
