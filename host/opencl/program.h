// The kernels, built for one OpenCL device.
#pragma once

#include "host/opencl/opencl_api.h"
#include "host/opencl/platform.h"

namespace quarry::opencl {

// The program of all kernels for `found`, with its INTERLEAVE, from the cache
// where it has it. kDevice with the compiler's words.
Result<Program> build_program(cl_context context, const FoundDevice& found);

}  // namespace quarry::opencl
