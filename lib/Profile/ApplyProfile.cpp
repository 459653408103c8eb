//===- ApplyProfile.cpp - Profiles and modules ----------------------------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Ops and entries of a profile find each other by names.
//
//===----------------------------------------------------------------------===//

#include "pith/Profile/Instrument.h"
#include "pith/Profile/ProfileFile.h"
#include "llvm/ADT/StringMap.h"

using namespace mlir;
using namespace pith;

Profile pith::getProfile(ModuleOp module) {
  Profile profile;
  for (const ObservationSite &site : findSites(module, CalibrationOptions())) {
    // Passes may have given users of one site statistics of their own.
    llvm::DenseMap<Attribute, size_t> known;
    for (auto [user, name] : llvm::zip(site.users, site.names)) {
      Attribute attr = user->getAttr(kStatisticsAttr);
      auto statistics = ActivationStatistics::get(user);
      if (!statistics)
        continue;
      auto [it, isNew] = known.try_emplace(attr, profile.entries.size());
      if (isNew)
        profile.entries.push_back({{}, std::move(*statistics)});
      profile.entries[it->second].nodes.push_back(name);
    }
  }
  return profile;
}

static std::string describeSizes(int64_t groups, int64_t reduction) {
  return std::to_string(groups) + (groups == 1 ? " group" : " groups") + " of " +
         std::to_string(reduction) + " elements";
}

LogicalResult pith::applyProfile(ModuleOp module, const Profile &profile) {
  llvm::StringMap<std::pair<Operation *, const pith_site *>> ops;
  std::vector<ObservationSite> sites = findSites(module, CalibrationOptions());
  for (const ObservationSite &site : sites)
    for (auto [user, name] : llvm::zip(site.users, site.names))
      ops[name] = {user, &site.site};
  module.walk([](Operation *op) { op->removeAttr(kStatisticsAttr); });
  for (const ProfileEntry &entry : profile.entries) {
    Attribute attr;
    for (const std::string &name : entry.nodes) {
      auto found = ops.find(name);
      if (found == ops.end())
        return module.emitError("the profile is of another model: this one has no "
                                "node '")
               << name << "' that multiplies an activation with a weight";
      auto [op, site] = found->second;
      int64_t G = entry.statistics.getGroups(), K = entry.statistics.getReductionSize();
      if (site->groups != G || site->reduction != K)
        return module.emitError("the profile is of another model: node '")
               << name << "': expected statistics of "
               << describeSizes(site->groups, site->reduction) << ", found "
               << describeSizes(G, K);
      if (attr)
        op->setAttr(kStatisticsAttr, attr);
      else
        entry.statistics.set(op, "stats." + name);
      attr = op->getAttr(kStatisticsAttr);
    }
  }
  for (const ObservationSite &site : sites)
    for (auto [user, name] : llvm::zip(site.users, site.names))
      if (!user->hasAttr(kStatisticsAttr))
        return module.emitError("the profile is of another model: it has no node '")
               << name << "'";
  return success();
}

llvm::Error pith::mergeProfile(Profile &profile, const Profile &other) {
  llvm::StringMap<const ProfileEntry *> entries;
  size_t theirs = 0, ours = 0;
  for (const ProfileEntry &entry : other.entries)
    for (const std::string &name : entry.nodes)
      theirs += entries.try_emplace(name, &entry).second;
  for (ProfileEntry &entry : profile.entries) {
    const ProfileEntry *match = entries.lookup(entry.nodes.front());
    ours += entry.nodes.size();
    if (!match || match->nodes != entry.nodes)
      return llvm::createStringError("expected profiles of one model: only one has node '" +
                                     entry.nodes.front() + "' as it is there");
    if (match->statistics.mean.getType() != entry.statistics.mean.getType())
      return llvm::createStringError(
          "expected profiles of one model: node '" + entry.nodes.front() + "' has " +
          describeSizes(entry.statistics.getGroups(), entry.statistics.getReductionSize()) +
          " in one, and " +
          describeSizes(match->statistics.getGroups(),
                        match->statistics.getReductionSize()) +
          " in another");
    entry.statistics.add(match->statistics);
  }
  if (ours != theirs)
    return llvm::createStringError("expected profiles of one model, found " + Twine(ours) +
                                   " nodes in one, and " + Twine(theirs) + " in another");
  return llvm::Error::success();
}
