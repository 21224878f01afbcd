// The backends that this build contains; used by host/devices.cpp only.
#pragma once

#include "host/device.h"

namespace quarry {

extern const Backend kCpuBackend;
extern const Backend kOpenclBackend;  // with QUARRY_OPENCL
extern const Backend kCudaBackend;    // with QUARRY_CUDA

}  // namespace quarry
