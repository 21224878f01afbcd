#include <algorithm>
#include <cstdlib>
#include <set>

#include "host/backends.h"
#include "host/device.h"

namespace quarry {
namespace {

// Pointers, because each backend is defined in a file of its own. CUDA before
// OpenCL: NVIDIA's driver offers the same GPU by both.
const Backend* const kBackends[] = {
    &kCpuBackend,
#if defined(QUARRY_HAVE_CUDA)
    &kCudaBackend,
#endif
#if defined(QUARRY_HAVE_OPENCL)
    &kOpenclBackend,
#endif
};

std::string_view backend_of(std::string_view id) { return id.substr(0, id.find(':')); }

std::string known_devices(const DeviceOptions& options) {
  std::string text = "cpu";
  for (const DeviceInfo& info : list_devices(options)) text += ", " + info.id;
  return text;
}

}  // namespace

std::span<const Backend* const> backends() { return kBackends; }

std::vector<DeviceInfo> list_devices(const DeviceOptions& options) {
  std::vector<DeviceInfo> all;
  for (const Backend* backend : kBackends)
    for (DeviceInfo& info : backend->list(options)) all.push_back(std::move(info));
  return all;
}

Result<std::unique_ptr<Device>> open_device(std::string_view id, const DeviceOptions& options) {
  for (const Backend* backend : kBackends)
    if (backend->name == backend_of(id)) return backend->open(id, options);
  return Status(Code::kNotFound,
                "no device " + std::string(id) + "; this machine has " + known_devices(options));
}

Result<std::vector<std::string>> parse_device_list(std::string_view list,
                                                   const DeviceOptions& options) {
  std::vector<std::string> ids;
  const auto add = [&ids](std::string id) {
    if (std::find(ids.begin(), ids.end(), id) == ids.end()) ids.push_back(std::move(id));
  };
  const std::vector<DeviceInfo> known = list_devices(options);
  while (true) {
    const size_t comma = list.find(',');
    const std::string_view id = list.substr(0, comma);
    if (id == "all") {
      add("cpu");
      std::set<std::string> taken = {"cpu"};
      for (const DeviceInfo& info : known)
        if (info.backend != "cpu" && (info.hardware.empty() || taken.insert(info.hardware).second))
          add(info.id);
    } else {
      const bool exists =
          backend_of(id) == "cpu" ||
          std::any_of(known.begin(), known.end(), [&](const auto& info) { return info.id == id; });
      if (!exists)
        return Status(Code::kNotFound, "no device \"" + std::string(id) + "\"; this machine has " +
                                           known_devices(options));
      add(std::string(id));
    }
    if (comma == list.npos) break;
    list.remove_prefix(comma + 1);
  }
  return ids;
}

}  // namespace quarry
