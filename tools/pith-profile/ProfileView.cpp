//===- ProfileView.cpp - Profiles for people and scripts ------------------===//
//
// Part of Pith, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ProfileView.h"

#include "pith/Pipelines/Diagnostics.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/FormatVariadic.h"

#include <algorithm>
#include <cstdio>

using namespace pith;

/// The value below which a part of all elements lies, to within a bin.
static std::optional<double> getQuantile(const ActivationStatistics &s, double part) {
  if (!s.histogram)
    return std::nullopt;
  llvm::ArrayRef<int64_t> bins = s.histogram.as<int64_t>();
  double total = 0, below = 0;
  for (int64_t count : bins)
    total += double(count);
  if (total == 0)
    return std::nullopt;
  for (auto [bin, count] : llvm::enumerate(bins)) {
    below += double(count);
    if (below >= part * total)
      return std::clamp(LogHistogram::getCenter(bin), double(s.minimum),
                        double(s.maximum));
  }
  return double(s.maximum);
}

/// (tr G)² / ‖G‖², the mean over groups: how many directions rows take, from 1 to K.
static std::optional<double> getEffectiveRank(const ActivationStatistics &s) {
  if (!s.gram || s.rows == 0)
    return std::nullopt;
  int64_t K = s.getReductionSize(), G = s.getGroups();
  const float *gram = s.gram.as<float>().data();
  double sum = 0;
  for (int64_t g = 0; g < G; ++g, gram += K * K) {
    double trace = 0, squares = 0;
    for (int64_t i = 0; i < K; ++i)
      trace += gram[i * K + i];
    for (int64_t i = 0; i < K * K; ++i)
      squares += double(gram[i]) * gram[i];
    sum += squares > 0 ? trace * trace / squares : 0;
  }
  return sum / double(G);
}

/// Numbers as printf's %.4g writes them.
static std::string number(std::optional<double> value) {
  if (!value)
    return "-";
  char text[32];
  snprintf(text, sizeof(text), "%.4g", *value);
  return text;
}

void pith::printProfile(const Profile &profile, llvm::raw_ostream &os) {
  os << llvm::formatv("{0,9} {1,6} {2,6} {3,10} {4,10} {5,10} {6,10} {7,10} {8,8}  node\n",
                      "rows", "groups", "K", "min", "1%", "median", "99%", "max", "rank");
  for (const ProfileEntry &entry : profile.entries) {
    const ActivationStatistics &s = entry.statistics;
    os << llvm::formatv(
        "{0,9} {1,6} {2,6} {3,10} {4,10} {5,10} {6,10} {7,10} {8,8}  {9}", s.rows,
        s.getGroups(), s.getReductionSize(), number(s.minimum),
        number(getQuantile(s, 0.01)), number(getQuantile(s, 0.5)),
        number(getQuantile(s, 0.99)), number(s.maximum), number(getEffectiveRank(s)),
        makePrintable(entry.nodes.front()));
    if (entry.nodes.size() > 1)
      os << " and " << entry.nodes.size() - 1 << " more";
    os << '\n';
  }
}

llvm::json::Value pith::toJSON(const Profile &profile) {
  llvm::json::Array sites;
  for (const ProfileEntry &entry : profile.entries) {
    const ActivationStatistics &s = entry.statistics;
    llvm::json::Object quantiles;
    for (auto [name, part] : {std::pair{"0.001", 0.001}, {"0.01", 0.01}, {"0.5", 0.5},
                              {"0.99", 0.99}, {"0.999", 0.999}, {"0.9999", 0.9999}})
      if (auto value = getQuantile(s, part))
        quantiles[name] = *value;
    llvm::json::Object site{{"nodes", llvm::json::Array(entry.nodes)},
                            {"rows", s.rows},
                            {"groups", s.getGroups()},
                            {"reduction", s.getReductionSize()},
                            {"minimum", s.minimum},
                            {"maximum", s.maximum},
                            {"quantiles", std::move(quantiles)},
                            {"gram", bool(s.gram)}};
    if (auto rank = getEffectiveRank(s))
      site["effective_rank"] = *rank;
    sites.push_back(std::move(site));
  }
  return llvm::json::Object{{"sites", std::move(sites)}};
}
