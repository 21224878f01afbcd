// OpenCL devices: AMD and Intel GPUs, older NVIDIA ones, and any processor
// through PoCL.
#include <algorithm>
#include <atomic>

#include "host/backends.h"
#include "host/checks.h"
#include "host/cpu/topology.h"
#include "host/opencl/opencl_api.h"
#include "host/opencl/platform.h"
#include "host/opencl/program.h"

namespace quarry {
namespace opencl {
namespace {

constexpr cl_device_info kFreeMemoryAmd = 0x4039;  // in KiB

class OpenclBuffer : public Buffer {
 public:
  OpenclBuffer(Memory memory, uint64_t size_bytes, std::atomic<uint64_t>& allocated)
      : memory_(std::move(memory)), size_bytes_(size_bytes), allocated_(allocated) {
    allocated_ += size_bytes_;
  }
  ~OpenclBuffer() override { allocated_ -= size_bytes_; }
  uint64_t size_bytes() const override { return size_bytes_; }
  cl_mem memory() const { return memory_.get(); }

 private:
  Memory memory_;
  uint64_t size_bytes_;
  std::atomic<uint64_t>& allocated_;
};

cl_mem memory_of(const Buffer& buffer) { return static_cast<const OpenclBuffer&>(buffer).memory(); }

// The kernels in the order of kernel_signatures(), null where OpenCL's text has
// not got it. Each queue has its own: arguments are set in the kernel object,
// which threads must not share.
Result<std::vector<Kernel>> create_kernels(cl_program program) {
  std::vector<Kernel> kernels;
  for (const CpuKernel& signature : kernel_signatures()) {
    cl_int error = CL_SUCCESS;
    kernels.emplace_back(clCreateKernel(program, signature.name, &error));
    if (error == CL_INVALID_KERNEL_NAME) continue;
    QUARRY_TRY(to_status(error, std::string("kernel ") + signature.name));
  }
  return kernels;
}

class OpenclQueue : public Queue {
 public:
  OpenclQueue(CommandQueue queue, std::vector<Kernel> kernels, const FoundDevice& found)
      : queue_(std::move(queue)), kernels_(std::move(kernels)), found_(found) {}
  // Copies to the caller's memory must not outlive the queue.
  ~OpenclQueue() override { clFinish(queue_.get()); }

  Status write(Buffer& buffer, uint64_t offset, std::span<const std::byte> source) override {
    QUARRY_TRY(failure_);
    QUARRY_TRY(check_range(buffer, offset, source.size(), "write"));
    if (source.empty()) return {};
    return keep(to_status(clEnqueueWriteBuffer(queue_.get(), memory_of(buffer), CL_FALSE, offset,
                                               source.size(), source.data(), 0, nullptr, nullptr),
                          "write to the device"));
  }

  Status read(const Buffer& buffer, uint64_t offset, std::span<std::byte> target) override {
    QUARRY_TRY(failure_);
    QUARRY_TRY(check_range(buffer, offset, target.size(), "read"));
    if (target.empty()) return {};
    return keep(to_status(clEnqueueReadBuffer(queue_.get(), memory_of(buffer), CL_FALSE, offset,
                                              target.size(), target.data(), 0, nullptr, nullptr),
                          "read from the device"));
  }

  Status read_rows(const Buffer& buffer, const Rows& rows, std::byte* target) override {
    QUARRY_TRY(failure_);
    QUARRY_TRY(check_rows(buffer, rows));
    if (is_one_run(rows))
      return read(buffer, rows.buffer_offset, {target, rows.rows * rows.row_bytes});
    if (rows.rows == 0 || rows.row_bytes == 0) return {};
    const size_t buffer_origin[] = {rows.buffer_offset, 0, 0};
    const size_t host_origin[] = {0, 0, 0};
    const size_t region[] = {rows.row_bytes, rows.rows, 1};
    return keep(
        to_status(clEnqueueReadBufferRect(queue_.get(), memory_of(buffer), CL_FALSE, buffer_origin,
                                          host_origin, region, rows.buffer_pitch, 0,
                                          rows.host_pitch, 0, target, 0, nullptr, nullptr),
                  "read of rows from the device"));
  }

