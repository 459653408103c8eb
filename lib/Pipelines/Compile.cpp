//===- Compile.cpp - The stages in their order ----------------------------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "pith/Pipelines/Compile.h"

#include "pith/Compression/Calibration/Passes.h"
#include "pith/Compression/Compression.h"
#include "pith/Compression/Passes.h"
#include "pith/Compression/Recipe.h"
#include "pith/Dialect/Pith/Transforms/Passes.h"
#include "pith/Pipelines/IRFile.h"
#include "pith/Pipelines/Simplify.h"
#include "pith/Profile/ModelRunner.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/Builders.h"
#include "mlir/Parser/Parser.h"
#include "llvm/Support/SourceMgr.h"

#include <chrono>

using namespace mlir;
using namespace pith;

static constexpr llvm::StringLiteral kStageNames[] = {"imported", "simplified",
                                                      "compressed", "kernels"};

namespace {
/// Adds the time until it ends to a list.
class StageTimer {
public:
  StageTimer(Compilation &compilation, StringRef name)
      : compilation(compilation), name(name), start(Clock::now()) {}
  ~StageTimer() {
    std::chrono::duration<double> time = Clock::now() - start;
    compilation.addTime(name, time.count());
  }

private:
  using Clock = std::chrono::steady_clock;
  Compilation &compilation;
  StringRef name;
  Clock::time_point start;
};
} // namespace

LogicalResult pith::checkRecipe(StringRef recipe, llvm::raw_ostream &errors) {
  registerCompressionPasses();
  OpPassManager unused(ModuleOp::getOperationName());
  return parseRecipe(recipe, unused, errors);
}

Compilation::Compilation(MLIRContext &context, CompileOptions options)
    : context(context), options(std::move(options)) {
  // Kernels are emitted by code that is no pass.
  context.loadAllAvailableDialects();
}

Compilation::~Compilation() = default;

func::FuncOp Compilation::getMain() const {
  return (*module).lookupSymbol<func::FuncOp>("main");
}

void Compilation::setStage(Stage reached) {
  stage = reached;
  (*module)->setAttr(kStageAttr, StringAttr::get(&context, kStageNames[int(reached)]));
}

LogicalResult Compilation::load(StringRef path) {
  StageTimer timer(*this, "import");
  bool isText = path == "-" || path.ends_with(".mlir") || path.ends_with(".mlirbc");
  if (isText)
    return readStage(path);
  ImportOptions import;
  import.shapes = options.shapes;
  module = importOnnx(path, context, import);
  if (!module)
    return failure();
  setStage(Stage::Imported);
  return success();
}

/// What all stages take for granted: one block, from tensors to tensors.
static LogicalResult checkMain(func::FuncOp main) {
  if (!main.getBody().hasOneBlock())
    return main.emitError("expects 'main' to have a body of one block");
  for (TypeRange types : {TypeRange(main.getArgumentTypes()),
                          TypeRange(main.getResultTypes())})
    for (Type type : types)
      if (!isa<RankedTensorType>(type))
        return main.emitError("expects inputs and outputs of 'main' to be ranked "
                              "tensors, found ")
               << type;
  return success();
}

/// Reads IR of the stage that its attribute names; without one, as imported.
LogicalResult Compilation::readStage(StringRef path) {
  if (!options.shapes.empty())
    return emitError(UnknownLoc::get(&context))
           << "'" << path << "': expects sizes of inputs only for ONNX models";
  std::string problem;
  auto file = openIRFile(path, problem);
  if (!file)
    return emitError(UnknownLoc::get(&context)) << problem;
  // Bytecode keeps the file for as long as its weights are used.
  auto sources = std::make_shared<llvm::SourceMgr>();
  sources->AddNewSourceBuffer(std::move(file), llvm::SMLoc());
  module = parseSourceFile<ModuleOp>(sources, ParserConfig(&context));
  if (!module)
    return failure();
  if (!getMain())
    return (*module).emitError("expects a function named 'main'");
  if (failed(checkMain(getMain())))
    return failure();
  auto stated = (*module)->getAttrOfType<StringAttr>(kStageAttr);
  if (!stated)
    return success();
  auto *found = llvm::find(kStageNames, stated.getValue());
  if (found == std::end(kStageNames))
    return (*module).emitError("expects a known stage, found '") << stated << "'";
  stage = Stage(found - std::begin(kStageNames));
  if (stage == Stage::Kernels)
    return (*module).emitError("IR of the stage 'kernels' is for reading only; go on "
                               "from the stage 'compressed'");
  return success();
}

