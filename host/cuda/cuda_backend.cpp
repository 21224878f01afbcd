// NVIDIA GPUs by the CUDA driver API: one primary context per device, a queue
// is a stream.
#include <algorithm>
#include <array>
#include <cstdio>
#include <map>

#include "host/backends.h"
#include "host/checks.h"
#include "host/cuda/driver.h"

// The fatbin, made by host/cuda/CMakeLists.txt.
extern "C" const unsigned char quarry_cuda_fatbin[];

namespace quarry {
namespace cuda {
namespace {

constexpr uint32_t kWarp = 32;
constexpr uint32_t kLaneWords = 4;  // LANE_WORDS of portable.h
constexpr uint32_t kGroup = 64;
// Two warps per scheduler and queue hide the latency of the hash chain; the
// nonces of both queues take 128 MiB per multiprocessor.
constexpr uint32_t kItemsPerMultiprocessor = 256;
// The group memory that every kernel may have.
constexpr uint32_t kAnyKernelGroupMemory = 48 * 1024;

// One device's context, shared by all that was made on it.
class Session {
 public:
  static Result<std::unique_ptr<Session>> open(const Driver& driver, int ordinal);
  ~Session() {
    if (module_ != nullptr && enter().ok()) (void)driver_.module_unload(module_);
    if (context_ != nullptr) (void)driver_.primary_context_release(device_);
  }
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  const Driver& driver() const { return driver_; }
  Status status(Error error, std::string_view action, Code code = Code::kDevice) const {
    return to_status(driver_, error, action, code);
  }

  // The driver knows the context by thread: to be called before any other use.
  Status enter() const { return status(driver_.context_set_current(context_), "using the device"); }

  struct Kernel {
    Function function;
    const CpuKernel* signature;
  };
  // Null if there is no such kernel.
  const Kernel* kernel(std::string_view name) const {
    const auto found = kernels_.find(name);
    return found == kernels_.end() ? nullptr : &found->second;
  }

  // The largest distance of rows that the driver copies.
  uint64_t max_pitch() const { return max_pitch_; }

  // The most memory that one group can have.
  uint32_t max_group_memory() const { return max_group_memory_; }

 private:
  explicit Session(const Driver& driver) : driver_(driver) {}
  Status load_kernels();
  Status allow_group_memory(const Kernel& kernel);

  const Driver& driver_;
  DeviceNumber device_ = 0;
  Context context_ = nullptr;
  Module module_ = nullptr;
  std::map<std::string_view, Kernel> kernels_;
  uint64_t max_pitch_ = 0;
  uint32_t max_group_memory_ = 0;
};

int attribute(const Driver& driver, DeviceNumber device, Attribute what) {
  int value = 0;
  return driver.device_get_attribute(&value, what, device) == kSuccess ? value : 0;
}

Result<std::unique_ptr<Session>> Session::open(const Driver& driver, int ordinal) {
  std::unique_ptr<Session> session(new Session(driver));
  QUARRY_TRY(session->status(driver.device_get(&session->device_, ordinal), "finding the device"));
  // A waiting thread sleeps instead of spinning: the cores have work of their
  // own. A context that is in use already keeps its way, and works as well.
  (void)driver.primary_context_set_flags(session->device_, kScheduleBlockingSync);
  QUARRY_TRY(session->status(driver.primary_context_retain(&session->context_, session->device_),
                             "opening the device"));
  session->max_pitch_ =
      static_cast<uint64_t>(std::max(attribute(driver, session->device_, kMaxPitch), 0));
  session->max_group_memory_ =
      std::max(kAnyKernelGroupMemory,
               static_cast<uint32_t>(attribute(driver, session->device_, kMaxSharedBytesPerGroup)));
  QUARRY_TRY(session->enter());
  QUARRY_TRY(session->load_kernels());
  return session;
}

Status Session::load_kernels() {
  const Error error = driver_.module_load(&module_, quarry_cuda_fatbin, 0, nullptr, nullptr);
  if (error == kNoBinaryForGpu || error == kUnsupportedPtxVersion) {
    const std::string capability =
        std::to_string(attribute(driver_, device_, kComputeCapabilityMajor)) + "." +
        std::to_string(attribute(driver_, device_, kComputeCapabilityMinor));
    return status(error,
                  "this build has no kernels for compute capability " + capability +
                      " that its driver takes; update the driver, or use it through OpenCL",
                  Code::kUnsupported);
  }
  QUARRY_TRY(status(error, "loading the kernels"));
  for (const CpuKernel& signature : kernel_signatures()) {
    Function function = nullptr;
    QUARRY_TRY(status(driver_.module_get_function(&function, module_, signature.name),
                      std::string("kernel ") + signature.name));
    kernels_[signature.name] = {function, &signature};
    QUARRY_TRY(allow_group_memory(kernels_[signature.name]));
  }
  return {};
}

// More than 48 KiB is given only to kernels that were allowed it. Once, here:
// queues of several threads share the function.
Status Session::allow_group_memory(const Kernel& kernel) {
  if (!kernel.signature->takes_group_memory || max_group_memory_ == kAnyKernelGroupMemory)
    return {};
  // A wish: what a window keeps in group memory, L1 need not keep.
  (void)driver_.function_set_attribute(kernel.function, kPreferredSharedCarveout, kAllShared);
  return status(driver_.function_set_attribute(kernel.function, kMaxDynamicSharedBytes,
                                               static_cast<int>(max_group_memory_)),
                std::string("group memory of kernel ") + kernel.signature->name);
}

// Device memory of its own, or host memory that was registered with the driver.
class CudaBuffer : public Buffer {
 public:
  CudaBuffer(const Session& session, DeviceAddress address, uint64_t size_bytes,
             void* registered = nullptr)
      : session_(session), address_(address), size_bytes_(size_bytes), registered_(registered) {}
  ~CudaBuffer() override {
    if (!session_.enter().ok()) return;  // the context is gone, and the memory with it
    if (registered_ != nullptr)
      (void)session_.driver().host_unregister(registered_);
    else
      (void)session_.driver().memory_free(address_);
  }
  CudaBuffer(const CudaBuffer&) = delete;
  CudaBuffer& operator=(const CudaBuffer&) = delete;
  uint64_t size_bytes() const override { return size_bytes_; }
  DeviceAddress address() const { return address_; }

