// The part of the CUDA driver API that Quarry uses, from libcuda.so.1 at run
// time: neither the toolkit nor a driver is needed to build or start quarry.
//
// Types and numbers are those of cuda.h, which promises them to be stable;
// tests/host/cuda_abi_test.cpp compares them where the toolkit is installed.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/status.h"

namespace quarry::cuda {

using DeviceNumber = int;        // CUdevice
using DeviceAddress = uint64_t;  // CUdeviceptr
using Context = struct CudaContextTag*;
using Module = struct CudaModuleTag*;
using Function = struct CudaFunctionTag*;
using Stream = struct CudaStreamTag*;

// CUresult.
enum Error : int {
  kSuccess = 0,
  kInvalidValue = 1,
  kOutOfDeviceMemory = 2,
  kNoBinaryForGpu = 209,
  kUnsupportedPtxVersion = 222,
  kHostMemoryAlreadyRegistered = 712,
  kNotPermitted = 800,
  kNotSupported = 801,
};

// CUdevice_attribute.
enum Attribute : int {
  kMaxPitch = 11,
  kMultiprocessorCount = 16,
  kKernelTimeout = 17,
  kPciBusId = 33,
  kPciDeviceId = 34,
  kPciDomainId = 50,
  kComputeCapabilityMajor = 75,
  kComputeCapabilityMinor = 76,
  kMaxSharedBytesPerMultiprocessor = 81,
  kMaxSharedBytesPerGroup = 97,  // for kernels that were allowed more than 48 KiB
};

// CUfunction_attribute.
enum FunctionAttribute : int {
  kMaxDynamicSharedBytes = 8,
  kPreferredSharedCarveout = 9,
};
inline constexpr int kAllShared = 100;  // CU_SHAREDMEM_CARVEOUT_MAX_SHARED

inline constexpr unsigned kScheduleBlockingSync = 4;   // CU_CTX_SCHED_BLOCKING_SYNC
inline constexpr unsigned kStreamNonBlocking = 1;      // CU_STREAM_NON_BLOCKING
inline constexpr unsigned kHostRegisterPortable = 1;   // CU_MEMHOSTREGISTER_PORTABLE
inline constexpr unsigned kHostRegisterDeviceMap = 2;  // CU_MEMHOSTREGISTER_DEVICEMAP
inline constexpr int kMemoryTypeHost = 1;              // CU_MEMORYTYPE_HOST
inline constexpr int kMemoryTypeDevice = 2;            // CU_MEMORYTYPE_DEVICE

// CUDA_MEMCPY2D_v2.
struct Copy2d {
  size_t source_x_bytes = 0;
  size_t source_y = 0;
  int source_type = 0;
  const void* source_host = nullptr;
  DeviceAddress source_device = 0;
  void* source_array = nullptr;
  size_t source_pitch = 0;
  size_t target_x_bytes = 0;
  size_t target_y = 0;
  int target_type = 0;
  void* target_host = nullptr;
  DeviceAddress target_device = 0;
  void* target_array = nullptr;
  size_t target_pitch = 0;
  size_t width_bytes = 0;
  size_t height = 0;
};

// Entry points, each under the symbol that driver.cpp names.
struct Driver {
  Error (*init)(unsigned flags);
  Error (*get_version)(int* version);
  Error (*get_error_name)(Error error, const char** name);
  Error (*get_error_string)(Error error, const char** text);
  Error (*device_get_count)(int* count);
  Error (*device_get)(DeviceNumber* device, int ordinal);
  Error (*device_get_name)(char* name, int length, DeviceNumber device);
  Error (*device_total_memory)(size_t* bytes, DeviceNumber device);
  Error (*device_get_attribute)(int* value, Attribute what, DeviceNumber device);
  Error (*primary_context_set_flags)(DeviceNumber device, unsigned flags);
  Error (*primary_context_retain)(Context* context, DeviceNumber device);
  Error (*primary_context_release)(DeviceNumber device);
  Error (*context_set_current)(Context context);
  Error (*memory_get_info)(size_t* free_bytes, size_t* total_bytes);
  Error (*memory_allocate)(DeviceAddress* address, size_t bytes);
  Error (*memory_free)(DeviceAddress address);
  Error (*host_register)(void* memory, size_t bytes, unsigned flags);
  Error (*host_unregister)(void* memory);
  Error (*host_get_device_pointer)(DeviceAddress* address, void* memory, unsigned flags);
  Error (*copy_to_device)(DeviceAddress target, const void* source, size_t bytes, Stream stream);
  Error (*copy_to_host)(void* target, DeviceAddress source, size_t bytes, Stream stream);
  Error (*copy_2d)(const Copy2d* copy, Stream stream);
  Error (*context_get_stream_priority_range)(int* lowest, int* highest);
  Error (*stream_create)(Stream* stream, unsigned flags, int priority);
  Error (*stream_synchronize)(Stream stream);
  Error (*stream_destroy)(Stream stream);
  Error (*module_load)(Module* module, const void* image, unsigned option_count, int* options,
                       void** values);
  Error (*module_unload)(Module module);
  Error (*module_get_function)(Function* function, Module module, const char* name);
  Error (*function_set_attribute)(Function function, FunctionAttribute what, int value);
  Error (*launch_kernel)(Function function, unsigned grid_x, unsigned grid_y, unsigned grid_z,
                         unsigned group_x, unsigned group_y, unsigned group_z,
                         unsigned shared_bytes, Stream stream, void** parameters, void** extra);
};

// The driver, loaded and initialised at the first call; null where there is
// none, or none that works. QUARRY_CUDA_LIBRARY names another file (for tests).
const Driver* driver();

// OK, or `code` with "action: CUDA_ERROR_...: the driver's words".
Status to_status(const Driver& driver, Error error, std::string_view action,
                 Code code = Code::kDevice);

}  // namespace quarry::cuda
