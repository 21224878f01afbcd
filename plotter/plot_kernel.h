// Which kernel computes a device's plots, and in what shape. On a GPU the best
// one depends on the card: how many work items a multiprocessor has, how many of
// the newest hashes each keeps in group memory, and on which pipe the rotations
// run. `quarry bench plot --tune` measures it, and the answer is kept.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "base/status.h"
#include "host/device.h"

namespace quarry {

struct PlotKernel {
  std::string name = "plot_hashes";  // of the hashes from 128 on; those before it are plot_hashes'
  uint32_t group_size = 0;           // 0: the device's own
  uint32_t ring_hashes = 0;          // kept in group memory; a multiple of 4
  uint32_t items = 0;                // per multiprocessor; 0: the device's items_per_queue in all

  bool operator==(const PlotKernel&) const = default;

  // "plot_main_m1, 384 items, ring 16".
  std::string describe() const;
};

// Nonces that keep the device busy: one for each work item of all
// multiprocessors, a multiple of the interleave.
uint64_t wave_nonces(const DeviceInfo& info, const PlotKernel& kernel);

// Group memory that the kernel needs for each group, in bytes.
uint32_t group_memory_of(const PlotKernel& kernel);

// A good guess for a device that was never tuned.
PlotKernel default_plot_kernel(const DeviceInfo& info);

// What is worth measuring on the device, the plain portable kernel first.
std::vector<PlotKernel> candidate_plot_kernels(const DeviceInfo& info);

// The answer of an earlier tuning of this device with this driver, in `folder`.
// Nothing if there is none, or it makes no sense for the device.
std::optional<PlotKernel> find_tuning(const DeviceInfo& info, const std::filesystem::path& folder);

// Keeps the answer. kIo if that is not possible.
Status keep_tuning(const DeviceInfo& info, const PlotKernel& kernel, double nonces_per_second,
                   const std::filesystem::path& folder);

// default_cache_folder(), in which tunings are kept; empty: they are not.
std::filesystem::path tuning_folder();

// What was tuned, else the guess.
PlotKernel choose_plot_kernel(const DeviceInfo& info);

}  // namespace quarry