 private:
  const Session& session_;
  DeviceAddress address_;
  uint64_t size_bytes_;
  void* registered_;
};

DeviceAddress address_of(const Buffer& buffer) {
  return static_cast<const CudaBuffer&>(buffer).address();
}

class CudaQueue : public Queue {
 public:
  CudaQueue(const Session& session, Stream stream) : session_(session), stream_(stream) {}
  // Copies to the caller's memory must not outlive the queue.
  ~CudaQueue() override {
    if (!session_.enter().ok()) return;
    (void)session_.driver().stream_synchronize(stream_);
    (void)session_.driver().stream_destroy(stream_);
  }
  CudaQueue(const CudaQueue&) = delete;
  CudaQueue& operator=(const CudaQueue&) = delete;

  Status write(Buffer& buffer, uint64_t offset, std::span<const std::byte> source) override {
    QUARRY_TRY(failure_);
    QUARRY_TRY(check_range(buffer, offset, source.size(), "write"));
    if (source.empty()) return {};
    QUARRY_TRY(keep(session_.enter()));
    return keep(session_.driver().copy_to_device(address_of(buffer) + offset, source.data(),
                                                 source.size(), stream_),
                "write to the device");
  }

  Status read(const Buffer& buffer, uint64_t offset, std::span<std::byte> target) override {
    QUARRY_TRY(failure_);
    QUARRY_TRY(check_range(buffer, offset, target.size(), "read"));
    if (target.empty()) return {};
    QUARRY_TRY(keep(session_.enter()));
    return keep(session_.driver().copy_to_host(target.data(), address_of(buffer) + offset,
                                               target.size(), stream_),
                "read from the device");
  }

  Status read_rows(const Buffer& buffer, const Rows& rows, std::byte* target) override {
    QUARRY_TRY(failure_);
    QUARRY_TRY(check_rows(buffer, rows));
    if (rows.rows == 0 || rows.row_bytes == 0) return {};
    if (is_one_run(rows))
      return read(buffer, rows.buffer_offset, {target, rows.rows * rows.row_bytes});
    if (std::max(rows.buffer_pitch, rows.host_pitch) > session_.max_pitch()) {
      for (uint64_t row = 0; row < rows.rows; row++)
        QUARRY_TRY(read(buffer, rows.buffer_offset + row * rows.buffer_pitch,
                        {target + row * rows.host_pitch, rows.row_bytes}));
      return {};
    }
    QUARRY_TRY(keep(session_.enter()));
    Copy2d copy;
    copy.source_type = kMemoryTypeDevice;
    copy.source_device = address_of(buffer) + rows.buffer_offset;
    copy.source_pitch = rows.buffer_pitch;
    copy.target_type = kMemoryTypeHost;
    copy.target_host = target;
    copy.target_pitch = rows.host_pitch;
    copy.width_bytes = rows.row_bytes;
    copy.height = rows.rows;
    return keep(session_.driver().copy_2d(&copy, stream_), "read of rows from the device");
  }

