// The OpenCL devices of this machine and what they say of themselves.
#pragma once

#include <vector>

#include "host/device.h"
#include "host/opencl/opencl_api.h"

namespace quarry::opencl {

struct FoundDevice {
  cl_platform_id platform = nullptr;
  cl_device_id device = nullptr;
  bool is_processor = false;      // the CPU of this machine as a device: PoCL
  uint64_t max_group_memory = 0;  // bytes that one group can have
  DeviceInfo info;
};

// Every usable device of every platform as opencl:0, opencl:1, ...: platforms
// by name, their devices in the driver's order. Empty where no driver is
// installed.
std::vector<FoundDevice> find_devices();

}  // namespace quarry::opencl