  Status launch(std::string_view name, Grid grid, std::span<const Argument> arguments) override {
    QUARRY_TRY(failure_);
    const std::span<const CpuKernel> signatures = kernel_signatures();
    const auto signature = std::find_if(signatures.begin(), signatures.end(),
                                        [name](const CpuKernel& k) { return name == k.name; });
    cl_kernel kernel = nullptr;
    if (signature != signatures.end())
      kernel = kernels_[static_cast<size_t>(signature - signatures.begin())].get();
    if (kernel == nullptr)
      return {Code::kInvalidArgument, "no kernel " + std::string(name) + " for OpenCL"};
    QUARRY_TRY(check_launch(*signature, grid, arguments));
    QUARRY_TRY(check_group_memory(name, grid, found_.max_group_memory));
    const uint32_t group_size = grid.group_size > 0 ? grid.group_size : found_.info.group_size;
    QUARRY_ASSIGN(const uint32_t groups, count_groups(name, grid.items, group_size));
    if (groups == 0) return {};
    const std::string action = "kernel " + std::string(name);
    cl_uint place = 0;
    // Group memory is a parameter of its own, which may not be empty.
    if (signature->takes_group_memory)
      QUARRY_TRY(keep(to_status(
          clSetKernelArg(kernel, place++, std::max<size_t>(grid.group_memory_bytes, 16), nullptr),
          action)));
    for (size_t i = 0; i < arguments.size(); i++) {
      cl_mem memory = nullptr;
      const void* value = arguments[i].bytes();
      size_t size = arguments[i].size();
      if (const Buffer* buffer = arguments[i].buffer(); buffer != nullptr) {
        memory = memory_of(*buffer);
        value = &memory;
        size = sizeof memory;
      }
      QUARRY_TRY(keep(to_status(clSetKernelArg(kernel, place++, size, value), action)));
    }
    const size_t local = group_size;
    const size_t global = size_t{groups} * group_size;
    cl_event event = nullptr;
    const cl_int error = clEnqueueNDRangeKernel(queue_.get(), kernel, 1, nullptr, &global, &local,
                                                0, nullptr, &event);
    QUARRY_TRY(keep(to_status(error, action)));
    launched_.push_back({Event(event), signature->name});
    // The device starts while the host goes on.
    return keep(to_status(clFlush(queue_.get()), action));
  }

  Status wait() override {
    QUARRY_TRY(failure_);
    const cl_int error = clFinish(queue_.get());
    for (const Launch& launch : launched_) {
      cl_int state = CL_COMPLETE;
      const cl_int unknown = clGetEventInfo(launch.event.get(), CL_EVENT_COMMAND_EXECUTION_STATUS,
                                            sizeof state, &state, nullptr);
      if (failure_.ok() && unknown == CL_SUCCESS && state < 0)
        (void)keep(to_status(state, std::string("kernel ") + launch.kernel));
    }
    if (failure_.ok() && error != CL_SUCCESS)
      (void)keep(to_status(error, launched_.empty()
                                      ? std::string("waiting for the device")
                                      : std::string("after kernel ") + launched_.back().kernel));
    launched_.clear();
    return failure_;
  }

 private:
  struct Launch {
    Event event;
    const char* kernel;
  };

  // The first failure stays.
  Status keep(Status status) {
    if (failure_.ok()) failure_ = std::move(status);
    return failure_;
  }

  CommandQueue queue_;
  std::vector<Kernel> kernels_;
  const FoundDevice& found_;      // the device's own
  std::vector<Launch> launched_;  // since the last wait()
  Status failure_;
};

class OpenclDevice : public Device {
 public:
  // The larger work that only has to be done once: context and program.
  static Result<std::unique_ptr<Device>> open(const FoundDevice& found) {
    std::unique_ptr<OpenclDevice> device(new OpenclDevice(found));
    cl_int error = CL_SUCCESS;
    device->context_.reset(clCreateContext(nullptr, 1, &found.device, nullptr, nullptr, &error));
    QUARRY_TRY(to_status(error, "opening the device"));
    QUARRY_ASSIGN(device->program_, build_program(device->context_.get(), found));
    QUARRY_ASSIGN(device->touch_queue_, device->create_queue());
    QUARRY_TRY(device->fit_group_size());
    return std::unique_ptr<Device>(std::move(device));
  }

  const DeviceInfo& info() const override { return found_.info; }

  // Exact on AMD; elsewhere what this process has not taken itself.
  uint64_t free_bytes() const override {
    const uint64_t left =
        found_.info.memory_bytes - std::min(found_.info.memory_bytes, allocated_.load());
    if (device_value<cl_bool>(found_.device, CL_DEVICE_HOST_UNIFIED_MEMORY) == CL_TRUE)
      return std::min(left, available_memory_bytes());
    // Free memory, then the largest free block.
    size_t free_kib[2] = {0, 0};
    if (clGetDeviceInfo(found_.device, kFreeMemoryAmd, sizeof free_kib, free_kib, nullptr) ==
        CL_SUCCESS)
      return std::min<uint64_t>(left, uint64_t{free_kib[0]} * 1024);
    return left;
  }

