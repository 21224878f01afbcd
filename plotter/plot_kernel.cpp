#include "plotter/plot_kernel.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <nlohmann/json.hpp>

#include "host/cache_folder.h"
#include "kernels/plot_constants.h"

namespace quarry {
namespace {

using Json = nlohmann::ordered_json;

constexpr uint32_t kHashBytes = 32;
constexpr uint32_t kCudaGroupSize = 128;
constexpr uint32_t kMostRing = 124;  // of plot_main
// What a driver keeps of the memory of every group.
constexpr uint64_t kReservedPerGroup = 1024;
// A multiprocessor that has so much group memory stands beside memory that is
// fast enough without a window kept in it.
constexpr uint64_t kDataCentreGroupMemory = 160 * 1024;

bool has_plot_main(const DeviceInfo& info) { return info.multiprocessors > 0; }

// Elsewhere the largest group depends on the driver, which has said what suits.
uint32_t group_size_on(const DeviceInfo& info) {
  return info.backend == "cuda" ? kCudaGroupSize : std::max(info.group_size, info.interleave);
}

// The most hashes that fit beside `items` work items on a multiprocessor.
uint32_t largest_ring(const DeviceInfo& info, uint32_t items) {
  const uint64_t groups = items / group_size_on(info);
  const uint64_t reserved = groups * kReservedPerGroup;
  if (info.group_memory_bytes <= reserved) return 0;
  const uint64_t bytes = info.group_memory_bytes - reserved;
  const uint64_t ring = bytes / items / kHashBytes / 4 * 4;
  return static_cast<uint32_t>(std::min<uint64_t>(ring, kMostRing));
}

PlotKernel plot_main(const DeviceInfo& info, const char* name, uint32_t items, uint32_t ring) {
  PlotKernel kernel;
  kernel.name = name;
  kernel.group_size = group_size_on(info);
  kernel.items = items;
  kernel.ring_hashes = ring;
  return kernel;
}

// "nvidia-h200_580.65.06.json": letters, digits, points and dashes.
std::string file_name(const DeviceInfo& info) {
  std::string name = info.backend + "_" + info.name + "_" + info.driver;
  for (char& c : name) {
    const auto byte = static_cast<unsigned char>(c);
    c = std::isalnum(byte) || c == '.' || c == '_' ? static_cast<char>(std::tolower(byte)) : '-';
  }
  return "tuning_" + name + ".json";
}

// Could somebody have tuned this device to it?
bool makes_sense(const DeviceInfo& info, const PlotKernel& kernel) {
  if (kernel == PlotKernel{}) return true;
  const std::vector<PlotKernel> candidates = candidate_plot_kernels(info);
  return std::find(candidates.begin(), candidates.end(), kernel) != candidates.end();
}

}  // namespace

std::string PlotKernel::describe() const {
  std::string text = name;
  if (items > 0) text += ", " + std::to_string(items) + " items";
  if (ring_hashes > 0) text += ", ring " + std::to_string(ring_hashes);
  return text;
}

uint64_t wave_nonces(const DeviceInfo& info, const PlotKernel& kernel) {
  const uint64_t items = kernel.items > 0 ? uint64_t{kernel.items} * info.multiprocessors
                                          : std::max(info.items_per_queue, 1u);
  return (items + info.interleave - 1) / info.interleave * info.interleave;
}

uint32_t group_memory_of(const PlotKernel& kernel) {
  return kernel.ring_hashes * kHashBytes * kernel.group_size;
}

PlotKernel default_plot_kernel(const DeviceInfo& info) {
  if (!has_plot_main(info)) return {};
  if (info.backend != "cuda") return plot_main(info, "plot_main", 256, 0);
  const bool fast_memory = info.group_memory_bytes >= kDataCentreGroupMemory;
  const uint32_t items = fast_memory ? 384 : 128;
  return plot_main(info, "plot_main_m1", items, largest_ring(info, items));
}

std::vector<PlotKernel> candidate_plot_kernels(const DeviceInfo& info) {
  std::vector<PlotKernel> candidates = {{}};
  if (!has_plot_main(info)) return candidates;
  std::vector<const char*> names = {"plot_main"};
  if (info.backend == "cuda") names.insert(names.end(), {"plot_main_m1", "plot_main_m5"});
  for (const char* name : names)
    for (const uint32_t items : {128, 256, 384, 512}) {
      const uint32_t most = largest_ring(info, items);
      std::vector<uint32_t> rings = {0, most / 2 / 4 * 4, most};
      rings.erase(std::unique(rings.begin(), rings.end()), rings.end());
      for (const uint32_t ring : rings) candidates.push_back(plot_main(info, name, items, ring));
    }
  return candidates;
}

std::filesystem::path tuning_folder() { return default_cache_folder(); }

std::optional<PlotKernel> find_tuning(const DeviceInfo& info, const std::filesystem::path& folder) {
  if (folder.empty()) return std::nullopt;
  const auto text = load_cached(folder / file_name(info));
  if (!text) return std::nullopt;
  const Json json = Json::parse(*text, nullptr, false);
  if (!json.is_object()) return std::nullopt;
  const auto number = [&json](const char* key) -> uint32_t {
    const auto found = json.find(key);
    return found != json.end() && found->is_number_unsigned() ? found->get<uint32_t>() : 0;
  };
  const auto name = json.find("kernel");
  if (name == json.end() || !name->is_string()) return std::nullopt;
  PlotKernel kernel;
  kernel.name = name->get<std::string>();
  kernel.group_size = number("group_size");
  kernel.ring_hashes = number("ring_hashes");
  kernel.items = number("items_per_multiprocessor");
  if (!makes_sense(info, kernel)) return std::nullopt;
  return kernel;
}

Status keep_tuning(const DeviceInfo& info, const PlotKernel& kernel, double nonces_per_second,
                   const std::filesystem::path& folder) {
  const Json json = {{"device", info.name},
                     {"driver", info.driver},
                     {"kernel", kernel.name},
                     {"group_size", kernel.group_size},
                     {"ring_hashes", kernel.ring_hashes},
                     {"items_per_multiprocessor", kernel.items},
                     {"nonces_per_second", nonces_per_second}};
  const std::filesystem::path path = folder / file_name(info);
  const std::string text = json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
  if (!folder.empty() && store_cached(path, text)) return {};
  return {Code::kIo, "the tuning of " + info.id + " cannot be kept in " + path.string()};
}

PlotKernel choose_plot_kernel(const DeviceInfo& info) {
  return find_tuning(info, tuning_folder()).value_or(default_plot_kernel(info));
}

}  // namespace quarry