LogicalResult Compilation::runPasses(PassManager &passes) {
  if (options.preparePasses && failed(options.preparePasses(passes)))
    return failure();
  return passes.run(*module);
}

LogicalResult Compilation::simplify() {
  StageTimer timer(*this, "simplify");
  PassManager passes(&context, ModuleOp::getOperationName());
  buildSimplifyPipeline(passes);
  if (failed(runPasses(passes)))
    return failure();
  setStage(Stage::Simplified);
  return success();
}

/// Statistics for the recipe's passes.
void Compilation::addProfilePasses(PassManager &passes) {
  // Running the model takes as much memory as what simplifying left behind.
  ReleaseConstantsPassOptions keep;
  keep.keepAnnotations = true;
  passes.addPass(createReleaseConstantsPass(keep));
  if (!options.samples.empty())
    passes.addPass(createCalibratePass({options.samples}));
  if (!options.profile.empty())
    passes.addPass(createApplyProfilePass({options.profile}));
  if (!options.writeProfile.empty())
    passes.addPass(createWriteProfilePass({options.writeProfile}));
}

LogicalResult Compilation::compress() {
  StageTimer timer(*this, "compress");
  PassManager passes(&context, ModuleOp::getOperationName());
  passes.addPass(createCountParametersPass());
  std::string problem;
  llvm::raw_string_ostream os(problem);
  registerCompressionPasses();
  addProfilePasses(passes);
  if (!options.recipe.empty() && failed(parseRecipe(options.recipe, passes, os)))
    return emitError(UnknownLoc::get(&context)) << StringRef(problem).rtrim();
  // Sums of integers that activations with static scales make.
  passes.addNestedPass<func::FuncOp>(createFactorScalesPass());
  if (options.instrument)
    passes.addPass(createInstrumentModelPass());
  passes.addPass(createReleaseConstantsPass());
  if (failed(runPasses(passes)))
    return failure();
  (*module)->removeAttr(kSamplesAttr); // a place on this machine
  setStage(Stage::Compressed);
  return success();
}

LogicalResult Compilation::outline() {
  StageTimer timer(*this, "kernels");
  auto program = outlineKernels(*module);
  if (failed(program))
    return failure();
  outlined = std::move(*program);
  setStage(Stage::Kernels);
  return success();
}

LogicalResult Compilation::advance(Stage goal) {
  if (stage < Stage::Simplified && goal >= Stage::Simplified && failed(simplify()))
    return failure();
  if (stage < Stage::Compressed && goal >= Stage::Compressed && failed(compress()))
    return failure();
  if (stage < Stage::Kernels && goal >= Stage::Kernels && failed(outline()))
    return failure();
  return success();
}

FailureOr<Program> Compilation::generate(const TargetDescription &target,
                                         const ProgramOptions &programOptions) {
  if (failed(advance(Stage::Kernels)))
    return failure();
  StageTimer timer(*this, "codegen");
  return generateProgram(*outlined, target, programOptions);
}

LogicalResult Compilation::checkKernels(const TargetDescription &target) {
  if (failed(advance(Stage::Kernels)))
    return failure();
  StageTimer timer(*this, "codegen");
  llvm::StringMap<KernelPlan> plans;
  return success(succeeded(emitKernels(*outlined, target, plans)));
}
