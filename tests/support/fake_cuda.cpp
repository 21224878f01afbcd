// libcuda.so.1 without a GPU: the entry points that host/cuda/driver.h names,
// on host memory, with kernels from the same portable text (LANES=1,
// INTERLEAVE=32, LANE_WORDS=4). A shared library, loaded through
// QUARRY_CUDA_LIBRARY.
//
// It is as strict as the documentation of the driver allows, so that what works
// here by luck is little: commands run only when their stream is waited for, a
// thread without a current context is refused, values of a launch are copied at
// the call, after a failed kernel every call fails until the context is
// released, and each group finds its memory full of other bytes and may not write
// behind it.
//
// Faults by environment variables, read at each use:
//   FAKE_CUDA_DEVICES      number of devices (1)
//   FAKE_CUDA_MEMORY       bytes of one device (4 GiB)
//   FAKE_CUDA_MULTIPROCESSORS   of one device (2)
//   FAKE_CUDA_MAX_PITCH    largest row distance of a 2D copy (2^31 - 1)
//   FAKE_CUDA_FAIL_LAUNCH  this launch since the context was opened fails, from 0
//   FAKE_CUDA_FAIL_KERNEL  "NAME:N": every launch of this kernel with N items or more fails
//   FAKE_CUDA_NO_BINARY    set: modules are for other GPUs
#include <algorithm>
#include <array>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string_view>
#include <vector>

#include "host/cpu/kernel_set.h"
#include "host/cuda/driver.h"

namespace quarry {
extern const CpuKernelSet kCpuKernelSet_fake_cuda;
}

using namespace quarry::cuda;  // NOLINT: this file is nothing else

