#include "host/isolated/device_server.h"

#include <sys/socket.h>
#include <unistd.h>

#include <cstdio>
#include <map>
#include <mutex>
#include <optional>
#include <thread>

#include "host/checks.h"
#include "host/isolated/channel.h"
#include "host/isolated/messages.h"
#include "host/memory.h"

namespace quarry {
namespace isolated {
namespace {

// Lines of a compiler, say, must not make an answer too long.
constexpr size_t kMostMessageText = 16 << 10;

// What the parent knows by a number.
struct ServedBuffer {
  HostMemory mapped;               // of wrapped memory
  std::unique_ptr<Buffer> buffer;  // null where the device cannot use mapped memory
};

// What all connections share. Lives as long as the process.
class Server {
 public:
  explicit Server(const DeviceOpener& opener) : opener_(opener) {}

  // The first request on the first connection: before all others.
  Status open(const OpenRequest& request) {
    if (device_ != nullptr) return {Code::kInvalidArgument, "the device is open already"};
    QUARRY_ASSIGN(device_, opener_(request.id, request.options));
    return {};
  }
  Device* device() const { return device_.get(); }

  uint64_t add(ServedBuffer buffer) {
    const std::lock_guard lock(mutex_);
    buffers_[++last_] = std::make_shared<ServedBuffer>(std::move(buffer));
    return last_;
  }

  Result<std::shared_ptr<ServedBuffer>> find(uint64_t number) {
    const std::lock_guard lock(mutex_);
    const auto found = buffers_.find(number);
    if (found == buffers_.end())
      return Status(Code::kInvalidArgument, "no buffer has the number " + std::to_string(number));
    return found->second;
  }

  // As find(), for what the device computes with.
  Result<std::shared_ptr<ServedBuffer>> find_on_device(uint64_t number) {
    QUARRY_ASSIGN(std::shared_ptr<ServedBuffer> found, find(number));
    if (found->buffer == nullptr)
      return Status(Code::kUnsupported, "the device cannot use memory of the host");
    return found;
  }

  Status remove(uint64_t number) {
    std::shared_ptr<ServedBuffer> last_owner;  // frees outside the lock: it may take long
    const std::lock_guard lock(mutex_);
    const auto found = buffers_.find(number);
    if (found == buffers_.end())
      return {Code::kInvalidArgument, "no buffer has the number " + std::to_string(number)};
    last_owner = std::move(found->second);
    buffers_.erase(found);
    return {};
  }

 private:
  const DeviceOpener& opener_;
  std::unique_ptr<Device> device_;
  std::mutex mutex_;
  std::map<uint64_t, std::shared_ptr<ServedBuffer>> buffers_;
  uint64_t last_ = 0;
};

[[noreturn]] void end_process(const Status& status) {
  if (status.code() == Code::kNetwork) _exit(0);  // the parent is gone, or done
  std::fprintf(stderr, "quarry: device server: %s\n", status.message().c_str());
  _exit(1);
}

// Requests of one connection, and the queue if it has one.
class Connection {
 public:
  Connection(Server& server, Descriptor socket) : server_(server), channel_(std::move(socket)) {}

  // Returns when the other end is closed. What is no request ends the process.
  void run() {
    while (true) {
      auto message = channel_.receive();
      Status status = message.ok() ? handle(*message) : message.status();
      if (status.ok()) continue;
      if (status.code() == Code::kNetwork) return;
      end_process(status);
    }
  }

 private:
  template <class Request, class Answer>
  Status answer(Decoder& decoder, Result<Answer> (Connection::*method)(const Request&)) {
    Request request{};
    decoder(request);
    if (!decoder.complete()) return {Code::kCorrupt, "a request that is too short or too long"};
    const Result<Answer> result = (this->*method)(request);
    Encoder encoder;
    encoder(result.status().code(), result.status().message().substr(0, kMostMessageText));
    if (result.ok()) encoder(*result);
    return channel_.send(encoder.bytes());
  }

  Status handle(Message& message) {
    Decoder decoder(message.bytes);
    Operation operation{};
    decoder(operation);
    descriptor_ = std::move(message.descriptor);
    if ((operation == Operation::kOpen) != (server_.device() == nullptr))
      return {Code::kCorrupt, "a device must be opened first, and once"};
    if (operation >= Operation::kWrite && operation <= Operation::kWait && queue_ == nullptr)
      return {Code::kCorrupt, "a command without a queue"};
    switch (operation) {
      case Operation::kOpen: return answer(decoder, &Connection::open);
      case Operation::kConnect: return answer(decoder, &Connection::connect);
      case Operation::kFreeBytes: return answer(decoder, &Connection::free_bytes);
      case Operation::kAllocate: return answer(decoder, &Connection::allocate);
      case Operation::kWrap: return answer(decoder, &Connection::wrap);
      case Operation::kFree: return answer(decoder, &Connection::free);
      case Operation::kOpenQueue: return answer(decoder, &Connection::open_queue);
      case Operation::kWrite: return answer(decoder, &Connection::write);
      case Operation::kRead: return answer(decoder, &Connection::read);
      case Operation::kLaunch: return answer(decoder, &Connection::launch);
      case Operation::kWait: return answer(decoder, &Connection::wait);
      case Operation::kCloseQueue: return answer(decoder, &Connection::close_queue);
    }
    return {Code::kCorrupt, "a request that does not exist"};
  }

