#include "host/opencl/platform.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>

namespace quarry::opencl {
namespace {

// Properties of extensions, by the numbers of the Khronos registry: the
// headers of Debian 12 and Ubuntu 22.04 do not have all of them.
constexpr cl_device_info kPciBusInfoKhr = 0x410F;  // domain, bus, device, function
constexpr cl_device_info kPciBusIdNv = 0x4008;
constexpr cl_device_info kPciSlotIdNv = 0x4009;
constexpr cl_device_info kPciDomainIdNv = 0x400A;
constexpr cl_device_info kTopologyAmd = 0x4037;  // type, 17 unused bytes, bus, device, function
constexpr cl_device_info kWavefrontWidthAmd = 0x4043;
constexpr cl_device_info kPreferredMultiple = 0x1067;  // OpenCL 3.0

// PoCL 3.1 runs plot_hashes item by item: 1 to 32 gave the same rate, 10
// nonces/s on two shared cores of a Xeon with AVX-512. A small one keeps batches small.
constexpr uint32_t kProcessorInterleave = 16;
constexpr uint32_t kGpuGroup = 64;
constexpr uint32_t kLaneWords = 4;  // LANE_WORDS of portable.h
// Enough to hide latency with two queues at work, and 64 MiB of nonces.
constexpr uint32_t kItemsPerComputeUnit = 256;

// Where the device sits, so that one that two drivers offer is used once.
std::string pci_place(cl_device_id device) {
  std::array<char, 32> text{};
  const auto format = [&text](unsigned domain, unsigned bus, unsigned slot) {
    std::snprintf(text.data(), text.size(), "pci:%04x:%02x:%02x", domain, bus, slot);
    return std::string(text.data());
  };
  std::array<cl_uint, 4> khr{};
  if (clGetDeviceInfo(device, kPciBusInfoKhr, sizeof khr, khr.data(), nullptr) == CL_SUCCESS)
    return format(khr[0], khr[1], khr[2]);
  cl_uint bus = 0, slot = 0;
  if (clGetDeviceInfo(device, kPciBusIdNv, sizeof bus, &bus, nullptr) == CL_SUCCESS &&
      clGetDeviceInfo(device, kPciSlotIdNv, sizeof slot, &slot, nullptr) == CL_SUCCESS)
    return format(device_value<cl_uint>(device, kPciDomainIdNv), bus, slot >> 3);
  std::array<unsigned char, 24> amd{};
  if (clGetDeviceInfo(device, kTopologyAmd, sizeof amd, amd.data(), nullptr) == CL_SUCCESS &&
      amd[0] == 1)
    return format(0, amd[21], amd[22]);
  return {};
}

// Work items that a GPU runs in lockstep: 64 on AMD GCN and CDNA, else 32. The
// environment variable QUARRY_OPENCL_INTERLEAVE forces one on every device, so
// that tests can have those of GPUs on a processor.
uint32_t interleave_of(cl_device_id device, bool is_processor) {
  const char* forced = std::getenv("QUARRY_OPENCL_INTERLEAVE");
  const uint64_t number = forced == nullptr ? 0 : std::strtoull(forced, nullptr, 10);
  if (number > 0 && number <= 1024 && (number & (number - 1)) == 0)
    return static_cast<uint32_t>(number);
  if (is_processor) return kProcessorInterleave;
  const auto wavefront = device_value<cl_uint>(device, kWavefrontWidthAmd);
  if (wavefront == 32 || wavefront == 64) return wavefront;
  return device_value<size_t>(device, kPreferredMultiple) == 64 ? 64 : 32;
}

bool is_usable(cl_device_id device) {
  return device_value<cl_bool>(device, CL_DEVICE_AVAILABLE) == CL_TRUE &&
         device_value<cl_bool>(device, CL_DEVICE_COMPILER_AVAILABLE) == CL_TRUE &&
         device_value<cl_bool>(device, CL_DEVICE_ENDIAN_LITTLE) == CL_TRUE;
}

FoundDevice describe(cl_platform_id platform, cl_device_id device) {
  FoundDevice found;
  found.platform = platform;
  found.device = device;
  const auto type = device_value<cl_device_type>(device, CL_DEVICE_TYPE);
  found.is_processor = (type & CL_DEVICE_TYPE_CPU) != 0;
  const uint32_t units =
      std::max<uint32_t>(device_value<cl_uint>(device, CL_DEVICE_MAX_COMPUTE_UNITS), 1);
  const auto largest_group =
      std::max<size_t>(device_value<size_t>(device, CL_DEVICE_MAX_WORK_GROUP_SIZE), 1);
  DeviceInfo& info = found.info;
  info.backend = "opencl";
  info.name = device_text(device, CL_DEVICE_NAME);
  info.driver = device_text(device, CL_DRIVER_VERSION);
  info.memory_bytes = device_value<cl_ulong>(device, CL_DEVICE_GLOBAL_MEM_SIZE);
  info.max_buffer_bytes = device_value<cl_ulong>(device, CL_DEVICE_MAX_MEM_ALLOC_SIZE);
  info.hardware = found.is_processor ? "cpu" : pci_place(device);
  info.interleave = interleave_of(device, found.is_processor);
  info.group_size = static_cast<uint32_t>(
      std::min<size_t>(found.is_processor ? kProcessorInterleave : kGpuGroup, largest_group));
  info.items_per_queue = units * (found.is_processor ? info.group_size : kItemsPerComputeUnit);
  info.queues = found.is_processor ? 1 : 2;
  info.owns_memory = device_value<cl_bool>(device, CL_DEVICE_HOST_UNIFIED_MEMORY) == CL_FALSE;
  info.lane_words = kLaneWords;
  found.max_group_memory = device_value<cl_ulong>(device, CL_DEVICE_LOCAL_MEM_SIZE);
  if (!found.is_processor) {
    info.multiprocessors = units;
    // Elsewhere it is memory like any other, and no faster.
    if (device_value<cl_device_local_mem_type>(device, CL_DEVICE_LOCAL_MEM_TYPE) == CL_LOCAL)
      info.group_memory_bytes = found.max_group_memory;
    info.has_watchdog = true;  // unknown
  }
  return found;
}

std::vector<cl_platform_id> platforms_by_name() {
  cl_uint count = 0;
  if (clGetPlatformIDs(0, nullptr, &count) != CL_SUCCESS || count == 0) return {};
  std::vector<cl_platform_id> platforms(count);
  if (clGetPlatformIDs(count, platforms.data(), nullptr) != CL_SUCCESS) return {};
  std::stable_sort(platforms.begin(), platforms.end(), [](cl_platform_id a, cl_platform_id b) {
    return platform_text(a, CL_PLATFORM_NAME) < platform_text(b, CL_PLATFORM_NAME);
  });
  return platforms;
}

}  // namespace

std::vector<FoundDevice> find_devices() {
  std::vector<FoundDevice> all;
  for (cl_platform_id platform : platforms_by_name()) {
    cl_uint count = 0;
    if (clGetDeviceIDs(platform, CL_DEVICE_TYPE_ALL, 0, nullptr, &count) != CL_SUCCESS) continue;
    std::vector<cl_device_id> devices(count);
    if (clGetDeviceIDs(platform, CL_DEVICE_TYPE_ALL, count, devices.data(), nullptr) != CL_SUCCESS)
      continue;
    for (cl_device_id device : devices) {
      if (!is_usable(device)) continue;
      all.push_back(describe(platform, device));
      all.back().info.id = "opencl:" + std::to_string(all.size() - 1);
    }
  }
  return all;
}

}  // namespace quarry::opencl
