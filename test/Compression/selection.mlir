// RUN: pith-opt %s --pith-quantize-weights='select=encoder' | FileCheck %s --check-prefix=SELECT
// RUN: pith-opt %s --pith-quantize-weights='select=^/encoder/Mat,table' | FileCheck %s --check-prefix=TWO
// RUN: pith-opt %s --pith-quantize-weights='select=encoder|head exclude=head.weight' | FileCheck %s --check-prefix=SELECT
// RUN: pith-opt %s --pith-prune-weights='exclude=encoder' | FileCheck %s --check-prefix=EXCLUDE
// RUN: pith-opt %s --pith-factorize-weights='rank=1 exclude=table' | FileCheck %s --check-prefix=FACTORIZE
// RUN: pith-opt %s --pith-quantize-weights --pith-correct-quantization='rank=1 select=head' --remarks-filter-missed='pith-correct.*' -o /dev/null 2>&1 | FileCheck %s --check-prefix=CORRECT
// RUN: pith-opt %s --pith-quantize-weights --remarks-filter='pith-.*' --remarks-filter-missed='pith-.*' -o /dev/null 2>&1 | FileCheck %s --check-prefix=REMARK
// RUN: not pith-opt %s --pith-quantize-weights='select=decoder' 2>&1 | FileCheck %s --check-prefix=NOTHING
// RUN: not pith-opt %s --pith-prune-weights='exclude=head,decoder' 2>&1 | FileCheck %s --check-prefix=EXCLUDE-NOTHING
// RUN: not pith-opt %s --pith-factorize-weights='select=(head' 2>&1 | FileCheck %s --check-prefix=REGEX

// Names of nodes and of tensors count, and one list may hold several patterns.

// SELECT: pith.dequantize
// SELECT: pith.constant {{.*}}name = "head.weight", pith.kept = "{{not selected|excluded}}"
// SELECT-NOT: pith.dequantize
// TWO-COUNT-2: pith.dequantize
// TWO-NOT: pith.dequantize
// EXCLUDE: name = "encoder.weight", pith.kept = "excluded"
// FACTORIZE-DAG: tensor<16x1xf32>
// FACTORIZE-DAG: name = "table", pith.kept = "excluded"
// CORRECT: loc("/head/MatMul"): [Missed] NotCorrected {{.*}}compression lost nothing
// CORRECT-NOT: NotCorrected

// Every weight has a remark, and those that stay have a reason.

// REMARK-DAG: loc("/encoder/MatMul"): [Passed] Compressed | Category:pith-quantize-weights | {{.*}}"int4 channel f16", bits_per_weight=5.000, node=/encoder/MatMul, sqnr_db=999.00, tensor=encoder.weight
// REMARK-DAG: loc("/embed/Gather"): [Passed] Compressed {{.*}}tensor=table
// REMARK-DAG: loc("/small"): [Missed] Kept {{.*}}"16 elements, fewer than min-elements 256"
// REMARK-DAG: loc("/product"): [Missed] Kept {{.*}}"it does not lie output-major in memory"
// REMARK-DAG: loc("/shared"): [Missed] Kept {{.*}}"it is also used by 'pith.add', which needs it dense"

// A pattern that matches nothing is an error.

// NOTHING: error: option 'select': 'decoder' matches no node and no tensor of the 6 weights, such as node '/encoder/MatMul' with tensor 'encoder.weight'
// EXCLUDE-NOTHING: error: option 'exclude': 'decoder' matches no node
// REGEX: error: option 'select': expected a regular expression, found '(head': parentheses not balanced
func.func @main(%x: tensor<4x16xf32>, %i: tensor<3xi64>)
    -> (tensor<4x16xf32>, tensor<4x16xf32>, tensor<3x16xf32>, tensor<4x1xf32>, tensor<4x16xf32>, tensor<4x16xf32>, tensor<16x16xf32>) {
  %v = pith.constant dense<1.5> : tensor<16x16xf32> {name = "encoder.weight"} : tensor<16x16xf32>
  %w = pith.constant dense<0.5> : tensor<16x16xf32> {name = "head.weight"} : tensor<16x16xf32>
  %t = pith.constant dense<0.5> : tensor<20x16xf32> {name = "table"} : tensor<20x16xf32>
  %s = pith.constant dense<0.5> : tensor<1x16xf32> {name = "small"} : tensor<1x16xf32>
  %p = pith.constant dense<0.5> : tensor<16x16xf32> {name = "product"} : tensor<16x16xf32>
  %u = pith.constant dense<2.5> : tensor<16x16xf32> {name = "shared"} : tensor<16x16xf32>
  %0 = pith.matmul %x, %v {transpose_rhs} : (tensor<4x16xf32>, tensor<16x16xf32>) -> tensor<4x16xf32> loc("/encoder/MatMul")
  %1 = pith.matmul %x, %w {transpose_rhs} : (tensor<4x16xf32>, tensor<16x16xf32>) -> tensor<4x16xf32> loc("/head/MatMul")
  %2 = pith.gather %t, %i {axis = 0 : i64} : (tensor<20x16xf32>, tensor<3xi64>) -> tensor<3x16xf32> loc("/embed/Gather")
  %3 = pith.matmul %x, %s {transpose_rhs} : (tensor<4x16xf32>, tensor<1x16xf32>) -> tensor<4x1xf32> loc("/small")
  %4 = pith.matmul %x, %p : (tensor<4x16xf32>, tensor<16x16xf32>) -> tensor<4x16xf32> loc("/product")
  %5 = pith.matmul %x, %u {transpose_rhs} : (tensor<4x16xf32>, tensor<16x16xf32>) -> tensor<4x16xf32> loc("/shared")
  %6 = pith.add %u, %u : (tensor<16x16xf32>, tensor<16x16xf32>) -> tensor<16x16xf32> loc("/add")
  return %0, %1, %2, %3, %4, %5, %6 : tensor<4x16xf32>, tensor<4x16xf32>, tensor<3x16xf32>, tensor<4x1xf32>, tensor<4x16xf32>, tensor<4x16xf32>, tensor<16x16xf32>
}