  static Result<Nothing> done(const Status& status) {
    if (!status.ok()) return status;
    return Nothing{};
  }

  Result<DeviceInfo> open(const OpenRequest& request) {
    QUARRY_TRY(server_.open(request));
    return server_.device()->info();
  }

  Result<Nothing> connect(const Nothing&) {
    std::thread([&server = server_, socket = std::move(descriptor_)]() mutable {
      Connection(server, std::move(socket)).run();
    }).detach();
    return Nothing{};
  }

  Result<uint64_t> free_bytes(const Nothing&) { return server_.device()->free_bytes(); }

  Result<uint64_t> allocate(const uint64_t& size_bytes) {
    QUARRY_ASSIGN(std::unique_ptr<Buffer> buffer, server_.device()->allocate(size_bytes));
    return server_.add({{}, std::move(buffer)});
  }

  // Copies are direct as soon as the memory is mapped; that the device cannot
  // pin it only makes them slower.
  Result<uint64_t> wrap(const WrapRequest& request) {
    ServedBuffer wrapped;
    QUARRY_ASSIGN(wrapped.mapped,
                  HostMemory::map({descriptor_.get(), request.offset}, request.size_bytes));
    auto buffer = server_.device()->wrap(wrapped.mapped.bytes());
    if (buffer.ok())
      wrapped.buffer = std::move(*buffer);
    else if (buffer.status().code() == Code::kDevice)
      return buffer.status();
    return server_.add(std::move(wrapped));
  }

  Result<Nothing> free(const uint64_t& number) { return done(server_.remove(number)); }

  Result<Nothing> open_queue(const QueueRequest& request) {
    QUARRY_ASSIGN(queue_, server_.device()->open_queue(request.index, request.priority));
    return Nothing{};
  }

  // Where a copy begins in wrapped memory.
  static Result<std::byte*> place_of(const Copy& copy, const ServedBuffer& memory) {
    const std::optional<uint64_t> extent = host_extent(copy.rows);
    const uint64_t size = memory.mapped.size_bytes();
    if (!extent || copy.memory_offset > size || *extent > size - copy.memory_offset)
      return Status(Code::kInvalidArgument, "a copy beyond the memory that was wrapped");
    return memory.mapped.data() + copy.memory_offset;
  }

  Result<Nothing> write(const Copy& copy) {
    QUARRY_ASSIGN(const auto buffer, server_.find_on_device(copy.buffer));
    QUARRY_ASSIGN(const auto memory, server_.find(copy.memory));
    QUARRY_ASSIGN(const std::byte* source, place_of(copy, *memory));
    return done(
        queue_->write(*buffer->buffer, copy.rows.buffer_offset, {source, copy.rows.row_bytes}));
  }

  Result<Nothing> read(const Copy& copy) {
    QUARRY_ASSIGN(const auto buffer, server_.find_on_device(copy.buffer));
    QUARRY_ASSIGN(const auto memory, server_.find(copy.memory));
    QUARRY_ASSIGN(std::byte * target, place_of(copy, *memory));
    return done(queue_->read_rows(*buffer->buffer, copy.rows, target));
  }

  Result<Nothing> launch(const LaunchRequest& request) {
    std::vector<std::shared_ptr<ServedBuffer>> buffers;
    std::vector<Argument> arguments;
    for (const LaunchArgument& argument : request.arguments) {
      if (argument.buffer != 0) {
        QUARRY_ASSIGN(auto buffer, server_.find_on_device(argument.buffer));
        arguments.emplace_back(*buffer->buffer);
        buffers.push_back(std::move(buffer));
      } else if (argument.bytes.size() <= Argument::kMaxBytes) {
        arguments.push_back(
            Argument::of_bytes(std::as_bytes(std::span<const char>(argument.bytes))));
      } else {
        return Status(Code::kInvalidArgument, "an argument that is too long for a value");
      }
    }
    return done(queue_->launch(request.kernel, request.grid, arguments));
  }

  Result<Nothing> wait(const Nothing&) { return done(queue_->wait()); }

  Result<Nothing> close_queue(const Nothing&) {
    queue_.reset();
    return Nothing{};
  }

  Server& server_;
  Channel channel_;
  Descriptor descriptor_;  // that came with the request
  std::unique_ptr<Queue> queue_;
};

}  // namespace
}  // namespace isolated

void serve_device(int socket, const DeviceOpener& opener) {
  using isolated::Channel;
  int type = 0;
  socklen_t size = sizeof type;
  if (getsockopt(socket, SOL_SOCKET, SO_TYPE, &type, &size) != 0 || type != SOCK_SEQPACKET)
    isolated::end_process(
        {Code::kInvalidArgument, "is started by quarry for its own use, not by hand"});
  // A thread that never calls the driver, so that none can keep it. Better than a
  // death signal of the parent, which Linux sends when the thread ends that
  // started this process.
  std::thread([socket] {
    Channel::wait_for_close(socket);
    _exit(0);
  }).detach();
  isolated::Server server(opener);
  isolated::Connection(server, isolated::Descriptor(socket)).run();
  _exit(0);
}

}  // namespace quarry
