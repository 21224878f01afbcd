// Plots for scans: files that hold random scoops of one number and take no space
// elsewhere, and what a plain loop finds in them.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <random>
#include <span>
#include <string>
#include <tuple>
#include <vector>

#include "plotter/plot_name.h"
#include "plotter/scan.h"
#include "tests/support/plots.h"

namespace quarry::tests {

inline Round make_round(uint64_t seed) {
  std::mt19937_64 random(seed);
  Round round;
  for (std::byte& byte : round.generation_signature) byte = static_cast<std::byte>(random());
  round.height = random() % 1000000;
  round.base_target = 1 + random() % 100000;
  return round;
}

struct SparsePlot {
  std::string path;
  PlotName name;
  Bytes scoops;
};

inline SparsePlot make_sparse_plot(const std::string& folder, const PlotName& name, uint64_t scoop,
                                   std::mt19937_64& random) {
  SparsePlot plot = {folder + "/" + format_plot_name(name), name, Bytes(name.nonces * 64)};
  for (std::byte& byte : plot.scoops) byte = static_cast<std::byte>(random());
  std::ofstream(plot.path, std::ios::binary).flush();
  std::filesystem::resize_file(plot.path, name.nonces * kNonceBytes);
  patch_file(plot.path, scoop_offset(name.nonces, scoop, 0), plot.scoops);
  return plot;
}

// Nonces of a plot that a scan cannot read.
struct Gap {
  std::string path;
  uint64_t begin = 0;
  uint64_t end = 0;
};

// Best per account by the reference, the smallest hit first.
inline std::vector<Deadline> best_by_reference(const Round& round,
                                               const std::vector<SparsePlot>& plots,
                                               const Gap& gap = {}) {
  std::map<uint64_t, Deadline> best;
  for (const SparsePlot& plot : plots)
    for (uint64_t i = 0; i < plot.name.nonces; i++) {
      if (plot.path == gap.path && i >= gap.begin && i < gap.end) continue;
      const uint64_t hit =
          reference::hit(round.generation_signature, std::span(plot.scoops).subspan(i * 64, 64));
      const Deadline deadline = {plot.name.account_id, plot.name.start + i, hit,
                                 hit / round.base_target, plot.path};
      const auto [known, first] = best.try_emplace(deadline.account_id, deadline);
      if (!first &&
          std::tie(hit, deadline.nonce) < std::tie(known->second.hit, known->second.nonce))
        known->second = deadline;
    }
  std::vector<Deadline> sorted;
  for (const auto& [account, deadline] : best) sorted.push_back(deadline);
  std::sort(sorted.begin(), sorted.end(),
            [](const auto& a, const auto& b) { return a.hit < b.hit; });
  return sorted;
}

inline void expect_equal(const std::vector<Deadline>& found, const std::vector<Deadline>& wanted) {
  ASSERT_EQ(found.size(), wanted.size());
  for (size_t i = 0; i < found.size(); i++) {
    EXPECT_EQ(found[i].account_id, wanted[i].account_id);
    EXPECT_EQ(found[i].nonce, wanted[i].nonce);
    EXPECT_EQ(found[i].hit, wanted[i].hit);
    EXPECT_EQ(found[i].deadline, wanted[i].deadline);
    EXPECT_EQ(found[i].file, wanted[i].file);
  }
}

}  // namespace quarry::tests