  Result<std::unique_ptr<Buffer>> allocate(uint64_t size_bytes) override {
    const std::string action = "allocating " + std::to_string(size_bytes) + " bytes on the device";
    if (size_bytes > found_.info.max_buffer_bytes)
      return Status(Code::kOutOfMemory, action + ": its largest buffer has " +
                                            std::to_string(found_.info.max_buffer_bytes));
    const uint64_t real_size = std::max<uint64_t>(size_bytes, 1);
    cl_int error = CL_SUCCESS;
    Memory memory(clCreateBuffer(context_.get(), CL_MEM_READ_WRITE, real_size, nullptr, &error));
    QUARRY_TRY(allocation_status(error, action));
    // Drivers allocate at the first use; it should fail here, not in a kernel.
    const unsigned char zero = 0;
    error = clEnqueueFillBuffer(touch_queue_.get(), memory.get(), &zero, sizeof zero, real_size - 1,
                                sizeof zero, 0, nullptr, nullptr);
    QUARRY_TRY(allocation_status(error, action));
    QUARRY_TRY(allocation_status(clFinish(touch_queue_.get()), action));
    return std::unique_ptr<Buffer>(
        std::make_unique<OpenclBuffer>(std::move(memory), size_bytes, allocated_));
  }

  Result<std::unique_ptr<Buffer>> wrap(std::span<std::byte>) override {
    return Status(Code::kUnsupported, "OpenCL cannot pin memory that is already allocated");
  }

  Result<std::unique_ptr<Queue>> open_queue(uint32_t, QueuePriority) override {
    QUARRY_ASSIGN(CommandQueue queue, create_queue());
    QUARRY_ASSIGN(std::vector<Kernel> kernels, create_kernels(program_.get()));
    return std::unique_ptr<Queue>(
        std::make_unique<OpenclQueue>(std::move(queue), std::move(kernels), found_));
  }

 private:
  explicit OpenclDevice(FoundDevice found) : found_(std::move(found)) {}

  static Status allocation_status(cl_int error, std::string_view action) {
    const bool out_of_memory = error == CL_MEM_OBJECT_ALLOCATION_FAILURE ||
                               error == CL_OUT_OF_RESOURCES || error == CL_OUT_OF_HOST_MEMORY ||
                               error == CL_INVALID_BUFFER_SIZE;
    return to_status(error, action, out_of_memory ? Code::kOutOfMemory : Code::kDevice);
  }

  Result<CommandQueue> create_queue() {
    cl_int error = CL_SUCCESS;
    CommandQueue queue(clCreateCommandQueue(context_.get(), found_.device, 0, &error));
    QUARRY_TRY(to_status(error, "opening a queue"));
    return queue;
  }

  // A kernel that needs many registers may not run in groups of any size.
  Status fit_group_size() {
    QUARRY_ASSIGN(const std::vector<Kernel> kernels, create_kernels(program_.get()));
    for (const Kernel& kernel : kernels) {
      if (kernel == nullptr) continue;
      size_t largest = 0;
      const cl_int error =
          clGetKernelWorkGroupInfo(kernel.get(), found_.device, CL_KERNEL_WORK_GROUP_SIZE,
                                   sizeof largest, &largest, nullptr);
      QUARRY_TRY(to_status(error, "asking for the size of groups"));
      found_.info.group_size =
          static_cast<uint32_t>(std::clamp<size_t>(largest, 1, found_.info.group_size));
    }
    return {};
  }

  FoundDevice found_;
  Context context_;
  Program program_;
  CommandQueue touch_queue_;  // for allocate()
  std::atomic<uint64_t> allocated_{0};
};

std::vector<DeviceInfo> list(const DeviceOptions&) {
  std::vector<DeviceInfo> devices;
  for (FoundDevice& found : find_devices()) devices.push_back(std::move(found.info));
  return devices;
}

Result<std::unique_ptr<Device>> open(std::string_view id, const DeviceOptions&) {
  std::string known;
  for (const FoundDevice& found : find_devices()) {
    if (found.info.id == id) {
      auto device = OpenclDevice::open(found);
      if (!device.ok()) return device.status().with_context(std::string(id));
      return device;
    }
    known += " " + found.info.id;
  }
  return Status(Code::kNotFound, "no device " + std::string(id) + "; OpenCL has" +
                                     (known.empty() ? " no device" : known));
}

}  // namespace
}  // namespace opencl

const Backend kOpenclBackend = {"opencl", opencl::list, opencl::open};

}  // namespace quarry
