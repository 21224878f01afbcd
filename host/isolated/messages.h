// What a device's parent asks its worker process, and how it travels: the fields
// of each record, one after the other. Both ends are the same program, so that
// only mistakes are looked for, not other versions.
//
//   request: Operation, record of the operation
//   answer:  Code, message, and if the code is kOk the record of the answer
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <type_traits>
#include <vector>

#include "host/device.h"

namespace quarry::isolated {

enum class Operation : uint32_t {
  kOpen = 1,   // OpenRequest -> DeviceInfo; the first request of all
  kConnect,    // Nothing and a socket -> Nothing; one more connection
  kFreeBytes,  // Nothing -> uint64_t
  kAllocate,   // uint64_t, size -> uint64_t, number of the buffer, from 1
  kWrap,       // WrapRequest and a descriptor -> uint64_t, number of the buffer
  kFree,       // uint64_t, number of the buffer -> Nothing
  // On a connection of its own for each queue:
  kOpenQueue,   // QueueRequest -> Nothing
  kWrite,       // Copy -> Nothing
  kRead,        // Copy -> Nothing
  kLaunch,      // LaunchRequest -> Nothing
  kWait,        // Nothing -> Nothing
  kCloseQueue,  // Nothing -> Nothing, when all commands have ended
};

struct Nothing {};

struct OpenRequest {
  std::string id;
  DeviceOptions options;
};

struct WrapRequest {
  uint64_t offset = 0;  // in the memory of the descriptor
  uint64_t size_bytes = 0;
};

// The parameters of Device::open_queue().
struct QueueRequest {
  uint32_t index = 0;
  QueuePriority priority = QueuePriority::kNormal;
};

// Between a buffer and memory that was wrapped.
struct Copy {
  uint64_t buffer = 0;
  uint64_t memory = 0;
  uint64_t memory_offset = 0;
  Rows rows;
};

struct LaunchArgument {
  uint64_t buffer = 0;  // 0: a value
  std::string bytes;    // of the value
};

struct LaunchRequest {
  std::string kernel;
  Grid grid;
  std::vector<LaunchArgument> arguments;
};

// The fields of each record that travels, for Encoder and Decoder alike. A field
// that is missing here does not compile.
template <class T, class Record>
concept Is = std::same_as<std::remove_const_t<T>, Record>;

template <class Codec, Is<Nothing> T>
void fields(Codec&, T&) {}

template <class Codec, Is<DeviceOptions> T>
void fields(Codec& codec, T& options) {
  auto& [cpu_threads] = options;
  codec(cpu_threads);
}

template <class Codec, Is<DeviceInfo> T>
void fields(Codec& codec, T& info) {
  auto& [id, backend, name, driver, hardware, memory, max_buffer, group_size, interleave,
         lane_words, items, queues, owns_memory, shares_host_memory, multiprocessors, group_memory,
         has_watchdog] = info;
  codec(id, backend, name, driver, hardware, memory, max_buffer, group_size, interleave, lane_words,
        items, queues, owns_memory, shares_host_memory, multiprocessors, group_memory,
        has_watchdog);
}

template <class Codec, Is<OpenRequest> T>
void fields(Codec& codec, T& request) {
  auto& [id, options] = request;
  codec(id, options);
}

template <class Codec, Is<WrapRequest> T>
void fields(Codec& codec, T& request) {
  auto& [offset, size_bytes] = request;
  codec(offset, size_bytes);
}

template <class Codec, Is<QueueRequest> T>
void fields(Codec& codec, T& request) {
  auto& [index, priority] = request;
  codec(index, priority);
}

template <class Codec, Is<Rows> T>
void fields(Codec& codec, T& rows) {
  auto& [buffer_offset, buffer_pitch, host_pitch, row_bytes, count] = rows;
  codec(buffer_offset, buffer_pitch, host_pitch, row_bytes, count);
}

template <class Codec, Is<Copy> T>
void fields(Codec& codec, T& copy) {
  auto& [buffer, memory, memory_offset, rows] = copy;
  codec(buffer, memory, memory_offset, rows);
}

template <class Codec, Is<Grid> T>
void fields(Codec& codec, T& grid) {
  auto& [items, group_size, group_memory_bytes] = grid;
  codec(items, group_size, group_memory_bytes);
}

template <class Codec, Is<LaunchArgument> T>
void fields(Codec& codec, T& argument) {
  auto& [buffer, bytes] = argument;
  codec(buffer, bytes);
}

template <class Codec, Is<LaunchRequest> T>
void fields(Codec& codec, T& request) {
  auto& [kernel, grid, arguments] = request;
  codec(kernel, grid, arguments);
}

template <class T>
concept Number = std::is_integral_v<T> || std::is_enum_v<T>;

class Encoder {
 public:
  template <class... T>
  void operator()(const T&... values) {
    (put(values), ...);
  }
  std::span<const std::byte> bytes() const { return bytes_; }

 private:
  template <Number T>
  void put(const T& value) {
    append(&value, sizeof value);
  }
  template <class T>
  void put(const T& record) {
    fields(*this, record);
  }
  void put(const std::string& text) {
    put(static_cast<uint32_t>(text.size()));
    append(text.data(), text.size());
  }
  template <class T>
  void put(const std::vector<T>& list) {
    put(static_cast<uint32_t>(list.size()));
    for (const T& item : list) put(item);
  }
  void append(const void* data, size_t size) {
    const auto* begin = static_cast<const std::byte*>(data);
    bytes_.insert(bytes_.end(), begin, begin + size);
  }

  std::vector<std::byte> bytes_;
};

// What is missing becomes zero and empty, and complete() false.
class Decoder {
 public:
  explicit Decoder(std::span<const std::byte> bytes) : bytes_(bytes) {}

  template <class... T>
  void operator()(T&... values) {
    (get(values), ...);
  }

  // True if all was there, and nothing more.
  bool complete() const { return enough_ && bytes_.empty(); }

  // True if nothing was missing so far.
  bool enough() const { return enough_; }

  std::span<const std::byte> rest() const { return bytes_; }

 private:
  template <Number T>
  void get(T& value) {
    if constexpr (std::is_same_v<T, bool>) {
      uint8_t byte = 0;
      get(byte);
      value = byte != 0;
    } else {
      value = {};
      take(&value, sizeof value);
    }
  }
  template <class T>
  void get(T& record) {
    fields(*this, record);
  }
  void get(std::string& text) {
    text.resize(get_count());
    take(text.data(), text.size());
  }
  template <class T>
  void get(std::vector<T>& list) {
    list.resize(get_count());
    for (T& item : list) get(item);
  }
  // Of things of at least one byte each: never more than the message is long.
  size_t get_count() {
    uint32_t count = 0;
    get(count);
    if (count > bytes_.size()) enough_ = false;
    return enough_ ? count : 0;
  }
  void take(void* target, size_t size) {
    if (size > bytes_.size()) enough_ = false;
    if (!enough_ || size == 0) return;
    std::memcpy(target, bytes_.data(), size);
    bytes_ = bytes_.subspan(size);
  }

  std::span<const std::byte> bytes_;
  bool enough_ = true;
};

}  // namespace quarry::isolated
