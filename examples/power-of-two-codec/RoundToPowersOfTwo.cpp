//===- RoundToPowersOfTwo.cpp - A compression pass outside Pith's tree ----===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Rounds weights to signed powers of two, and makes this folder a plugin.
//
//===----------------------------------------------------------------------===//

#include "PowerOfTwoOps.h"

#include "pith/Compression/Codec.h"
#include "pith/Compression/Weights.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/Pass/Pass.h"
#include "mlir/Tools/Plugins/DialectPlugin.h"
#include "mlir/Tools/Plugins/PassPlugin.h"
#include "llvm/Config/llvm-config.h"

#include <algorithm>
#include <cmath>

using namespace mlir;

namespace {
class RoundToPowersOfTwoPass
    : public PassWrapper<RoundToPowersOfTwoPass, OperationPass<ModuleOp>> {
public:
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(RoundToPowersOfTwoPass)

  RoundToPowersOfTwoPass() = default;
  RoundToPowersOfTwoPass(const RoundToPowersOfTwoPass &other) : PassWrapper(other) {}

  StringRef getArgument() const override { return "example-round-to-powers-of-two"; }
  StringRef getDescription() const override {
    return "rounds weights to signed powers of two";
  }

  void runOnOperation() override {
    pith::WeightSelection selection{getArgument(), {}, {}, minElements};
    auto weights = pith::selectWeights(getOperation(), selection);
    if (failed(weights))
      return signalPassFailure();
    for (const pith::Weight &weight : *weights)
      if (failed(compress(weight)))
        return signalPassFailure();
  }

private:
  LogicalResult compress(const pith::Weight &weight);

  Option<int64_t> minElements{
      *this, "min-elements", llvm::cl::init(256),
      llvm::cl::desc("Weights with fewer elements stay as they are")};
};
} // namespace

/// The code of `part`, a number from −1 to 1.
static int64_t encode(double part) {
  double magnitude = std::fabs(part);
  if (magnitude < 0x1p-7) // nearer to 0 than to 2^−6
    return 7;
  int64_t exponent = std::clamp<int64_t>(std::llround(-std::log2(magnitude)), 0, 6);
  return exponent + (part < 0 ? 8 : 0);
}

LogicalResult RoundToPowersOfTwoPass::compress(const pith::Weight &weight) {
  if (weight.value.getDefiningOp<pith::WeightCodecOpInterface>()) {
    pith::keepWeight(weight, getArgument(), "it is compressed already");
    return success();
  }
  FailureOr<pith::HostTensor> dense = pith::decodeWeight(weight.value);
  if (failed(dense))
    return failure(); // a diagnostic has been emitted

  OpBuilder builder(&getContext());
  builder.setInsertionPointAfterValue(weight.value);
  int64_t outputs = weight.getType().getShape().front();
  int64_t reduction = pith::getReductionSize(weight.getType());
  auto ui4 = builder.getIntegerType(4, /*isSigned=*/false);
  pith::HostTensor codes(RankedTensorType::get(weight.getType().getShape(), ui4));
  pith::HostTensor scale(RankedTensorType::get({outputs}, builder.getF32Type()));
  pith::WeightError error;
  for (int64_t o = 0; o < outputs; ++o) {
    double largest = 0;
    for (int64_t k = 0; k < reduction; ++k)
      largest = std::max(largest, std::fabs(dense->getDouble(o * reduction + k)));
    scale.setDouble(o, largest);
    for (int64_t k = 0; k < reduction; ++k) {
      double value = dense->getDouble(o * reduction + k);
      int64_t code = encode(largest > 0 ? value / largest : 0);
      codes.setInt(o * reduction + k, code);
      double rounded = (code & 7) == 7 ? 0 : std::ldexp(largest, -int(code & 7));
      double difference = std::fabs(value) - rounded;
      error.signal += value * value;
      error.noise += difference * difference;
    }
  }
  Location loc = weight.value.getLoc();
  Value stored = pith::createConstant(builder, loc, codes, weight.name);
  Value scales = pith::createConstant(builder, loc, scale, weight.name + ".scale");
  Value decoded = pith::PowerOfTwoDecodeOp::create(builder, loc, weight.getType(),
                                                   stored, scales);
  pith::replaceWeight(weight, decoded, error, getArgument());
  return success();
}

extern "C" LLVM_ATTRIBUTE_WEAK PassPluginLibraryInfo mlirGetPassPluginInfo() {
  return {MLIR_PLUGIN_API_VERSION, "PowerOfTwo", LLVM_VERSION_STRING,
          [] { PassRegistration<RoundToPowersOfTwoPass>(); }};
}

extern "C" LLVM_ATTRIBUTE_WEAK DialectPluginLibraryInfo mlirGetDialectPluginInfo() {
  return {MLIR_PLUGIN_API_VERSION, "PowerOfTwo", LLVM_VERSION_STRING,
          [](DialectRegistry *registry) {
            registry->addExtension(
                +[](MLIRContext *context, pith::PithDialect *dialect) {
                  dialect->registerExtensionOps<pith::PowerOfTwoDecodeOp>();
                });
          }};
}
