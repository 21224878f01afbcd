// One end of a connection between a device's parent and its worker process: a
// Unix socket that keeps messages whole. Used by host/isolated only.
#pragma once

#include <chrono>
#include <cstddef>
#include <span>
#include <utility>
#include <vector>

#include "base/status.h"

namespace quarry::isolated {

// A file descriptor, closed at the end.
class Descriptor {
 public:
  explicit Descriptor(int number = -1) : number_(number) {}
  ~Descriptor();
  Descriptor(Descriptor&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(number_, other.number_);
    return *this;
  }
  int get() const { return number_; }  // -1: none

 private:
  int number_;
};

// The two ends of a new connection, both closed at exec().
struct SocketPair {
  Descriptor ours, theirs;
};
Result<SocketPair> make_socket_pair();

struct Message {
  std::span<const std::byte> bytes;  // valid until the next receive()
  Descriptor descriptor;             // none in most messages
};

// Belongs to one thread at a time. Whoever asks waits for the answer before the
// next question: a message always has room in the socket.
class Channel {
 public:
  // No message is longer; one that is ends the connection.
  static constexpr size_t kMostBytes = 64 << 10;

  explicit Channel(Descriptor socket);

  // Sends a message, and with it a copy of `descriptor` unless that is -1.
  // kNetwork if the other end is closed; kInvalidArgument if it is too long.
  Status send(std::span<const std::byte> bytes, int descriptor = -1);

  // True as soon as receive() would not wait; false after `timeout`. Time in
  // which this process is stopped hardly counts.
  Result<bool> wait(std::chrono::milliseconds timeout);

  // The next message. kNetwork if the other end is closed; kCorrupt if what came
  // is no message.
  Result<Message> receive();

  // Returns when the other end is closed.
  static void wait_for_close(int socket);

  int socket() const { return socket_.get(); }

 private:
  Descriptor socket_;
  std::vector<std::byte> buffer_;
};

}  // namespace quarry::isolated