namespace {

using quarry::CpuKernel;
using quarry::kCpuKernelSet_fake_cuda;

constexpr Error kInvalidContext = static_cast<Error>(201);
constexpr Error kNotInitialized = static_cast<Error>(3);
constexpr Error kNotFoundError = static_cast<Error>(500);
constexpr Error kIllegalAddress = static_cast<Error>(700);
constexpr Error kLaunchFailed = static_cast<Error>(719);
constexpr uint32_t kFatbinMagic = 0xBA55ED50;
// Shared memory of a Hopper GPU: every kernel's, and what one may be allowed.
constexpr unsigned kSharedBytes = 49152;
constexpr int kSharedBytesOptIn = 232448;
constexpr int kSharedBytesPerMultiprocessor = 233472;
constexpr int kGuardBytes = 32768;  // behind each group's
constexpr char kPoison = 0x5A;

struct FakeStream {
  std::vector<std::function<Error()>> commands;
};

struct FakeContext {
  int references = 0;
  Error sticky = kSuccess;  // of a kernel that failed
  uint64_t launches = 0;
  std::map<uint64_t, size_t> allocations;
  std::set<FakeStream*> streams;
  std::map<Function, unsigned> shared_bytes;  // that functions were allowed
};

struct State {
  std::mutex mutex;
  bool initialized = false;
  std::map<int, FakeContext> contexts;
  std::map<const void*, size_t> registered;
};

State& state() {
  static State instance;
  return instance;
}

thread_local FakeContext* current = nullptr;

uint64_t setting(const char* name, uint64_t otherwise) {
  const char* text = std::getenv(name);
  return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

bool is_broken(std::string_view kernel, uint64_t items) {
  const char* text = std::getenv("FAKE_CUDA_FAIL_KERNEL");
  if (text == nullptr) return false;
  const std::string_view fault = text;
  const size_t colon = fault.find(':');
  return fault.substr(0, colon) == kernel && items >= std::strtoull(text + colon + 1, nullptr, 10);
}

uint64_t memory_bytes() { return setting("FAKE_CUDA_MEMORY", uint64_t{4} << 30); }
int device_count() { return static_cast<int>(setting("FAKE_CUDA_DEVICES", 1)); }

Error check_context() {
  if (!state().initialized) return kNotInitialized;
  if (current == nullptr || current->references == 0) return kInvalidContext;
  return current->sticky;
}

size_t used_bytes() {
  size_t used = 0;
  for (const auto& [address, size] : current->allocations) used += size;
  return used;
}

// True if the bytes are inside one allocation or registered block.
bool is_device_memory(uint64_t address, size_t size) {
  auto after = current->allocations.upper_bound(address);
  if (after != current->allocations.begin()) {
    const auto& [start, length] = *std::prev(after);
    if (address - start <= length && size <= length - (address - start)) return true;
  }
  const auto* begin = reinterpret_cast<const char*>(address);
  for (const auto& [memory, length] : state().registered)
    if (begin >= memory && begin + size <= static_cast<const char*>(memory) + length) return true;
  return false;
}

// Runs what the stream holds; the lock is held.
Error run_commands(FakeStream& stream) {
  for (const auto& command : stream.commands) {
    if (current->sticky != kSuccess) break;
    const Error error = command();
    if (error != kSuccess) current->sticky = error;
  }
  stream.commands.clear();
  return current->sticky;
}

FakeStream* stream_of(Stream stream) { return reinterpret_cast<FakeStream*>(stream); }

using Values = std::vector<std::array<std::byte, 64>>;

struct Shape {
  unsigned groups, group_size, shared_bytes;
};

Error run_kernel(const CpuKernel& kernel, const Shape& shape, const Values& values) {
  std::vector<const void*> pointers;
  for (const auto& value : values) pointers.push_back(value.data());
  // Nothing may be written behind what was asked for.
  const size_t size = shape.shared_bytes + kGuardBytes;
  std::unique_ptr<char, decltype(&std::free)> shared(
      static_cast<char*>(std::aligned_alloc(16, (size + 15) / 16 * 16)), std::free);
  for (unsigned group = 0; group < shape.groups; group++) {
    std::memset(shared.get(), kPoison, size);
    kernel.run({.first = group * shape.group_size,
                .last = (group + 1) * shape.group_size,
                .group_size = shape.group_size,
                .group_memory = reinterpret_cast<uint32_t*>(shared.get())},
               pointers.data());
    if (std::count(shared.get() + shape.shared_bytes, shared.get() + size, kPoison) != kGuardBytes)
      return kIllegalAddress;
  }
  return kSuccess;
}

}  // namespace

// Calls that need a current context and the lock begin with this.
#define ENTER()                              \
  const std::lock_guard lock(state().mutex); \
  if (const Error error = check_context(); error != kSuccess) return error

extern "C" {

Error cuInit(unsigned) {
  state().initialized = true;
  return kSuccess;
}

Error cuDriverGetVersion(int* version) {
  *version = 13000;
  return kSuccess;
}

Error cuGetErrorName(Error error, const char** name) {
  static const std::map<int, const char*> names = {
      {1, "CUDA_ERROR_INVALID_VALUE"},     {2, "CUDA_ERROR_OUT_OF_MEMORY"},
      {201, "CUDA_ERROR_INVALID_CONTEXT"}, {209, "CUDA_ERROR_NO_BINARY_FOR_GPU"},
      {500, "CUDA_ERROR_NOT_FOUND"},       {712, "CUDA_ERROR_HOST_MEMORY_ALREADY_REGISTERED"},
      {719, "CUDA_ERROR_LAUNCH_FAILED"}};
  const auto found = names.find(error);
  *name = found == names.end() ? nullptr : found->second;
  return found == names.end() ? kInvalidValue : kSuccess;
}

Error cuGetErrorString(Error, const char** text) {
  *text = "words of the fake driver";
  return kSuccess;
}

Error cuDeviceGetCount(int* count) {
  *count = device_count();
  return kSuccess;
}

Error cuDeviceGet(DeviceNumber* device, int ordinal) {
  if (ordinal < 0 || ordinal >= device_count()) return static_cast<Error>(101);
  *device = 100 + ordinal;  // not the ordinal itself
  return kSuccess;
}

Error cuDeviceGetName(char* name, int length, DeviceNumber) {
  std::strncpy(name, "Fake GPU", static_cast<size_t>(length));
  return kSuccess;
}

Error cuDeviceTotalMem_v2(size_t* bytes, DeviceNumber) {
  *bytes = memory_bytes();
  return kSuccess;
}

Error cuDeviceGetAttribute(int* value, Attribute what, DeviceNumber device) {
  switch (what) {
    case kMaxPitch:
      *value = static_cast<int>(setting("FAKE_CUDA_MAX_PITCH", 0x7fffffff));
      return kSuccess;
    case kMultiprocessorCount:
      *value = static_cast<int>(setting("FAKE_CUDA_MULTIPROCESSORS", 2));
      return kSuccess;
    case kKernelTimeout: *value = 1; return kSuccess;
    case kMaxSharedBytesPerMultiprocessor: *value = kSharedBytesPerMultiprocessor; return kSuccess;
    case kMaxSharedBytesPerGroup: *value = kSharedBytesOptIn; return kSuccess;
    case kPciBusId: *value = device; return kSuccess;
    case kPciDeviceId:
    case kPciDomainId: *value = 0; return kSuccess;
    case kComputeCapabilityMajor: *value = 9; return kSuccess;
    case kComputeCapabilityMinor: *value = 0; return kSuccess;
  }
  return kInvalidValue;
}

Error cuDevicePrimaryCtxSetFlags_v2(DeviceNumber, unsigned) { return kSuccess; }

Error cuDevicePrimaryCtxRetain(Context* context, DeviceNumber device) {
  const std::lock_guard lock(state().mutex);
  FakeContext& fake = state().contexts[device];
  fake.references++;
  *context = reinterpret_cast<Context>(&fake);
  return kSuccess;
}

Error cuDevicePrimaryCtxRelease_v2(DeviceNumber device) {
  const std::lock_guard lock(state().mutex);
  FakeContext& fake = state().contexts[device];
  if (fake.references == 0) return kInvalidContext;
  if (--fake.references == 0) {
    for (const auto& [address, size] : fake.allocations)
      std::free(reinterpret_cast<void*>(address));
    for (FakeStream* stream : fake.streams) delete stream;
    fake = {};
  }
  return kSuccess;
}

Error cuCtxSetCurrent(Context context) {
  current = reinterpret_cast<FakeContext*>(context);
  return kSuccess;
}

Error cuMemGetInfo_v2(size_t* free_bytes, size_t* total_bytes) {
  ENTER();
  *total_bytes = memory_bytes();
  *free_bytes = *total_bytes - std::min(*total_bytes, used_bytes());
  return kSuccess;
}

Error cuMemAlloc_v2(DeviceAddress* address, size_t bytes) {
  ENTER();
  if (bytes == 0) return kInvalidValue;
  if (bytes > memory_bytes() || used_bytes() > memory_bytes() - bytes) return kOutOfDeviceMemory;
  void* memory = std::aligned_alloc(256, (bytes + 255) / 256 * 256);
  if (memory == nullptr) return kOutOfDeviceMemory;
  *address = reinterpret_cast<DeviceAddress>(memory);
  current->allocations[*address] = bytes;
  return kSuccess;
}

// Waits for the device first, as the real one does.
Error cuMemFree_v2(DeviceAddress address) {
  ENTER();
  for (FakeStream* stream : current->streams) (void)run_commands(*stream);
  if (current->allocations.erase(address) == 0) return kInvalidValue;
  std::free(reinterpret_cast<void*>(address));
  return kSuccess;
}

Error cuMemHostRegister_v2(void* memory, size_t bytes, unsigned) {
  ENTER();
  if (memory == nullptr || bytes == 0) return kInvalidValue;
  return state().registered.emplace(memory, bytes).second ? kSuccess : kHostMemoryAlreadyRegistered;
}

Error cuMemHostUnregister(void* memory) {
  ENTER();
  return state().registered.erase(memory) == 1 ? kSuccess : kInvalidValue;
}

Error cuMemHostGetDevicePointer_v2(DeviceAddress* address, void* memory, unsigned) {
  ENTER();
  *address = reinterpret_cast<DeviceAddress>(memory);
  return kSuccess;
}

Error cuMemcpyHtoDAsync_v2(DeviceAddress target, const void* source, size_t bytes, Stream stream) {
  ENTER();
  if (!is_device_memory(target, bytes)) return kInvalidValue;
  stream_of(stream)->commands.emplace_back([=] {
    std::memcpy(reinterpret_cast<void*>(target), source, bytes);
    return kSuccess;
  });
  return kSuccess;
}

Error cuMemcpyDtoHAsync_v2(void* target, DeviceAddress source, size_t bytes, Stream stream) {
  ENTER();
  if (!is_device_memory(source, bytes)) return kInvalidValue;
  stream_of(stream)->commands.emplace_back([=] {
    std::memcpy(target, reinterpret_cast<const void*>(source), bytes);
    return kSuccess;
  });
  return kSuccess;
}

Error cuMemcpy2DAsync_v2(const Copy2d* copy, Stream stream) {
  ENTER();
  const uint64_t max_pitch = setting("FAKE_CUDA_MAX_PITCH", 0x7fffffff);
  if (copy->source_type != kMemoryTypeDevice || copy->target_type != kMemoryTypeHost ||
      copy->source_pitch < copy->width_bytes || copy->target_pitch < copy->width_bytes ||
      copy->source_pitch > max_pitch || copy->target_pitch > max_pitch ||
      !is_device_memory(copy->source_device,
                        copy->source_pitch * (copy->height - 1) + copy->width_bytes))
    return kInvalidValue;
  stream_of(stream)->commands.emplace_back([c = *copy] {
    for (size_t row = 0; row < c.height; row++)
      std::memcpy(static_cast<char*>(c.target_host) + row * c.target_pitch,
                  reinterpret_cast<const char*>(c.source_device) + row * c.source_pitch,
                  c.width_bytes);
    return kSuccess;
  });
  return kSuccess;
}

Error cuCtxGetStreamPriorityRange(int* lowest, int* highest) {
  ENTER();
  *lowest = 0;
  *highest = -5;
  return kSuccess;
}

Error cuStreamCreateWithPriority(Stream* stream, unsigned, int priority) {
  ENTER();
  if (priority > 0 || priority < -5) return kInvalidValue;
  auto* fake = new FakeStream;
  current->streams.insert(fake);
  *stream = reinterpret_cast<Stream>(fake);
  return kSuccess;
}

Error cuStreamSynchronize(Stream stream) {
  ENTER();
  return run_commands(*stream_of(stream));
}

// Returns at once, as the real one does; commands left over run later.
Error cuStreamDestroy_v2(Stream stream) {
  const std::lock_guard lock(state().mutex);
  if (current == nullptr || current->streams.count(stream_of(stream)) == 0) return kInvalidContext;
  if (stream_of(stream)->commands.empty()) {
    current->streams.erase(stream_of(stream));
    delete stream_of(stream);
  }
  return kSuccess;
}

Error cuModuleLoadDataEx(Module* module, const void* image, unsigned, int*, void**) {
  ENTER();
  uint32_t magic = 0;
  std::memcpy(&magic, image, sizeof magic);
  if (magic != kFatbinMagic) return static_cast<Error>(200);  // CUDA_ERROR_INVALID_IMAGE
  if (std::getenv("FAKE_CUDA_NO_BINARY") != nullptr) return kNoBinaryForGpu;
  *module = reinterpret_cast<Module>(const_cast<void*>(image));
  return kSuccess;
}

Error cuModuleUnload(Module) {
  ENTER();
  return kSuccess;
}

Error cuModuleGetFunction(Function* function, Module, const char* name) {
  ENTER();
  const auto& set = kCpuKernelSet_fake_cuda;
  for (uint32_t i = 0; i < set.kernel_count; i++) {
    if (std::string_view(set.kernels[i].name) != name) continue;
    *function = reinterpret_cast<Function>(const_cast<CpuKernel*>(&set.kernels[i]));
    return kSuccess;
  }
  return kNotFoundError;
}

Error cuFuncSetAttribute(Function function, FunctionAttribute what, int value) {
  ENTER();
  if (what == kPreferredSharedCarveout) return value <= 100 ? kSuccess : kInvalidValue;
  if (what != kMaxDynamicSharedBytes || value < 0 || value > kSharedBytesOptIn)
    return kInvalidValue;
  current->shared_bytes[function] = static_cast<unsigned>(value);
  return kSuccess;
}

Error cuLaunchKernel(Function function, unsigned grid_x, unsigned grid_y, unsigned grid_z,
                     unsigned group_x, unsigned group_y, unsigned group_z, unsigned shared_bytes,
                     Stream stream, void** parameters, void**) {
  ENTER();
  const auto allowed = current->shared_bytes.find(function);
  if (shared_bytes > (allowed == current->shared_bytes.end() ? kSharedBytes : allowed->second))
    return kInvalidValue;
  if (grid_x == 0 || grid_y != 1 || grid_z != 1 || group_x == 0 || group_x > 1024 || group_y != 1 ||
      group_z != 1)
    return kInvalidValue;
  const auto& kernel = *reinterpret_cast<const CpuKernel*>(function);
  Values values(kernel.argument_count);
  for (uint32_t i = 0; i < kernel.argument_count; i++)
    std::memcpy(values[i].data(), parameters[i], kernel.arguments[i].size_bytes);
  const bool fails = (current->launches++ == setting("FAKE_CUDA_FAIL_LAUNCH", UINT64_MAX)) |
                     is_broken(kernel.name, grid_x * group_x);
  stream_of(stream)->commands.emplace_back([=, &kernel] {
    return fails ? kLaunchFailed : run_kernel(kernel, {grid_x, group_x, shared_bytes}, values);
  });
  return kSuccess;
}

}  // extern "C"
