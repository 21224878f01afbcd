#include "host/isolated/isolated_device.h"

#include <algorithm>
#include <optional>

#include "host/checks.h"
#include "host/isolated/worker_process.h"
#include "host/memory.h"

namespace quarry {
namespace isolated {
namespace {

// For copies to and from memory that the process does not have; of each queue.
constexpr uint64_t kBounceBytes = 4 << 20;

// Host memory as both processes know it.
struct WrappedPlace {
  uint64_t memory;  // number of the buffer that wraps it
  uint64_t offset;
};

// The memory that is wrapped now. Any thread.
class WrappedMemory {
 public:
  void add(uint64_t number, std::span<std::byte> memory) {
    const std::lock_guard lock(mutex_);
    all_.push_back({number, memory});
  }

  void remove(uint64_t number) {
    const std::lock_guard lock(mutex_);
    std::erase_if(all_, [number](const Entry& entry) { return entry.number == number; });
  }

  // Empty if the bytes are not all in one piece of wrapped memory.
  std::optional<WrappedPlace> find(const std::byte* begin, uint64_t size_bytes) {
    const std::lock_guard lock(mutex_);
    for (const auto& [number, memory] : all_) {
      const uint64_t offset =
          reinterpret_cast<uintptr_t>(begin) - reinterpret_cast<uintptr_t>(memory.data());
      if (offset <= memory.size() && size_bytes <= memory.size() - offset)
        return WrappedPlace{number, offset};
    }
    return std::nullopt;
  }

 private:
  struct Entry {
    uint64_t number;
    std::span<std::byte> memory;
  };
  std::mutex mutex_;
  std::vector<Entry> all_;
};

// What device, buffers and queues share.
struct Session {
  std::unique_ptr<WorkerProcess> process;
  WrappedMemory wrapped;
};

class IsolatedBuffer : public Buffer {
 public:
  IsolatedBuffer(Session& session, uint64_t number, uint64_t size_bytes)
      : session_(session), number_(number), size_bytes_(size_bytes) {}
  ~IsolatedBuffer() override {
    session_.wrapped.remove(number_);
    (void)session_.process->ask<Nothing>(Operation::kFree, number_);
  }
  IsolatedBuffer(const IsolatedBuffer&) = delete;
  IsolatedBuffer& operator=(const IsolatedBuffer&) = delete;
  uint64_t size_bytes() const override { return size_bytes_; }
  uint64_t number() const { return number_; }

 private:
  Session& session_;
  const uint64_t number_;
  const uint64_t size_bytes_;
};

uint64_t number_of(const Buffer& buffer) {
  return static_cast<const IsolatedBuffer&>(buffer).number();
}

Result<std::unique_ptr<Buffer>> wrap_shared(Session& session, std::span<std::byte> memory) {
  const std::optional<HostMemory::SharedPlace> place = HostMemory::find_shared(memory);
  if (!place)
    return Status(Code::kUnsupported,
                  "only shared memory can be wrapped for a device in a process of its own");
  const WrapRequest request = {place->offset, memory.size()};
  QUARRY_ASSIGN(const uint64_t number,
                session.process->ask<uint64_t>(Operation::kWrap, request, place->descriptor));
  session.wrapped.add(number, memory);
  return std::unique_ptr<Buffer>(std::make_unique<IsolatedBuffer>(session, number, memory.size()));
}

class IsolatedQueue : public Queue {
 public:
  static Result<std::unique_ptr<Queue>> open(Session& session, const QueueRequest& request) {
    QUARRY_ASSIGN(SocketPair sockets, make_socket_pair());
    QUARRY_TRY(session.process->ask<Nothing>(Operation::kConnect, Nothing{}, sockets.theirs.get())
                   .status());
    sockets.theirs = Descriptor();
    std::unique_ptr<IsolatedQueue> queue(new IsolatedQueue(session, std::move(sockets.ours)));
    QUARRY_TRY(queue->ask(Operation::kOpenQueue, request));
    return std::unique_ptr<Queue>(std::move(queue));
  }

  // Copies to the caller's memory must not outlive the queue.
  ~IsolatedQueue() override {
    if (ask(Operation::kCloseQueue, Nothing{}).ok()) deliver();
  }
  IsolatedQueue(const IsolatedQueue&) = delete;
  IsolatedQueue& operator=(const IsolatedQueue&) = delete;

