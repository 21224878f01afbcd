#include "host/cuda/driver.h"

#include <dlfcn.h>

#include <cstdlib>
#include <optional>
#include <string>

namespace quarry::cuda {
namespace {

template <class F>
bool find(void* library, const char* symbol, F*& function) {
  function = reinterpret_cast<F*>(dlsym(library, symbol));
  return function != nullptr;
}

// Names with _v2 are the ones that cuda.h's macros choose since CUDA 3.2, and
// since 11.0 for the primary context.
bool find_all(void* library, Driver& d) {
  return find(library, "cuInit", d.init) && find(library, "cuDriverGetVersion", d.get_version) &&
         find(library, "cuGetErrorName", d.get_error_name) &&
         find(library, "cuGetErrorString", d.get_error_string) &&
         find(library, "cuDeviceGetCount", d.device_get_count) &&
         find(library, "cuDeviceGet", d.device_get) &&
         find(library, "cuDeviceGetName", d.device_get_name) &&
         find(library, "cuDeviceTotalMem_v2", d.device_total_memory) &&
         find(library, "cuDeviceGetAttribute", d.device_get_attribute) &&
         find(library, "cuDevicePrimaryCtxSetFlags_v2", d.primary_context_set_flags) &&
         find(library, "cuDevicePrimaryCtxRetain", d.primary_context_retain) &&
         find(library, "cuDevicePrimaryCtxRelease_v2", d.primary_context_release) &&
         find(library, "cuCtxSetCurrent", d.context_set_current) &&
         find(library, "cuMemGetInfo_v2", d.memory_get_info) &&
         find(library, "cuMemAlloc_v2", d.memory_allocate) &&
         find(library, "cuMemFree_v2", d.memory_free) &&
         find(library, "cuMemHostRegister_v2", d.host_register) &&
         find(library, "cuMemHostUnregister", d.host_unregister) &&
         find(library, "cuMemHostGetDevicePointer_v2", d.host_get_device_pointer) &&
         find(library, "cuMemcpyHtoDAsync_v2", d.copy_to_device) &&
         find(library, "cuMemcpyDtoHAsync_v2", d.copy_to_host) &&
         find(library, "cuMemcpy2DAsync_v2", d.copy_2d) &&
         find(library, "cuCtxGetStreamPriorityRange", d.context_get_stream_priority_range) &&
         find(library, "cuStreamCreateWithPriority", d.stream_create) &&
         find(library, "cuStreamSynchronize", d.stream_synchronize) &&
         find(library, "cuStreamDestroy_v2", d.stream_destroy) &&
         find(library, "cuModuleLoadDataEx", d.module_load) &&
         find(library, "cuModuleUnload", d.module_unload) &&
         find(library, "cuModuleGetFunction", d.module_get_function) &&
         find(library, "cuFuncSetAttribute", d.function_set_attribute) &&
         find(library, "cuLaunchKernel", d.launch_kernel);
}

std::optional<Driver> load() {
  const char* name = std::getenv("QUARRY_CUDA_LIBRARY");
  if (name == nullptr || *name == '\0') name = "libcuda.so.1";
  // Never closed: the driver's own threads may run until the process ends.
  void* library = dlopen(name, RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) return std::nullopt;
  Driver driver{};
  if (!find_all(library, driver) || driver.init(0) != kSuccess) return std::nullopt;
  return driver;
}

}  // namespace

const Driver* driver() {
  static const std::optional<Driver> loaded = load();
  return loaded.has_value() ? &*loaded : nullptr;
}

Status to_status(const Driver& driver, Error error, std::string_view action, Code code) {
  if (error == kSuccess) return {};
  std::string message(action);
  const char* name = nullptr;
  const char* text = nullptr;
  if (driver.get_error_name(error, &name) == kSuccess && name != nullptr)
    message += std::string(": ") + name;
  else
    message += ": CUDA error " + std::to_string(static_cast<int>(error));
  if (driver.get_error_string(error, &text) == kSuccess && text != nullptr)
    message += std::string(": ") + text;
  return {code, message};
}

}  // namespace quarry::cuda
