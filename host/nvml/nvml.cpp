#include "host/nvml/nvml.h"

#include <dlfcn.h>

#include <cstdlib>

namespace quarry::nvml {
namespace {

template <class F>
bool find(void* library, const char* symbol, F*& function) {
  function = reinterpret_cast<F*>(dlsym(library, symbol));
  return function != nullptr;
}

void find_getters(void* file, Library& l) {
  find(file, "nvmlDeviceGetTemperature", l.temperature);
  find(file, "nvmlDeviceGetTemperatureThreshold", l.temperature_threshold);
  find(file, "nvmlDeviceGetFieldValues", l.field_values);
  find(file, "nvmlDeviceGetClockInfo", l.clock);
  find(file, "nvmlDeviceGetCurrentClocksThrottleReasons", l.throttle_reasons);
  find(file, "nvmlDeviceGetUtilizationRates", l.utilization);
  find(file, "nvmlDeviceGetPowerUsage", l.power_milliwatts);
  find(file, "nvmlDeviceGetEnforcedPowerLimit", l.power_limit_milliwatts);
  find(file, "nvmlDeviceGetCurrPcieLinkGeneration", l.pcie_generation);
  find(file, "nvmlDeviceGetCurrPcieLinkWidth", l.pcie_width);
  find(file, "nvmlDeviceGetMaxPcieLinkGeneration", l.max_pcie_generation);
  find(file, "nvmlDeviceGetMaxPcieLinkWidth", l.max_pcie_width);
  find(file, "nvmlDeviceGetGpuMaxPcieLinkGeneration", l.card_pcie_generation);
}

}  // namespace

Result<Library> load(const std::string& file) {
  // Never closed: other parts of the driver may use it until the process ends.
  void* handle = dlopen(file.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (handle == nullptr) return Status(Code::kUnsupported, std::string("NVML: ") + dlerror());
  Library library{};
  if (!find(handle, "nvmlInit_v2", library.init) ||
      !find(handle, "nvmlErrorString", library.error_string) ||
      !find(handle, "nvmlDeviceGetHandleByPciBusId_v2", library.card_by_bus_id))
    return Status(Code::kUnsupported, "NVML: " + file + " is too old");
  if (const Error error = library.init(); error != kSuccess)
    return Status(Code::kUnsupported, "NVML: " + file + ": " + library.error_string(error));
  find_getters(handle, library);
  return library;
}

const Result<Library>& library() {
  static const Result<Library> loaded = [] {
    const char* name = std::getenv("QUARRY_NVML_LIBRARY");
    return load(name == nullptr || *name == '\0' ? "libnvidia-ml.so.1" : name);
  }();
  return loaded;
}

}  // namespace quarry::nvml