  Status write(Buffer& buffer, uint64_t offset, std::span<const std::byte> source) override {
    QUARRY_TRY(failure_);
    QUARRY_TRY(check_range(buffer, offset, source.size(), "write"));
    if (source.empty()) return {};
    if (const auto place = session_.wrapped.find(source.data(), source.size()))
      return copy(Operation::kWrite, buffer, *place, run_of(offset, source.size()));
    QUARRY_TRY(open_bounce());
    while (!source.empty()) {
      const uint64_t size = std::min<uint64_t>(source.size(), kBounceBytes - bounced_);
      if (size == 0) {
        QUARRY_TRY(wait());
        continue;
      }
      std::copy_n(source.begin(), size, bounce_memory_.data() + bounced_);
      QUARRY_TRY(copy(Operation::kWrite, buffer, take_bounce(size), run_of(offset, size)));
      offset += size;
      source = source.subspan(size);
    }
    return {};
  }

  Status read(const Buffer& buffer, uint64_t offset, std::span<std::byte> target) override {
    QUARRY_TRY(failure_);
    QUARRY_TRY(check_range(buffer, offset, target.size(), "read"));
    return read_checked(buffer, run_of(offset, target.size()), target.data());
  }

  Status read_rows(const Buffer& buffer, const Rows& rows, std::byte* target) override {
    QUARRY_TRY(failure_);
    QUARRY_TRY(check_rows(buffer, rows));
    if (!is_one_run(rows)) return read_checked(buffer, rows, target);
    return read_checked(buffer, run_of(rows.buffer_offset, rows.rows * rows.row_bytes), target);
  }

  Status launch(std::string_view kernel, Grid grid, std::span<const Argument> arguments) override {
    QUARRY_TRY(failure_);
    LaunchRequest request = {std::string(kernel), grid, {}};
    for (const Argument& argument : arguments) {
      if (const Buffer* buffer = argument.buffer(); buffer != nullptr)
        request.arguments.push_back({number_of(*buffer), {}});
      else
        request.arguments.push_back(
            {0, {reinterpret_cast<const char*>(argument.bytes()), argument.size()}});
    }
    return ask(Operation::kLaunch, request);
  }

  Status wait() override {
    QUARRY_TRY(failure_);
    Status status = ask(Operation::kWait, Nothing{});
    if (status.ok())
      deliver();
    else
      deliveries_.clear();  // they may hold anything
    return status;
  }

 private:
  // Rows that wait in the bounce buffer, one behind the other, for wait().
  struct Delivery {
    uint64_t offset;
    std::byte* target;
    Rows rows;
  };

  IsolatedQueue(Session& session, Descriptor socket)
      : session_(session), channel_(std::move(socket)) {}

  static Rows run_of(uint64_t offset, uint64_t size_bytes) {
    return {.buffer_offset = offset, .row_bytes = size_bytes, .rows = 1};
  }

  // The first failure of the device stays; mistakes of the caller do not.
  template <class Request>
  Status ask(Operation operation, const Request& request) {
    Status status = session_.process->ask<Nothing>(channel_, operation, request).status();
    if (status.code() == Code::kDevice) failure_ = status;
    return status;
  }

  Status copy(Operation operation, const Buffer& buffer, const WrappedPlace& place,
              const Rows& rows) {
    return ask(operation, Copy{number_of(buffer), place.memory, place.offset, rows});
  }

  Status read_checked(const Buffer& buffer, Rows rows, std::byte* target) {
    if (rows.rows == 0 || rows.row_bytes == 0) return {};
    const std::optional<uint64_t> extent = host_extent(rows);
    if (!extent) return {Code::kInvalidArgument, "read of rows further apart than memory is long"};
    if (const auto place = session_.wrapped.find(target, *extent))
      return copy(Operation::kRead, buffer, *place, rows);
    QUARRY_TRY(open_bounce());
    if (rows.row_bytes <= kBounceBytes) return read_bounced(buffer, rows, target);
    for (uint64_t row = 0; row < rows.rows; row++) {
      for (uint64_t done = 0; done < rows.row_bytes; done += kBounceBytes) {
        const Rows piece = run_of(rows.buffer_offset + row * rows.buffer_pitch + done,
                                  std::min(rows.row_bytes - done, kBounceBytes));
        QUARRY_TRY(read_bounced(buffer, piece, target + row * rows.host_pitch + done));
      }
    }
    return {};
  }

