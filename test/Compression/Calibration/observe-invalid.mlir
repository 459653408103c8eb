// RUN: pith-opt %s --split-input-file --verify-diagnostics

func.func @observe_c1(%x: tensor<2x3xf32>) {
  // expected-error @below {{expects a site of 87 numbers (C1), found 2}}
  pith.observe %x {node = "n", site = array<i64: 0, 1>, users = "[]"} : (tensor<2x3xf32>) -> ()
  return
}

// -----

func.func @observe_c2(%x: tensor<2x3xf16>) {
  // expected-error @below {{expects an activation of the site's type 10 and rank 2 (C2), found 'tensor<2x3xf16>'}}
  pith.observe %x {node = "n", site = array<i64: 0, 0, 10, 2, 1, 3, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0>, users = "[]"} : (tensor<2x3xf16>) -> ()
  return
}
