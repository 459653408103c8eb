//===- Calibrate.cpp - Statistics of a model's activations ----------------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Runs an instrumented copy of the model, cut down to what is observed.
//
//===----------------------------------------------------------------------===//

#include "pith/Dialect/Pith/IR/PithOps.h"
#include "pith/Profile/Instrument.h"
#include "pith/Support/Progress.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

using namespace mlir;
using namespace pith;

const ModelRunner *ModelRunner::get(MLIRContext *context) {
  auto *dialect = context->getLoadedDialect<PithDialect>();
  return dialect ? dialect->getRegisteredInterface<ModelRunner>() : nullptr;
}

/// What the copy returns is of no interest: without it, nothing behind the last
/// observer is computed.
static void dropResults(func::FuncOp main) {
  Operation *end = main.getBody().front().getTerminator();
  end->setOperands({});
  llvm::BitVector all(main.getNumResults(), true);
  if (succeeded(main.eraseResults(all)))
    for (Operation &op : llvm::make_early_inc_range(llvm::reverse(main.getBody().front())))
      if (isOpTriviallyDead(&op))
        op.erase();
}

static FailureOr<std::unique_ptr<RunnableModel>>
compileObserved(ModuleOp module, ArrayRef<ObservationSite> sites,
                const ModelRunner &runner) {
  IRMapping copies;
  OwningOpRef<ModuleOp> copy = cast<ModuleOp>(module->clone(copies));
  addObservers(sites, copies);
  auto main = copy->lookupSymbol<func::FuncOp>("main");
  if (!main || main.isExternal())
    return module.emitError("expects a function 'main'"), failure();
  dropResults(main);
  return runner.compile(*copy);
}

LogicalResult pith::calibrate(ModuleOp module, const CalibrationOptions &options) {
  const ModelRunner *runner = ModelRunner::get(module.getContext());
  auto samples = module->getAttrOfType<StringAttr>(kSamplesAttr);
  if (!runner)
    return module.emitError("this tool cannot run models to calibrate them");
  if (!samples || samples.getValue().empty())
    return module.emitError("expects samples to calibrate on, found none; give them "
                            "with --calibrate=DIR, or name them in the module's "
                            "attribute '")
           << kSamplesAttr << "'";
  std::vector<ObservationSite> sites = findSites(module, options);
  module.walk([](Operation *op) { op->removeAttr(kStatisticsAttr); });
  std::shared_ptr<pith_observer> observer;
  {
    auto model = compileObserved(module, sites, *runner);
    if (failed(model))
      return failure();
    std::optional<Progress> progress;
    auto run = [&](int64_t index, int64_t count, ArrayRef<HostTensor> inputs) {
      if (!progress)
        progress.emplace(module.getContext(), "pith-calibrate", "sample", count);
      progress->next();
      return (*model)->run(inputs, [](unsigned, const HostTensor &) {});
    };
    if (failed(runner->forEachSample(module, samples, run)))
      return failure();
    observer = (*model)->takeObserver();
  } // the program's memory is free now
  for (const ObservationSite &site : sites) {
    pith_observation *seen = observer && site.site.index < observer->count
                                 ? observer->sites[site.site.index]
                                 : nullptr;
    attachStatistics(site, seen ? getStatistics(module.getContext(), *seen)
                                : getEmptyStatistics(module.getContext(), site.site));
    if (seen)
      observer->sites[site.site.index] = nullptr;
    pith_observation_free(seen);
  }
  return success();
}
