//===- CodedWeight.cpp - Weights that become codes ------------------------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "pith/Compression/CodedWeight.h"

#include "pith/Compression/Codec.h"
#include "mlir/IR/Remarks.h"
#include "llvm/ADT/STLExtras.h"

#include <cstring>

using namespace mlir;
using namespace pith;

bool pith::allFinite(llvm::ArrayRef<float> weights, float &largest) {
  uint32_t greatest = 0; // magnitudes order like their bits
  const float *w = weights.data();
  for (size_t i = 0, n = weights.size(); i < n; ++i) {
    uint32_t bits;
    std::memcpy(&bits, w + i, sizeof(bits));
    bits &= 0x7fffffff;
    greatest = bits > greatest ? bits : greatest;
  }
  std::memcpy(&largest, &greatest, sizeof(greatest));
  return greatest < 0x7f800000;
}

FailureOr<HostTensor> pith::decodeFinite(const Weight &weight, float &largest) {
  FailureOr<HostTensor> dense = decodeWeight(weight.value);
  if (failed(dense))
    return failure();
  HostTensor floats = dense->converted(Float32Type::get(weight.value.getContext()));
  if (!allFinite(floats.as<float>(), largest))
    return emitWeightError(weight)
           << "expected finite elements, found an infinity or NaN";
  return floats;
}

std::string pith::getCodingObstacle(const Weight &weight, unsigned bits) {
  auto codec = weight.value.getDefiningOp<WeightCodecOpInterface>();
  if (!codec)
    return "";
  if (!codec.canReencode())
    return "it is " + codec.getFormatName() + " already";
  if (bits == 1)
    return "codes of 1 bit have no zero for the elements that are not stored";
  return "";
}

int64_t pith::getGroupUnit(const Weight &weight, unsigned bits) {
  auto codec = weight.value.getDefiningOp<WeightCodecOpInterface>();
  if (!codec)
    return 1;
  SmallVector<int64_t> steps;
  for (auto [index, operand] : llvm::enumerate(codec->getOperands())) {
    Type stored = getElementTypeOrSelf(operand.getType());
    unsigned width = index == 0 ? bits : stored.getIntOrFloatBitWidth();
    // Masks are bits of whole vectors.
    bool whole = width >= 8 || stored.isInteger(1);
    steps.push_back(whole ? 1 : 8 / (width & (0u - width)));
  }
  return codec.getTileStep(steps);
}

Value pith::createCodes(const Weight &weight, OpBuilder &builder,
                        const HostTensor &codes, StringRef pass) {
  Operation *old = weight.value.getDefiningOp();
  if (auto codec = dyn_cast<WeightCodecOpInterface>(old)) {
    Value sparse = codec.reencode(builder, codes);
    auto type = codes.getType();
    int64_t denseBits = type.getNumElements() * type.getElementTypeBitWidth();
    if (sparse && getStoredBits(sparse) < denseBits)
      return sparse;
    if (sparse) {
      remark::analysis(weight.getLoc(),
                       remark::RemarkOpts::name("StoredDense").category(pass).function("main"))
          << remark::add("{0} takes no fewer bytes than dense codes",
                         getFormatName(sparse))
          << remark::metric("node", weight.node);
      eraseStoredValue(sparse);
    }
  }
  return createConstant(builder, old->getLoc(), codes, weight.name);
}

void pith::replaceIfSmaller(const Weight &weight, Value replacement, WeightError error,
                            StringRef pass, const llvm::Twine &reason,
                            std::optional<WeightError> outputError) {
  if (getStoredBits(replacement) < getStoredBits(weight.value))
    return replaceWeight(weight, replacement, error, pass, outputError);
  keepWeight(weight, pass, reason);
  eraseStoredValue(replacement);
}

void pith::remarkWideScales(const Weight &weight, StringRef pass) {
  remark::analysis(weight.getLoc(),
                   remark::RemarkOpts::name("WideScales").category(pass).function("main"))
      << "scales are f32: the weight lies outside the range of f16"
      << remark::metric("node", weight.node);
}
