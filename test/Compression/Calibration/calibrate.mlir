// RUN: rm -rf %t && mkdir -p %t/0 %t/1
// RUN: %python -c "import numpy as n; n.save('%t/0/x.npy', n.float32([[1, -2, 0], [3, 0, 0]])); n.save('%t/1/x.npy', n.float32([[0, 2, 5]]))"
// RUN: pith-opt %s --pith-calibrate=samples=%t | FileCheck %s
// RUN: pith-opt %s --pith-calibrate="samples=%t gram=false" | FileCheck %s --check-prefix=NO-GRAM
// RUN: pith-opt %s --pith-calibrate="samples=%t max-gram-size=2" | FileCheck %s --check-prefix=NO-GRAM
// RUN: pith-opt %s --pith-instrument-model | FileCheck %s --check-prefix=OBSERVED
// RUN: pith-opt %s --pith-instrument-model=gram=false | FileCheck %s --check-prefix=OBSERVED-NO-GRAM
// RUN: pith-opt %s --pith-calibrate=samples=%t --pith-write-profile=file=%t/p.npz -o %t/a.mlir
// RUN: pith-opt %s --pith-apply-profile=file=%t/p.npz -o %t/b.mlir
// RUN: sed "s|attributes.*||; s|module.*||" %t/a.mlir > %t/a && sed "s|module.*||" %t/b.mlir > %t/b && diff %t/a %t/b
// RUN: cp %t/0/x.npy %t/1/z.npy && pith-opt %s --pith-calibrate=samples=%t --pith-calibrate=samples=%t -o /dev/null 2>&1 | FileCheck %s --check-prefix=OTHER
// RUN: cp -r %t/0 %t/3 && cp %t/0/x.npy %t && pith-opt %s --pith-calibrate=samples=%t -o /dev/null 2>&1 | FileCheck %s --check-prefix=GAP
// RUN: rm -r %t/0 %t/1 %t/3 && pith-opt %s --pith-calibrate=samples=%t -o /dev/null 2>&1 | FileCheck %s --check-prefix=ONE --allow-empty
// RUN: %python -c "import numpy as n; x = n.float32([[1, -2, 0]]); n.savez('%t/more.npz', x=x, z=x)"
// RUN: not pith-opt %s --pith-calibrate=samples=%t/more.npz 2>&1 | FileCheck %s --check-prefix=MEMBER
// RUN: not pith-opt %s --pith-calibrate 2>&1 | FileCheck %s --check-prefix=NO-SAMPLES
// RUN: not pith-opt %s --pith-write-profile=file=%t/none 2>&1 | FileCheck %s --check-prefix=NO-STATISTICS
// RUN: not pith-opt %s --pith-apply-profile 2>&1 | FileCheck %s --check-prefix=NO-FILE
// RUN: not pith-opt %s --pith-apply-profile=file=%t/none 2>&1 | FileCheck %s --check-prefix=MISSING
// RUN: not pith-opt %s --pith-calibrate=max-gram-size=-1 2>&1 | FileCheck %s --check-prefix=NEGATIVE

// Statistics of all samples together; the product by the computed value has none.
// CHECK: pith.matmul %{{.*}} {pith.statistics = {
// CHECK-SAME: gram = dense<{{\[\[}}[1.000000e+01, -2.000000e+00, 0.000000e+00], [-2.000000e+00, 8.000000e+00, 1.000000e+01], [0.000000e+00, 1.000000e+01, 2.500000e+01]]]> : tensor<1x3x3xf32>
// CHECK-SAME: histogram = dense_resource
// CHECK-SAME: largest = dense<{{\[\[}}3.000000e+00, 2.000000e+00, 5.000000e+00]]> : tensor<1x3xf32>
// CHECK-SAME: magnitude = dense<{{\[\[}}1.33333337, 1.33333337, 1.66666663]]>
// CHECK-SAME: maximum = 5.000000e+00 : f32
// CHECK-SAME: mean = dense<{{\[\[}}1.33333337, 0.000000e+00, 1.66666663]]>
// CHECK-SAME: minimum = -2.000000e+00 : f32
// CHECK-SAME: rows = 3 : i64
// CHECK: pith.matmul
// CHECK-NOT: pith.statistics

// NO-GRAM: pith.statistics = {histogram
// OBSERVED: pith.observe %{{.*}} {node = "{{.*}}", site = array<i64: 0, 0, 10, 2, 1, 3, 1, {{.*}}>, users = "[\22{{.*}}\22]"} : (tensor<?x3xf32>) -> ()
// OBSERVED-NOT: pith.observe
// OBSERVED-NO-GRAM: site = array<i64: 0, 0, 10, 2, 1, 3, 0,

// Arrays that no input reads, said once: a misspelt name, a number that is missing.
// OTHER: warning: not read: '{{.*}}/1/z.npy': the model's inputs are 'x.npy'
// OTHER-NOT: warning
// GAP: warning: not read: '{{.*}}/3', '{{.*}}/x.npy': samples are the folders '0' to '1'
// ONE-NOT: warning
// MEMBER: error: {{.*}}no input named 'z'

// NO-SAMPLES: error: expects samples to calibrate on, found none
// NO-STATISTICS: error: expects statistics to write, found none
// NO-FILE: expects a file, as in file=model.profile
// MISSING: error: profile: cannot open '{{.*}}none'
// NEGATIVE: expects max-gram-size of at least 0, found -1
func.func @main(%x: tensor<?x3xf32> {pith.name = "x"}) -> tensor<?x?xf32> {
  %w = pith.constant dense<[[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]> : tensor<2x3xf32> : tensor<2x3xf32>
  %h = pith.matmul %x, %w {transpose_rhs} : (tensor<?x3xf32>, tensor<2x3xf32>) -> tensor<?x2xf32>
  %y = pith.matmul %h, %h {transpose_rhs} : (tensor<?x2xf32>, tensor<?x2xf32>) -> tensor<?x?xf32>
  return %y : tensor<?x?xf32>
}
