//===- BFloatAsBits.cpp - bf16 as the bits it is stored in ----------------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "pith/Codegen/Passes.h"

#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/IR/AttrTypeSubElements.h"

namespace pith {
#define GEN_PASS_DEF_BFLOATASBITSPASS
#include "pith/Codegen/Passes.h.inc"
} // namespace pith

using namespace mlir;

namespace {
struct BFloatAsBitsPass : pith::impl::BFloatAsBitsPassBase<BFloatAsBitsPass> {
  void runOnOperation() override {
    Type bits = IntegerType::get(&getContext(), 16);
    AttrTypeReplacer replacer;
    replacer.addReplacement([&](BFloat16Type) -> Type { return bits; });
    // Constants keep their bits.
    replacer.addReplacement(
        [&](FloatAttr attr) -> std::optional<std::pair<Attribute, WalkResult>> {
          if (!attr.getType().isBF16())
            return std::nullopt;
          APInt value = attr.getValue().bitcastToAPInt();
          return std::make_pair(Attribute(IntegerAttr::get(bits, value)),
                                WalkResult::skip());
        });
    replacer.addReplacement(
        [&](DenseElementsAttr attr) -> std::optional<std::pair<Attribute, WalkResult>> {
          if (!attr.getElementType().isBF16())
            return std::nullopt;
          return std::make_pair(Attribute(attr.bitcast(bits)), WalkResult::skip());
        });
    replacer.recursivelyReplaceElementsIn(getOperation(), /*replaceAttrs=*/true,
                                          /*replaceLocs=*/false, /*replaceTypes=*/true);
    // Bitcasts between what are equal types now.
    getOperation()->walk([](LLVM::BitcastOp op) {
      if (op.getType() != op.getArg().getType())
        return;
      op.replaceAllUsesWith(op.getArg());
      op.erase();
    });
  }
};
} // namespace
