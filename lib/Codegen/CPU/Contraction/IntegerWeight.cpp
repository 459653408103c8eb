//===- IntegerWeight.cpp - A weight made of integer codes -----------------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "IntegerWeight.h"

#include "PanelWeight.h"
#include "mlir/IR/Matchers.h"
#include "mlir/IR/Remarks.h"
#include "llvm/ADT/bit.h"

using namespace mlir;
using namespace pith;

HostTensor pith::getInsideConstant(Value value) {
  ElementsAttr attr;
  if (!value || isa<BlockArgument>(value) || !matchPattern(value, m_Constant(&attr)))
    return {};
  auto tensor = HostTensor::get(attr);
  return tensor ? *tensor : HostTensor();
}

std::optional<IntegerWeight> IntegerWeight::get(Value weight) {
  auto codec = weight.getDefiningOp<WeightCodecOpInterface>();
  auto form = codec ? codec.getIntegerForm() : std::nullopt;
  if (!form || !PanelWeight::isWeight(weight))
    return std::nullopt;
  IntegerWeight result;
  result.form = *form;
  result.codes = codec->getOperand(form->codes);
  result.scale = codec->getOperand(form->scale);
  if (form->zeroPoint)
    result.zeroPoint = codec->getOperand(*form->zeroPoint);
  // Codes that another codec makes are known only at run time.
  for (Value part : {result.codes, result.scale, result.zeroPoint})
    if (part && part.getDefiningOp<WeightCodecOpInterface>())
      return std::nullopt;
  if (!isa<BlockArgument>(result.codes))
    return std::nullopt;
  if (HostTensor zero = getInsideConstant(result.zeroPoint)) {
    result.sharedZero = zero.getInt(0);
    result.zeroPoint = Value();
  }
  return result;
}

void IntegerWeight::setPacking(
    KernelEmitter &kernel, std::string key,
    std::function<std::vector<char>(const HostTensor &, const HostTensor &,
                                    const HostTensor &)>
        pack) const {
  ArgumentPacking &packing = kernel.getPlan().packings[codeArgument()];
  packing.key = std::move(key);
  HostTensor inside = getInsideConstant(scale);
  if (inside)
    packing.key +=
        ",scale " + std::to_string(llvm::bit_cast<uint64_t>(inside.getDouble(0)));
  int scaleAt = 0, zeroAt = 0, next = 1;
  for (auto [value, at] :
       {std::make_pair(scale, &scaleAt), std::make_pair(zeroPoint, &zeroAt)})
    if (value && isa<BlockArgument>(value)) {
      packing.companions.push_back(cast<BlockArgument>(value).getArgNumber());
      *at = next++;
    }
  packing.packWith = [pack = std::move(pack), inside, scaleAt,
                      zeroAt](ArrayRef<HostTensor> tensors) {
    return pack(tensors[0], scaleAt ? tensors[scaleAt] : inside,
                zeroAt ? tensors[zeroAt] : HostTensor());
  };
}

bool pith::declineIntegers(KernelEmitter &kernel, StringRef reason) {
  remark::missed(kernel.getRoot()->getLoc(), remark::RemarkOpts::name("FloatProduct")
                                                 .category("pith-codegen")
                                                 .function("main"))
      << reason;
  return false;
}
