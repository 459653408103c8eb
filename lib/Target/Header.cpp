//===- Header.cpp - C headers of compiled models --------------------------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Header.h"

#include "pith/Target/OutputFile.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/IR/IRBuilder.h"

using namespace pith;

void pith::addAccessor(Program &program) {
  llvm::Module &module = *program.module;
  auto *type = llvm::FunctionType::get(
      llvm::PointerType::get(module.getContext(), 0), /*isVarArg=*/false);
  auto *function = llvm::Function::Create(type, llvm::GlobalValue::ExternalLinkage,
                                          program.symbolPrefix + "_get", module);
  function->setDoesNotThrow();
  llvm::IRBuilder<> builder(
      llvm::BasicBlock::Create(module.getContext(), "entry", function));
  builder.CreateRet(module.getNamedGlobal(program.modelSymbol));
}

void pith::addMainModel(Program &program) {
  llvm::Module &module = *program.module;
  llvm::GlobalVariable *model = module.getNamedGlobal(program.modelSymbol);
  auto *variable = new llvm::GlobalVariable(
      module, model->getType(), /*isConstant=*/true,
      llvm::GlobalValue::ExternalLinkage, model, "pith_main_model");
  variable->setVisibility(llvm::GlobalValue::HiddenVisibility);
}

llvm::Error pith::writeHeader(const Program &program, llvm::StringRef path) {
  std::string prefix = program.symbolPrefix;
  std::string guard = "PITH_MODEL_" + llvm::StringRef(prefix).upper() + "_H";
  return writeOutput(path, [&](llvm::raw_pwrite_stream &os) {
    os << "/* A model compiled by Pith: see pith/Runtime/pith.h for how to run it. */\n"
       << "#ifndef " << guard << "\n#define " << guard << "\n\n"
       << "#include \"pith/Runtime/pith.h\"\n\n"
       << "#ifdef __cplusplus\nextern \"C\" {\n#endif\n\n"
       << "/* The model's description: names, types and sizes of inputs and outputs. */\n"
       << "const pith_model *" << prefix << "_get(void);\n\n"
       << "#ifdef __cplusplus\n}\n#endif\n#endif /* " << guard << " */\n";
    return llvm::Error::success();
  });
}
