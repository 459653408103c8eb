//===- Compile.h - The stages in their order --------------------*- C++ -*-===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A model passes through the stages import, simplify, compress, kernels and codegen. IR
// between stages carries the attribute `pith.stage`, so that it can be written to
// a file and compiled from there.
//
//===----------------------------------------------------------------------===//
#ifndef PITH_PIPELINES_COMPILE_H
#define PITH_PIPELINES_COMPILE_H

#include "pith/Codegen/Program.h"
#include "pith/Import/ONNX/Import.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/OwningOpRef.h"
#include "mlir/Pass/PassManager.h"

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace pith {

enum class Stage { Imported, Simplified, Compressed, Kernels };

/// Name of the module attribute, whose value is a string: `imported`, `simplified`,
/// `compressed` or `kernels`.
constexpr llvm::StringLiteral kStageAttr = "pith.stage";

struct CompileOptions {
  std::vector<InputShape> shapes;
  std::string recipe; ///< as in --compress; may be empty
  /// Where statistics of activations come from, before the recipe; may be empty.
  std::string samples; ///< inputs to calibrate on
  std::string profile; ///< a profile file
  std::string writeProfile; ///< where they go as a file; may be empty
  bool instrument = false;  ///< add observers to the program
  /// Called for every pass manager, so that tools can add instrumentation.
  std::function<mlir::LogicalResult(mlir::PassManager &)> preparePasses;
};

/// How long a stage took.
struct StageTime {
  std::string name;
  double seconds;
};

/// Writes what is wrong with a recipe to `errors`. A usage error.
mlir::LogicalResult checkRecipe(llvm::StringRef recipe, llvm::raw_ostream &errors);

/// One model on its way. Functions that fail have emitted diagnostics.
class Compilation {
public:
  /// All dialects of `registerPithDialects` get loaded.
  Compilation(mlir::MLIRContext &context, CompileOptions options);
  ~Compilation();

  /// Reads an ONNX model, or IR (`.mlir`, `.mlirbc`, or `-` for the standard input).
  mlir::LogicalResult load(llvm::StringRef path);
  /// Runs what is left of the stages up to and including `stage`.
  mlir::LogicalResult advance(Stage stage);
  /// Runs what is left, and makes the program.
  mlir::FailureOr<Program> generate(const TargetDescription &target,
                                    const ProgramOptions &options);
  /// Whether all kernels can be made, without making the program.
  mlir::LogicalResult checkKernels(const TargetDescription &target);

  mlir::ModuleOp getModule() const { return *module; }
  Stage getStage() const { return stage; }
  mlir::func::FuncOp getMain() const;
  llvm::ArrayRef<StageTime> getTimes() const { return times; }
  /// Measures what tools do themselves.
  void addTime(llvm::StringRef name, double seconds) {
    times.push_back({name.str(), seconds});
  }

private:
  mlir::LogicalResult readStage(llvm::StringRef path);
  mlir::LogicalResult simplify();
  mlir::LogicalResult compress();
  void addProfilePasses(mlir::PassManager &passes);
  mlir::LogicalResult outline();
  mlir::LogicalResult runPasses(mlir::PassManager &passes);
  void setStage(Stage reached);

  mlir::MLIRContext &context;
  CompileOptions options;
  mlir::OwningOpRef<mlir::ModuleOp> module;
  std::unique_ptr<OutlinedProgram> outlined;
  Stage stage = Stage::Imported;
  std::vector<StageTime> times;
};

} // namespace pith

#endif // PITH_PIPELINES_COMPILE_H