  // Rows of kBounceBytes at most.
  Status read_bounced(const Buffer& buffer, Rows rows, std::byte* target) {
    while (rows.rows > 0) {
      Rows part = rows;
      part.rows = std::min(rows.rows, (kBounceBytes - bounced_) / rows.row_bytes);
      if (part.rows == 0) {
        QUARRY_TRY(wait());
        continue;
      }
      const WrappedPlace place = take_bounce(part.rows * part.row_bytes);
      part.host_pitch = part.row_bytes;
      QUARRY_TRY(copy(Operation::kRead, buffer, place, part));
      part.host_pitch = rows.host_pitch;
      deliveries_.push_back({place.offset, target, part});
      rows.rows -= part.rows;
      rows.buffer_offset += part.rows * rows.buffer_pitch;
      target += part.rows * rows.host_pitch;
    }
    return {};
  }

  Status open_bounce() {
    if (bounce_ != nullptr) return {};
    QUARRY_ASSIGN(bounce_memory_, HostMemory::allocate(kBounceBytes, Sharing::kShared));
    QUARRY_ASSIGN(bounce_, wrap_shared(session_, bounce_memory_.bytes()));
    return {};
  }

  WrappedPlace take_bounce(uint64_t size_bytes) {
    const WrappedPlace place = {number_of(*bounce_), bounced_};
    bounced_ += size_bytes;
    return place;
  }

  // All commands have ended: the bounce buffer is free again.
  void deliver() {
    for (const auto& [offset, target, rows] : deliveries_)
      for (uint64_t row = 0; row < rows.rows; row++)
        std::copy_n(bounce_memory_.data() + offset + row * rows.row_bytes, rows.row_bytes,
                    target + row * rows.host_pitch);
    deliveries_.clear();
    bounced_ = 0;
  }

  Session& session_;
  Channel channel_;
  HostMemory bounce_memory_;  // none before its first use
  std::unique_ptr<Buffer> bounce_;
  uint64_t bounced_ = 0;  // bytes in use until wait()
  std::vector<Delivery> deliveries_;
  Status failure_;
};

class IsolatedDevice : public Device {
 public:
  IsolatedDevice(std::unique_ptr<Session> session, DeviceInfo info)
      : session_(std::move(session)), info_(std::move(info)) {
    info_.shares_host_memory = false;  // only what is shared with its process
  }

  const DeviceInfo& info() const override { return info_; }

  uint64_t free_bytes() const override {
    const auto bytes = session_->process->ask<uint64_t>(Operation::kFreeBytes, Nothing{});
    return bytes.ok() ? *bytes : 0;
  }

  Result<std::unique_ptr<Buffer>> allocate(uint64_t size_bytes) override {
    QUARRY_ASSIGN(const uint64_t number,
                  session_->process->ask<uint64_t>(Operation::kAllocate, size_bytes));
    return std::unique_ptr<Buffer>(std::make_unique<IsolatedBuffer>(*session_, number, size_bytes));
  }

  Result<std::unique_ptr<Buffer>> wrap(std::span<std::byte> memory) override {
    return wrap_shared(*session_, memory);
  }

  Result<std::unique_ptr<Queue>> open_queue(uint32_t index, QueuePriority priority) override {
    return IsolatedQueue::open(*session_, {index, priority});
  }

  void abandon() override { session_->process->abandon(); }

 private:
  std::unique_ptr<Session> session_;
  DeviceInfo info_;
};

}  // namespace
}  // namespace isolated

Result<std::unique_ptr<Device>> open_isolated(std::string_view id, const DeviceOptions& options,
                                              const IsolationOptions& isolation) {
  auto session = std::make_unique<isolated::Session>();
  QUARRY_ASSIGN(session->process, isolated::WorkerProcess::start(id, isolation));
  QUARRY_ASSIGN(DeviceInfo info, session->process->open({std::string(id), options}));
  return std::unique_ptr<Device>(
      std::make_unique<isolated::IsolatedDevice>(std::move(session), std::move(info)));
}

}  // namespace quarry
