// A TCP server for tests of clients: says what it is told, wrong or right.
#pragma once

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <thread>
#include <utility>

namespace quarry::tests {

// A server that takes one connection after the other and does with it what it is
// told; the sockets are closed afterwards.
class CannedServer {
 public:
  explicit CannedServer(std::function<void(int)> serve_one) : serve_one_(std::move(serve_one)) {
    socket_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    EXPECT_EQ(bind(socket_, reinterpret_cast<sockaddr*>(&address), size), 0);
    EXPECT_EQ(listen(socket_, 8), 0);
    EXPECT_EQ(getsockname(socket_, reinterpret_cast<sockaddr*>(&address), &size), 0);
    port_ = ntohs(address.sin_port);
    thread_ = std::thread([this] { run(); });
  }
  ~CannedServer() {
    shutdown(socket_, SHUT_RDWR);  // ends accept()
    thread_.join();
    close(socket_);
  }
  CannedServer(const CannedServer&) = delete;
  CannedServer& operator=(const CannedServer&) = delete;

  std::string host() const { return "127.0.0.1:" + std::to_string(port_); }
  std::string url() const { return "http://" + host(); }

 private:
  void run() {
    while (true) {
      const int connection = accept(socket_, nullptr, nullptr);
      if (connection < 0) return;
      serve_one_(connection);
      close(connection);
    }
  }

  std::function<void(int)> serve_one_;
  int socket_ = -1;
  uint16_t port_ = 0;
  std::thread thread_;
};

// The head of a request, or what came until the client went.
inline std::string read_request(int connection) {
  std::string request;
  char bytes[4096];
  while (request.find("\r\n\r\n") == std::string::npos) {
    const ssize_t size = recv(connection, bytes, sizeof bytes, 0);
    if (size <= 0) break;
    request.append(bytes, static_cast<size_t>(size));
  }
  return request;
}

// False once the client has gone.
inline bool write_all(int connection, std::string_view text) {
  return send(connection, text.data(), text.size(), MSG_NOSIGNAL) ==
         static_cast<ssize_t>(text.size());
}

// Answers each request with `reply`, then with `more` for as long as it is taken.
inline std::function<void(int)> canned(std::string reply, std::string more = "") {
  return [reply = std::move(reply), more = std::move(more)](int connection) {
    read_request(connection);
    bool taken = write_all(connection, reply);
    while (taken && !more.empty()) taken = write_all(connection, more);
  };
}

}  // namespace quarry::tests
