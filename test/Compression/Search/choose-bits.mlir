// RUN: rm -rf %t && mkdir -p %t/0 %t/1
// RUN: %python -c "import numpy as n; r = n.random.default_rng(1); [n.save('%t/%d/x.npy' % i, r.standard_normal((5, 16), n.float32)) for i in (0, 1)]"
// RUN: pith-opt %s --pith-calibrate=samples=%t --pith-measure-sensitivity=min-elements=1 | FileCheck %s --check-prefix=SENSITIVITY
// RUN: pith-opt %s --pith-calibrate=samples=%t --pith-measure-sensitivity=min-elements=1 --remarks-filter='pith-.*' 2>&1 -o /dev/null | FileCheck %s --check-prefix=REMARK
// RUN: pith-opt %s --pith-calibrate=samples=%t --pith-measure-sensitivity=min-elements=1 --pith-choose-bits='min-elements=1 budget=7 choices=2,8 method=nearest' | FileCheck %s --check-prefix=CHOICE
// RUN: pith-opt %s --pith-calibrate=samples=%t --pith-measure-sensitivity=min-elements=1 --pith-choose-bits='min-elements=1 budget=7 choices=2,8 method=nearest' --pith-quantize-gptq='bits=0 min-elements=1 granularity=per-channel' | FileCheck %s --check-prefix=ROUNDED
// RUN: pith-opt %s --pith-choose-bits='min-elements=1 budget=32 choices=4,16 method=nearest' | FileCheck %s --check-prefix=AS-IT-IS
// RUN: not pith-opt %s --pith-choose-bits='min-elements=1 budget=2 choices=2' 2>&1 | FileCheck %s --check-prefix=LEAST
// RUN: not pith-opt %s --pith-measure-sensitivity=min-elements=1 2>&1 | FileCheck %s --check-prefix=NO-SAMPLES
// RUN: not pith-opt %s --pith-calibrate=samples=%t --pith-measure-sensitivity='min-elements=1 outputs=z' 2>&1 | FileCheck %s --check-prefix=NO-OUTPUT
// RUN: not pith-opt %s --pith-choose-bits=budget=0 2>&1 | FileCheck %s --check-prefix=BUDGET
// RUN: not pith-opt %s --pith-choose-bits=choices=9 2>&1 | FileCheck %s --check-prefix=CHOICES
// RUN: not pith-opt %s --pith-choose-bits=group-size=8 2>&1 | FileCheck %s --check-prefix=GROUP
// RUN: not pith-opt %s --pith-measure-sensitivity=bits=1 2>&1 | FileCheck %s --check-prefix=BITS
// RUN: not pith-opt %s --pith-measure-sensitivity=samples=0 2>&1 | FileCheck %s --check-prefix=SAMPLES

// The first product's result is a hundredth of what is added to it, so its weight may
// be coarse: the budget goes to the other one.

// SENSITIVITY: pith.matmul {{.*}}pith.sensitivity = [[COARSE:[0-9.eE+-]+]] : f64
// SENSITIVITY: pith.matmul {{.*}}pith.sensitivity = {{[0-9.eE+-]+}} : f64
// REMARK: loc("/small"): [Analysis] Sensitivity {{.*}}"4 bits alone", model_error={{[0-9.e+-]+}}, node=/small, sensitivity={{[0-9.e+-]+}}, tensor=v
// CHOICE: pith.matmul {{.*}}pith.bits = 2 : i64
// CHOICE: pith.matmul {{.*}}pith.bits = 8 : i64
// ROUNDED-DAG: tensor<4x16xi2>
// ROUNDED-DAG: tensor<4x16xi8>
// AS-IT-IS-COUNT-2: pith.bits = 0 : i64
// LEAST: pith-choose-bits: expected a budget of at least {{[0-9.]+}} bits per parameter, found 2.000
// NO-SAMPLES: comparing outputs needs samples of inputs, found none; give them with --calibrate=DIR
// NO-OUTPUT: expected outputs of floats with the given names, found only: y
// BUDGET: expected a budget above 0 and at most 32 bits per parameter, found 0
// CHOICES: expected choices from 1 to 8, or 16, found 9
// GROUP: expected a group-size from 16 to 256, or 0, found 8
// BITS: expected bits from 2 to 8, found 1
// SAMPLES: expected at least 1 sample, found 0
func.func @main(%x: tensor<5x16xf32> {pith.name = "x"}) -> (tensor<5x4xf32> {pith.name = "y"}) {
  %v = pith.constant dense<[
    [0.11, -0.83, 0.45, 0.29, -0.97, 0.61, -0.07, 0.38, 0.71, -0.22, 0.56, -0.34, 0.93, 0.18, -0.65, 0.04],
    [-0.49, 0.77, -0.13, 0.31, 0.88, -0.59, 0.26, -0.42, 0.67, -0.91, 0.02, 0.53, -0.36, 0.74, -0.16, 0.47],
    [-0.37, 0.64, 0.15, -0.86, 0.42, 0.95, -0.28, 0.51, -0.73, 0.08, 0.33, -0.62, 0.79, -0.19, 0.57, -0.44],
    [0.24, -0.99, 0.68, 0.12, -0.55, 0.39, -0.06, 0.84, -0.31, 0.48, -0.76, 0.17, 0.92, -0.23, 0.66, -0.41]]>
    : tensor<4x16xf32> {name = "v"} : tensor<4x16xf32>
  %w = pith.constant dense<[
    [0.41, 0.13, -0.75, 0.59, 0.27, -0.61, 0.97, -0.38, 0.21, 0.62, -0.56, 0.14, -0.93, 0.88, 0.35, -0.04],
    [0.19, -0.57, 0.83, -0.31, 0.48, 0.29, -0.66, 0.92, -0.17, 0.41, 0.72, -0.03, 0.36, -0.94, 0.56, 0.27],
    [0.87, 0.34, -0.25, 0.66, -0.12, 0.55, 0.38, -0.71, 0.03, -0.98, 0.43, 0.22, -0.59, 0.69, -0.37, 0.14],
    [-0.64, 0.29, 0.58, -0.92, 0.75, -0.19, 0.46, 0.34, -0.81, 0.08, 0.96, -0.47, 0.12, 0.53, -0.26, 0.31]]>
    : tensor<4x16xf32> {name = "w"} : tensor<4x16xf32>
  %c = pith.constant dense<1.0e-2> : tensor<f32> : tensor<f32>
  %a = pith.matmul %x, %v {transpose_rhs} : (tensor<5x16xf32>, tensor<4x16xf32>) -> tensor<5x4xf32> loc("/small")
  %s = pith.mul %a, %c : (tensor<5x4xf32>, tensor<f32>) -> tensor<5x4xf32>
  %b = pith.matmul %x, %w {transpose_rhs} : (tensor<5x16xf32>, tensor<4x16xf32>) -> tensor<5x4xf32> loc("/large")
  %y = pith.add %s, %b : (tensor<5x4xf32>, tensor<5x4xf32>) -> tensor<5x4xf32>
  return %y : tensor<5x4xf32>
}
