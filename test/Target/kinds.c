// An object, a static and a shared library, each with its header, run in the same C
// program; so do two models together.
//
// DEFINE: %{runtime} = %pith_build/lib/pith/x86_64/libpithrt.a
// REQUIRES: x86_64
// RUN: rm -rf %t && mkdir %t
// RUN: pithc %pith_src/test/Tools/Inputs/layer.mlir -o %t/one.o --emit=obj --quiet
// RUN: pithc %pith_src/test/Tools/Inputs/layer.mlir -o %t/libone.a --emit=static --quiet
// RUN: pithc %pith_src/test/Tools/Inputs/layer.mlir -o %t/libone.so --emit=shared --quiet
// RUN: pithc %pith_src/test/Tools/Inputs/layer.mlir -o %t/2-two.o --emit=obj --compress=int8 --quiet
// RUN: %cc -Wall -Werror -I%pith_src/include -I%t %s %t/one.o %{runtime} -lm -o %t/a
// RUN: %t/a | FileCheck %s
// RUN: %cc -I%pith_src/include -I%t %s %t/libone.a -lm -o %t/b
// RUN: %t/b | FileCheck %s
// RUN: %cc -I%pith_src/include -I%t %s -L%t -lone -Wl,-rpath,%t -o %t/c
// RUN: %t/c | FileCheck %s
// RUN: %cc -DTWO -I%pith_src/include -I%t %s %t/libone.a %t/2-two.o -lm -o %t/d
// RUN: %t/d | FileCheck %s
// CHECK: 32 3
// CHECK: input 'x': expected size 64 along axis 1, found 63
//
// A shared library shows its model and the C interface, nothing else.
// RUN: llvm-nm -D --defined-only %t/libone.so | FileCheck %s --check-prefix=SYMBOLS
// SYMBOLS: one_get
// SYMBOLS-NOT: pith_rt_
// SYMBOLS: pith_create
// SYMBOLS-NOT: pith_rt_
#include "one.h"
#ifdef TWO
#include "2-two.h"
#endif

#include <stdio.h>

static int run(const pith_model *model) {
  char error[256];
  pith_instance *instance = pith_create(model, 2, error, sizeof error);
  if (!instance)
    return puts(error), 1;
  static float x[3 * 64];
  for (int i = 0; i < 3 * 64; ++i)
    x[i] = 1;
  int64_t dims[2] = {3, 64};
  if (pith_set_input(instance, "x", x, dims) || pith_run(instance))
    return puts(pith_error_text(instance)), 1;
  const float *y = pith_get_output(instance, "y", dims);
  printf("%g %lld\n", y[0], (long long)dims[0]);
  dims[1] = 63;
  if (pith_set_input(instance, "x", x, dims))
    puts(pith_error_text(instance));
  pith_destroy(instance);
  return 0;
}

int main(void) {
  int status = run(one_get());
#ifdef TWO
  status |= run(_2_two_get());
#endif
  return status;
}
