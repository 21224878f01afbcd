// The OpenCL C API with owners for its handles and Status for its errors.
#pragma once

#define CL_TARGET_OPENCL_VERSION 120
#include <CL/cl.h>

#include <memory>
#include <string>
#include <string_view>
#include <type_traits>

#include "base/status.h"

namespace quarry::opencl {

// Releases one kind of handle.
template <class Handle, cl_int (*release)(Handle)>
struct Release {
  using pointer = Handle;
  void operator()(Handle handle) const { release(handle); }
};
template <class Handle, cl_int (*release)(Handle)>
using Owner = std::unique_ptr<std::remove_pointer_t<Handle>, Release<Handle, release>>;

using Context = Owner<cl_context, clReleaseContext>;
using CommandQueue = Owner<cl_command_queue, clReleaseCommandQueue>;
using Program = Owner<cl_program, clReleaseProgram>;
using Kernel = Owner<cl_kernel, clReleaseKernel>;
using Memory = Owner<cl_mem, clReleaseMemObject>;
using Event = Owner<cl_event, clReleaseEvent>;

// "CL_OUT_OF_RESOURCES", or "OpenCL error -9999".
std::string error_name(cl_int error);

// OK for CL_SUCCESS, else `code` and "action: CL_...".
Status to_status(cl_int error, std::string_view action, Code code = Code::kDevice);

// A text property of a device or platform, without trailing blanks; empty if
// it has no such property.
std::string device_text(cl_device_id device, cl_device_info what);
std::string platform_text(cl_platform_id platform, cl_platform_info what);

// A number property of a device; `otherwise` if it has no such property.
template <class T>
T device_value(cl_device_id device, cl_device_info what, T otherwise = {}) {
  T value{};
  return clGetDeviceInfo(device, what, sizeof value, &value, nullptr) == CL_SUCCESS ? value
                                                                                    : otherwise;
}

}  // namespace quarry::opencl
