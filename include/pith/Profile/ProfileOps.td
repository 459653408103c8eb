//===- ProfileOps.td - watching what a model computes ---------------------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef PITH_PROFILE_OPS_TD
#define PITH_PROFILE_OPS_TD

include "pith/Dialect/Pith/IR/PithBase.td"
include "mlir/Interfaces/SideEffectInterfaces.td"

def Pith_ObserveOp : Op<Pith_Dialect, "observe",
    [DeclareOpInterfaceMethods<Pith_SymbolicShapeOpInterface>,
     DeclareOpInterfaceMethods<Pith_EvaluableOpInterface>,
     MemoryEffects<[MemWrite]>]> {
  let summary = "adds an activation to the statistics of a site";
  let description = [{
    Every run adds the rows that the activation holds to what was seen at site
    number `index`: see pith/Runtime/Observer.h, whose `pith_site` the attribute
    `site` is, field by field. `node` is for messages; `users` is a JSON list with
    the names of all ops that contract the activation in this way.

    Changes no value; the evaluator does nothing. Instrumentation adds it to `main`
    right behind the op that makes the activation.

    Constraints:
    - C1: `site` has as many elements as `pith_site` has fields
    - C2: the operand has the type, the rank and where they are known the sizes
      that `site` states

    Example:
    ```mlir
    pith.observe %x {node = "fc", users = "[\"fc\"]", site = array<i64: 0, ...>}
      : (tensor<8x64xf32>) -> ()
    ```
  }];
  let arguments = (ins Pith_FloatTensor:$activation, StrAttr:$node, StrAttr:$users,
    DenseI64ArrayAttr:$site);
  let assemblyFormat = "operands attr-dict `:` functional-type(operands, results)";
  let hasVerifier = 1;
}

#endif // PITH_PROFILE_OPS_TD
