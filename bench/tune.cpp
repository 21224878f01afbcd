#include "bench/tune.h"

#include <algorithm>

#include "bench/median.h"
#include "plotter/generator.h"

namespace quarry::bench {
namespace {

constexpr size_t kFinalists = 4;  // besides the plain kernel

// Each time with memory of its own: what the last one left in caches is gone.
Result<double> measure(Device& device, const PlotKernel& kernel, double seconds,
                       const Cancel& cancel) {
  GeneratorOptions options;
  options.kernel = kernel;
  options.slot_nonces = wave_nonces(device.info(), kernel);
  QUARRY_ASSIGN(const auto generator, NonceGenerator::open(device, options));
  // The first launch loads the kernel, and finds out how long one should be.
  QUARRY_TRY(generator->measure(seconds / 4, cancel).status());
  return generator->measure(seconds, cancel);
}

bool faster(const TunedKernel& a, const TunedKernel& b) {
  return a.nonces_per_second > b.nonces_per_second;
}

}  // namespace

Result<std::vector<TunedKernel>> tune_plotting(
    Device& device, const TuneOptions& options, const Cancel& cancel,
    const std::function<void(size_t, size_t, const PlotKernel&)>& tried) {
  const std::vector<PlotKernel> candidates = candidate_plot_kernels(device.info());
  const size_t finals = (kFinalists + 1) * options.rounds;
  const size_t total = candidates.size() + finals;
  size_t done = 0;
  std::vector<TunedKernel> found;
  for (const PlotKernel& kernel : candidates) {
    tried(done++, total, kernel);
    auto rate = measure(device, kernel, options.seconds / 4, cancel);
    if (rate.ok()) {
      found.push_back({kernel, *rate, 0});
    } else if (kernel == candidates.front() || rate.status().code() == Code::kCancelled) {
      return rate.status();
    }
  }
  // The plain kernel stays the first.
  std::sort(found.begin() + 1, found.end(), faster);
  found.resize(std::min(found.size(), kFinalists + 1));
  std::vector<std::vector<double>> rates(found.size());
  for (uint32_t round = 0; round < options.rounds; round++)
    for (size_t i = 0; i < found.size(); i++) {
      tried(done++, total, found[i].kernel);
      QUARRY_ASSIGN(const double rate, measure(device, found[i].kernel, options.seconds, cancel));
      rates[i].push_back(rate);
    }
  const double plain = median(rates[0]);
  for (size_t i = 0; i < found.size(); i++) {
    found[i].nonces_per_second = median(rates[i]);
    found[i].ratio_to_plain = found[i].nonces_per_second / plain;
  }
  std::sort(found.begin(), found.end(), faster);
  return found;
}

}  // namespace quarry::bench
