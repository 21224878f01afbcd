// Our declarations of the driver API against those of the toolkit's cuda.h.
// Compiling it is the test.
#include <cuda.h>

#include "host/cuda/driver.h"

namespace quarry::cuda {

static_assert(sizeof(DeviceNumber) == sizeof(CUdevice));
static_assert(sizeof(DeviceAddress) == sizeof(CUdeviceptr));
static_assert(sizeof(Error) == sizeof(CUresult) && sizeof(Attribute) == sizeof(CUdevice_attribute));

static_assert(static_cast<int>(kInvalidValue) == CUDA_ERROR_INVALID_VALUE);
static_assert(static_cast<int>(kOutOfDeviceMemory) == CUDA_ERROR_OUT_OF_MEMORY);
static_assert(static_cast<int>(kNoBinaryForGpu) == CUDA_ERROR_NO_BINARY_FOR_GPU);
static_assert(static_cast<int>(kUnsupportedPtxVersion) == CUDA_ERROR_UNSUPPORTED_PTX_VERSION);
static_assert(static_cast<int>(kHostMemoryAlreadyRegistered) ==
              CUDA_ERROR_HOST_MEMORY_ALREADY_REGISTERED);
static_assert(static_cast<int>(kNotPermitted) == CUDA_ERROR_NOT_PERMITTED);
static_assert(static_cast<int>(kNotSupported) == CUDA_ERROR_NOT_SUPPORTED);

static_assert(static_cast<int>(kMaxPitch) == CU_DEVICE_ATTRIBUTE_MAX_PITCH);
static_assert(static_cast<int>(kMultiprocessorCount) == CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT);
static_assert(static_cast<int>(kPciBusId) == CU_DEVICE_ATTRIBUTE_PCI_BUS_ID);
static_assert(static_cast<int>(kPciDeviceId) == CU_DEVICE_ATTRIBUTE_PCI_DEVICE_ID);
static_assert(static_cast<int>(kPciDomainId) == CU_DEVICE_ATTRIBUTE_PCI_DOMAIN_ID);
static_assert(static_cast<int>(kComputeCapabilityMajor) ==
              CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR);
static_assert(static_cast<int>(kComputeCapabilityMinor) ==
              CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR);

static_assert(static_cast<int>(kKernelTimeout) == CU_DEVICE_ATTRIBUTE_KERNEL_EXEC_TIMEOUT);
static_assert(static_cast<int>(kMaxSharedBytesPerMultiprocessor) ==
              CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_MULTIPROCESSOR);
static_assert(static_cast<int>(kMaxSharedBytesPerGroup) ==
              CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_BLOCK_OPTIN);
static_assert(sizeof(FunctionAttribute) == sizeof(CUfunction_attribute));
static_assert(static_cast<int>(kMaxDynamicSharedBytes) ==
              CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES);
static_assert(static_cast<int>(kPreferredSharedCarveout) ==
              CU_FUNC_ATTRIBUTE_PREFERRED_SHARED_MEMORY_CARVEOUT);
static_assert(kAllShared == CU_SHAREDMEM_CARVEOUT_MAX_SHARED);

static_assert(kScheduleBlockingSync == CU_CTX_SCHED_BLOCKING_SYNC);
static_assert(kStreamNonBlocking == CU_STREAM_NON_BLOCKING);
static_assert(kHostRegisterPortable == CU_MEMHOSTREGISTER_PORTABLE);
static_assert(kHostRegisterDeviceMap == CU_MEMHOSTREGISTER_DEVICEMAP);
static_assert(kMemoryTypeHost == CU_MEMORYTYPE_HOST);
static_assert(kMemoryTypeDevice == CU_MEMORYTYPE_DEVICE);

static_assert(sizeof(Copy2d) == sizeof(CUDA_MEMCPY2D));
#define SAME_PLACE(ours, theirs) \
  static_assert(offsetof(Copy2d, ours) == offsetof(CUDA_MEMCPY2D, theirs))
SAME_PLACE(source_x_bytes, srcXInBytes);
SAME_PLACE(source_y, srcY);
SAME_PLACE(source_type, srcMemoryType);
SAME_PLACE(source_host, srcHost);
SAME_PLACE(source_device, srcDevice);
SAME_PLACE(source_array, srcArray);
SAME_PLACE(source_pitch, srcPitch);
SAME_PLACE(target_x_bytes, dstXInBytes);
SAME_PLACE(target_y, dstY);
SAME_PLACE(target_type, dstMemoryType);
SAME_PLACE(target_host, dstHost);
SAME_PLACE(target_device, dstDevice);
SAME_PLACE(target_array, dstArray);
SAME_PLACE(target_pitch, dstPitch);
SAME_PLACE(width_bytes, WidthInBytes);
SAME_PLACE(height, Height);

// Each of their parameters as ours would be declared.
template <class T>
struct Ours {
  using Type = T;
};
// clang-format off
template <> struct Ours<CUresult> { using Type = Error; };
template <> struct Ours<CUdevice_attribute> { using Type = Attribute; };
template <> struct Ours<CUfunction_attribute> { using Type = FunctionAttribute; };
template <> struct Ours<CUdeviceptr> { using Type = DeviceAddress; };
template <> struct Ours<CUcontext> { using Type = Context; };
template <> struct Ours<CUmodule> { using Type = Module; };
template <> struct Ours<CUfunction> { using Type = Function; };
template <> struct Ours<CUstream> { using Type = Stream; };
template <> struct Ours<CUdeviceptr*> { using Type = DeviceAddress*; };
template <> struct Ours<CUcontext*> { using Type = Context*; };
template <> struct Ours<CUmodule*> { using Type = Module*; };
template <> struct Ours<CUfunction*> { using Type = Function*; };
template <> struct Ours<CUstream*> { using Type = Stream*; };
template <> struct Ours<CUjit_option*> { using Type = int*; };
template <> struct Ours<const CUDA_MEMCPY2D*> { using Type = const Copy2d*; };
// clang-format on
template <class R, class... P>
struct Ours<R(P...)> {
  using Type = typename Ours<R>::Type(typename Ours<P>::Type...);
};
// The macros of cuda.h turn cuMemAlloc into the symbol that driver.cpp loads.
#define SAME_CALL(ours, theirs) \
  static_assert(std::is_same_v<decltype(Driver::ours), Ours<decltype(theirs)>::Type*>)
SAME_CALL(init, cuInit);
SAME_CALL(get_version, cuDriverGetVersion);
SAME_CALL(get_error_name, cuGetErrorName);
SAME_CALL(get_error_string, cuGetErrorString);
SAME_CALL(device_get_count, cuDeviceGetCount);
SAME_CALL(device_get, cuDeviceGet);
SAME_CALL(device_get_name, cuDeviceGetName);
SAME_CALL(device_total_memory, cuDeviceTotalMem_v2);
SAME_CALL(device_get_attribute, cuDeviceGetAttribute);
SAME_CALL(primary_context_set_flags, cuDevicePrimaryCtxSetFlags_v2);
SAME_CALL(primary_context_retain, cuDevicePrimaryCtxRetain);
SAME_CALL(primary_context_release, cuDevicePrimaryCtxRelease_v2);
SAME_CALL(context_set_current, cuCtxSetCurrent);
SAME_CALL(memory_get_info, cuMemGetInfo_v2);
SAME_CALL(memory_allocate, cuMemAlloc_v2);
SAME_CALL(memory_free, cuMemFree_v2);
SAME_CALL(host_register, cuMemHostRegister_v2);
SAME_CALL(host_unregister, cuMemHostUnregister);
SAME_CALL(host_get_device_pointer, cuMemHostGetDevicePointer_v2);
SAME_CALL(copy_to_device, cuMemcpyHtoDAsync_v2);
SAME_CALL(copy_to_host, cuMemcpyDtoHAsync_v2);
SAME_CALL(copy_2d, cuMemcpy2DAsync_v2);
SAME_CALL(context_get_stream_priority_range, cuCtxGetStreamPriorityRange);
SAME_CALL(stream_create, cuStreamCreateWithPriority);
SAME_CALL(stream_synchronize, cuStreamSynchronize);
SAME_CALL(stream_destroy, cuStreamDestroy_v2);
SAME_CALL(module_load, cuModuleLoadDataEx);
SAME_CALL(module_unload, cuModuleUnload);
SAME_CALL(module_get_function, cuModuleGetFunction);
SAME_CALL(function_set_attribute, cuFuncSetAttribute);
SAME_CALL(launch_kernel, cuLaunchKernel);

}  // namespace quarry::cuda