  Status launch(std::string_view name, Grid grid, std::span<const Argument> arguments) override {
    QUARRY_TRY(failure_);
    const Session::Kernel* kernel = session_.kernel(name);
    if (kernel == nullptr)
      return {Code::kInvalidArgument, "no kernel " + std::string(name) + " for CUDA"};
    QUARRY_TRY(check_launch(*kernel->signature, grid, arguments));
    QUARRY_TRY(check_group_memory(name, grid, session_.max_group_memory()));
    const uint32_t group_size = grid.group_size > 0 ? grid.group_size : kGroup;
    QUARRY_ASSIGN(const uint32_t groups, count_groups(name, grid.items, group_size));
    if (groups == 0) return {};
    // The driver copies the values during the call.
    std::array<DeviceAddress, kMostArguments> addresses;
    std::array<void*, kMostArguments> values;
    QUARRY_CHECK(arguments.size() <= values.size());
    for (size_t i = 0; i < arguments.size(); i++) {
      if (const Buffer* buffer = arguments[i].buffer(); buffer != nullptr) {
        addresses[i] = address_of(*buffer);
        values[i] = &addresses[i];
      } else {
        values[i] = const_cast<std::byte*>(arguments[i].bytes());
      }
    }
    QUARRY_TRY(keep(session_.enter()));
    const char* known_name = kernel->signature->name;
    QUARRY_TRY(keep(
        session_.driver().launch_kernel(kernel->function, groups, 1, 1, group_size, 1, 1,
                                        grid.group_memory_bytes, stream_, values.data(), nullptr),
        "kernel " + std::string(name)));
    if (std::find(running_.begin(), running_.end(), known_name) == running_.end())
      running_.push_back(known_name);
    return {};
  }

  Status wait() override {
    QUARRY_TRY(failure_);
    QUARRY_TRY(keep(session_.enter()));
    const Error error = session_.driver().stream_synchronize(stream_);
    std::string action = "waiting for the device";
    for (const char* kernel : running_) action += std::string(", kernel ") + kernel;
    running_.clear();
    return keep(error, action);
  }

 private:
  static constexpr size_t kMostArguments = 32;

  // The first failure stays: after most errors the driver refuses everything.
  Status keep(Status status) {
    if (failure_.ok()) failure_ = std::move(status);
    return failure_;
  }
  Status keep(Error error, std::string_view action) {
    return error == kSuccess ? failure_ : keep(session_.status(error, action));
  }

  const Session& session_;
  Stream stream_;
  std::vector<const char*> running_;  // kernels launched since the last wait(), each once
  Status failure_;
};

class CudaDevice : public Device {
 public:
  CudaDevice(DeviceInfo info, std::unique_ptr<Session> session)
      : info_(std::move(info)), session_(std::move(session)) {}

  const DeviceInfo& info() const override { return info_; }

  uint64_t free_bytes() const override {
    size_t free_bytes = 0, total_bytes = 0;
    if (!session_->enter().ok() ||
        session_->driver().memory_get_info(&free_bytes, &total_bytes) != kSuccess)
      return 0;
    return free_bytes;
  }

  Result<std::unique_ptr<Buffer>> allocate(uint64_t size_bytes) override {
    QUARRY_TRY(session_->enter());
    DeviceAddress address = 0;
    const Error error =
        session_->driver().memory_allocate(&address, std::max<uint64_t>(size_bytes, 1));
    QUARRY_TRY(session_->status(error,
                                "allocating " + std::to_string(size_bytes) + " bytes on the device",
                                error == kOutOfDeviceMemory ? Code::kOutOfMemory : Code::kDevice));
    return std::unique_ptr<Buffer>(std::make_unique<CudaBuffer>(*session_, address, size_bytes));
  }

  // Pins the memory, for every GPU of this process: copies to it then run
  // beside kernels and at the speed of the bus.
  Result<std::unique_ptr<Buffer>> wrap(std::span<std::byte> memory) override {
    QUARRY_TRY(session_->enter());
    const Driver& driver = session_->driver();
    const std::string action = "pinning " + std::to_string(memory.size()) + " bytes";
    Error error = driver.host_register(memory.data(), memory.size(),
                                       kHostRegisterPortable | kHostRegisterDeviceMap);
    QUARRY_TRY(session_->status(error, action, pinning_code(error)));
    DeviceAddress address = 0;
    error = driver.host_get_device_pointer(&address, memory.data(), 0);
    if (error != kSuccess) {
      (void)driver.host_unregister(memory.data());
      return session_->status(error, action, pinning_code(error));
    }
    return std::unique_ptr<Buffer>(
        std::make_unique<CudaBuffer>(*session_, address, memory.size(), memory.data()));
  }

