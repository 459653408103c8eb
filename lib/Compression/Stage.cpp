//===- Stage.cpp - What begins and ends the compress stage ----------------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// pith-count-parameters and pith-release-constants.
//
//===----------------------------------------------------------------------===//

#include "pith/Compression/Passes.h"
#include "pith/Compression/WeightStatistics.h"
#include "pith/Dialect/Pith/IR/PithOps.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinDialect.h"
#include "mlir/IR/DialectResourceBlobManager.h"
#include "llvm/ADT/StringSet.h"

namespace pith {
#define GEN_PASS_DEF_COUNTPARAMETERSPASS
#define GEN_PASS_DEF_RELEASECONSTANTSPASS
#include "pith/Compression/Passes.h.inc"
} // namespace pith

using namespace mlir;
using namespace pith;

namespace {
class CountParametersPass final
    : public pith::impl::CountParametersPassBase<CountParametersPass> {
  void runOnOperation() override {
    ModuleOp module = getOperation();
    if (module->hasAttr(kParametersAttr))
      return;
    int64_t elements = 0, bits = 0;
    module.walk([&](ConstantOp op) {
      auto type = dyn_cast<RankedTensorType>(op.getType());
      if (!type || !type.hasStaticShape() || !isa<FloatType>(type.getElementType()))
        return;
      elements += type.getNumElements();
      bits += type.getNumElements() * type.getElementTypeBitWidth();
    });
    Builder builder(module.getContext());
    module->setAttr(kParametersAttr, builder.getI64IntegerAttr(elements));
    module->setAttr(kParameterBytesAttr, builder.getI64IntegerAttr((bits + 7) / 8));
  }
};

class ReleaseConstantsPass final
    : public pith::impl::ReleaseConstantsPassBase<ReleaseConstantsPass> {
public:
  using ReleaseConstantsPassBase::ReleaseConstantsPassBase;

private:
  void runOnOperation() override;
};
} // namespace

/// Keys of all resources to which the module refers.
static llvm::StringSet<> collectResources(ModuleOp module) {
  llvm::StringSet<> used;
  module.walk([&](Operation *op) {
    op->getAttrDictionary().walk([&](DenseResourceElementsAttr attr) {
      used.insert(attr.getRawHandle().getKey());
    });
  });
  return used;
}

/// What was said about weights while they were compressed.
static void dropAnnotations(Operation *op) {
  for (StringRef name : {StringRef(kOriginalAttr), StringRef(kStatisticsAttr),
                         StringRef(kSensitivityAttr), StringRef(kBitsAttr),
                         StringRef(kRankAttr), StringRef(kMeanErrorAttr)})
    op->removeAttr(name);
}

void ReleaseConstantsPass::runOnOperation() {
  ModuleOp module = getOperation();
  module.walk([&](Operation *op) {
    if (!keepAnnotations)
      dropAnnotations(op);
    if (isa<ConstantOp>(op) && op->use_empty())
      op->erase();
  });
  llvm::StringSet<> used = collectResources(module);
  auto &manager =
      DenseResourceElementsHandle::getManagerInterface(&getContext()).getBlobManager();
  SmallVector<std::string> unused;
  manager.getBlobMap([&](const auto &blobs) {
    for (const auto &blob : blobs)
      if (!used.contains(blob.getKey()))
        unused.push_back(blob.getKey().str());
  });
  for (const std::string &key : unused)
    if (auto *entry = manager.lookup(key))
      entry->setBlob(UnmanagedAsmResourceBlob::allocateWithAlign({}, 1));
}
