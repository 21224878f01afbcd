// A TCP client for tests of servers: sends what it is told, wrong or right.
#pragma once

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdint>
#include <string>
#include <string_view>

namespace quarry::tests {

class RawClient {
 public:
  // Connects to 127.0.0.1. No call waits for longer than a minute, so that a test
  // that fails ends.
  explicit RawClient(uint16_t port) : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    const timeval most = {60, 0};
    setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &most, sizeof most);
    setsockopt(socket_, SOL_SOCKET, SO_SNDTIMEO, &most, sizeof most);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(connect(socket_, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  }
  ~RawClient() { close(socket_); }
  RawClient(const RawClient&) = delete;
  RawClient& operator=(const RawClient&) = delete;

  // False once the other end has closed or reset the connection.
  bool send(std::string_view bytes) const {
    while (!bytes.empty()) {
      const ssize_t sent = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent <= 0) return false;
      bytes.remove_prefix(static_cast<size_t>(sent));
    }
    return true;
  }

  // Nothing more will be sent.
  void finish() const { shutdown(socket_, SHUT_WR); }

  // All that comes until the other end closes.
  std::string read_to_end() {
    while (read_some()) {
    }
    return std::move(received_);
  }

  // One reply with its Content-Length; "" if the connection ended before.
  std::string read_reply(bool has_body = true) {
    size_t end = 0;
    while ((end = received_.find("\r\n\r\n")) == std::string::npos)
      if (!read_some()) return "";
    size_t size = end + 4;
    const size_t length = received_.find("Content-Length: ");
    if (has_body && length < end) size += std::stoul(received_.substr(length + 16));
    while (received_.size() < size)
      if (!read_some()) return "";
    std::string reply = received_.substr(0, size);
    received_.erase(0, size);
    return reply;
  }

 private:
  bool read_some() {
    char bytes[4096];
    const ssize_t size = recv(socket_, bytes, sizeof bytes, 0);
    if (size > 0) received_.append(bytes, static_cast<size_t>(size));
    return size > 0;
  }

  const int socket_;
  std::string received_;
};

}  // namespace quarry::tests