  Result<std::unique_ptr<Queue>> open_queue(uint32_t, QueuePriority priority) override {
    QUARRY_TRY(session_->enter());
    const Driver& driver = session_->driver();
    // Numbers are lower where the priority is higher; 0 is the lowest there is.
    int lowest = 0, highest = 0;
    QUARRY_TRY(session_->status(driver.context_get_stream_priority_range(&lowest, &highest),
                                "asking for priorities"));
    Stream stream = nullptr;
    QUARRY_TRY(
        session_->status(driver.stream_create(&stream, kStreamNonBlocking,
                                              priority == QueuePriority::kHigh ? highest : lowest),
                         "opening a queue"));
    return std::unique_ptr<Queue>(std::make_unique<CudaQueue>(*session_, stream));
  }

 private:
  // Copies work without pinning, slower: only a device that fails is a failure.
  static Code pinning_code(Error error) {
    switch (error) {
      case kOutOfDeviceMemory: return Code::kOutOfMemory;
      case kInvalidValue:
      case kHostMemoryAlreadyRegistered:
      case kNotPermitted:
      case kNotSupported: return Code::kUnsupported;
      default: return Code::kDevice;
    }
  }

  DeviceInfo info_;
  std::unique_ptr<Session> session_;
};

DeviceInfo describe(const Driver& driver, int ordinal) {
  DeviceInfo info;
  info.id = "cuda:" + std::to_string(ordinal);
  info.backend = "cuda";
  int version = 0;
  if (driver.get_version(&version) == kSuccess) info.driver = std::to_string(version);
  DeviceNumber device = 0;
  if (driver.device_get(&device, ordinal) != kSuccess) return info;
  std::array<char, 256> name{};
  if (driver.device_get_name(name.data(), static_cast<int>(name.size()) - 1, device) == kSuccess)
    info.name = name.data();
  size_t bytes = 0;
  if (driver.device_total_memory(&bytes, device) == kSuccess) info.memory_bytes = bytes;
  info.max_buffer_bytes = info.memory_bytes;
  std::array<char, 32> place{};
  std::snprintf(place.data(), place.size(), "pci:%04x:%02x:%02x",
                static_cast<unsigned>(attribute(driver, device, kPciDomainId)),
                static_cast<unsigned>(attribute(driver, device, kPciBusId)),
                static_cast<unsigned>(attribute(driver, device, kPciDeviceId)));
  info.hardware = place.data();
  info.group_size = kGroup;
  info.interleave = kWarp;
  info.lane_words = kLaneWords;
  info.multiprocessors =
      static_cast<uint32_t>(std::max(attribute(driver, device, kMultiprocessorCount), 1));
  info.items_per_queue = kItemsPerMultiprocessor * info.multiprocessors;
  info.queues = 2;
  info.owns_memory = true;
  info.group_memory_bytes = static_cast<uint64_t>(
      std::max(attribute(driver, device, kMaxSharedBytesPerMultiprocessor), 0));
  info.has_watchdog = attribute(driver, device, kKernelTimeout) != 0;
  return info;
}

std::vector<DeviceInfo> list(const DeviceOptions&) {
  std::vector<DeviceInfo> devices;
  int count = 0;
  if (driver() == nullptr || driver()->device_get_count(&count) != kSuccess) return devices;
  for (int i = 0; i < count; i++) devices.push_back(describe(*driver(), i));
  return devices;
}

Result<std::unique_ptr<Device>> open(std::string_view id, const DeviceOptions& options) {
  const std::vector<DeviceInfo> devices = list(options);
  std::string known;
  for (size_t i = 0; i < devices.size(); i++) {
    if (devices[i].id == id) {
      auto session = Session::open(*driver(), static_cast<int>(i));
      if (!session.ok()) return session.status().with_context(std::string(id));
      return std::unique_ptr<Device>(
          std::make_unique<CudaDevice>(devices[i], std::move(session).value()));
    }
    known += " " + devices[i].id;
  }
  return Status(Code::kNotFound, "no device " + std::string(id) + "; CUDA has" +
                                     (known.empty() ? " no device" : known));
}

}  // namespace
}  // namespace cuda

const Backend kCudaBackend = {"cuda", cuda::list, cuda::open};

}  // namespace quarry
