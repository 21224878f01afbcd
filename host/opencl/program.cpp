#include "host/opencl/program.h"

#include "host/cache_folder.h"
#include "host/opencl/program_cache.h"

namespace quarry {

// Made by kernels/embed.cmake: kernels/all.h and what it includes, in one text.
extern const std::string_view kKernelSource;

namespace opencl {
namespace {

constexpr size_t kLongestLog = 2000;

std::string build_log(cl_program program, cl_device_id device) {
  size_t size = 0;
  if (clGetProgramBuildInfo(program, device, CL_PROGRAM_BUILD_LOG, 0, nullptr, &size) != CL_SUCCESS)
    return {};
  std::string log(size, '\0');
  if (clGetProgramBuildInfo(program, device, CL_PROGRAM_BUILD_LOG, size, log.data(), nullptr) !=
      CL_SUCCESS)
    return {};
  return log.substr(0, std::min(log.find('\0'), kLongestLog));
}

// Null if the driver does not take it: an update of the driver may keep its
// version text and still refuse what the one before made.
Program from_binary(cl_context context, cl_device_id device, const std::string& options,
                    const std::string& binary) {
  const auto* bytes = reinterpret_cast<const unsigned char*>(binary.data());
  const size_t size = binary.size();
  cl_int binary_error = CL_SUCCESS, error = CL_SUCCESS;
  Program program(
      clCreateProgramWithBinary(context, 1, &device, &size, &bytes, &binary_error, &error));
  if (error != CL_SUCCESS || binary_error != CL_SUCCESS) return nullptr;
  if (clBuildProgram(program.get(), 1, &device, options.c_str(), nullptr, nullptr) != CL_SUCCESS)
    return nullptr;
  return program;
}

Result<Program> from_source(cl_context context, cl_device_id device, const std::string& options) {
  const char* text = kKernelSource.data();
  const size_t size = kKernelSource.size();
  cl_int error = CL_SUCCESS;
  Program program(clCreateProgramWithSource(context, 1, &text, &size, &error));
  QUARRY_TRY(to_status(error, "creating the OpenCL program"));
  error = clBuildProgram(program.get(), 1, &device, options.c_str(), nullptr, nullptr);
  if (error != CL_SUCCESS)
    return to_status(error, "building the kernels with " + options)
        .with_context(build_log(program.get(), device));
  return program;
}

// Empty where the driver gives none.
std::string binary_of(cl_program program) {
  size_t size = 0;
  if (clGetProgramInfo(program, CL_PROGRAM_BINARY_SIZES, sizeof size, &size, nullptr) != CL_SUCCESS)
    return {};
  std::string binary(size, '\0');
  auto* bytes = reinterpret_cast<unsigned char*>(binary.data());
  if (clGetProgramInfo(program, CL_PROGRAM_BINARIES, sizeof bytes, &bytes, nullptr) != CL_SUCCESS)
    return {};
  return binary;
}

}  // namespace

Result<Program> build_program(cl_context context, const FoundDevice& found) {
  const std::string options = "-cl-std=CL1.2 -DINTERLEAVE=" + std::to_string(found.info.interleave);
  const std::string platform = platform_text(found.platform, CL_PLATFORM_VERSION);
  const std::string version = device_text(found.device, CL_DEVICE_VERSION);
  const std::string driver = device_text(found.device, CL_DRIVER_VERSION);
  const std::string_view parts[] = {found.info.name, platform, version,
                                    driver,          options,  kKernelSource};
  const ProgramCache cache(default_cache_folder());
  const std::string key = ProgramCache::key_of(parts);
  if (const auto binary = cache.load(key); binary.has_value())
    if (Program program = from_binary(context, found.device, options, *binary)) return program;
  QUARRY_ASSIGN(Program program, from_source(context, found.device, options));
  if (const std::string binary = binary_of(program.get()); !binary.empty())
    cache.store(key, binary);
  return program;
}

}  // namespace opencl
}  // namespace quarry
