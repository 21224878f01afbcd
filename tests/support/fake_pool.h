// Pools on this machine, as good or as bad as a test wants them.
#pragma once

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "host/http/server.h"

namespace quarry::tests {

// A pool that speaks HTTP as it should, and says what it is told to. Any thread.
class FakePool {
 public:
  // Says the same to every request until told otherwise.
  explicit FakePool(HttpReply reply = {}) : reply_(std::move(reply)) { start(0); }

  std::string url() const { return url_; }

  void say(HttpReply reply) {
    const std::lock_guard lock(mutex_);
    reply_ = std::move(reply);
    script_ = nullptr;
  }
  void say(std::string body) { say(HttpReply{.body = std::move(body)}); }
  void follow(HttpHandler script) {
    const std::lock_guard lock(mutex_);
    script_ = std::move(script);
  }

  // Nobody listens at its address from here on, until start_again().
  void stop() { server_.reset(); }
  void start_again() { start(port_); }

  // What has come since the last call.
  std::vector<IncomingRequest> requests() {
    const std::lock_guard lock(mutex_);
    return std::exchange(requests_, {});
  }

 private:
  void start(uint16_t port) {
    auto server = HttpServer::listen(
        {.port = port}, [this](const IncomingRequest& request) { return answer(request); });
    ASSERT_TRUE(server.ok()) << server.status().message();
    server_ = std::move(*server);
    port_ = server_->port();
    url_ = server_->url();
  }

  HttpReply answer(const IncomingRequest& request) {
    std::unique_lock lock(mutex_);
    requests_.push_back(request);
    const HttpHandler script = script_;
    if (!script) return reply_;
    lock.unlock();
    return script(request);
  }

  std::mutex mutex_;
  HttpReply reply_;
  HttpHandler script_;
  std::vector<IncomingRequest> requests_;
  std::unique_ptr<HttpServer> server_;
  uint16_t port_ = 0;
  std::string url_;
};

// The body of a getMiningInfo of a node.
inline std::string mining_info_body(uint64_t height, uint64_t base_target = 70312,
                                    char signature = 'a') {
  return R"({"generationSignature":")" + std::string(64, signature) + R"(","baseTarget":")" +
         std::to_string(base_target) + R"(","height":")" + std::to_string(height) + R"("})";
}

// A pool that breaks TCP connections in one way.
class BrokenPool {
 public:
  enum class Fault {
    kReset,        // the connection is reset instead of an answer
    kCloses,       // it ends in the middle of a reply
    kHangs,        // half a reply, then nothing until the client goes
    kGarbage,      // no HTTP
    kEndlessBody,  // a body without an end, for as long as it is taken
    kEndlessHead,  // headers without an end
  };

  explicit BrokenPool(Fault fault) : fault_(fault) {
    socket_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    EXPECT_EQ(bind(socket_, reinterpret_cast<sockaddr*>(&address), size), 0);
    EXPECT_EQ(listen(socket_, 8), 0);
    EXPECT_EQ(getsockname(socket_, reinterpret_cast<sockaddr*>(&address), &size), 0);
    url_ = "http://127.0.0.1:" + std::to_string(ntohs(address.sin_port));
    thread_ = std::thread([this] { run(); });
  }
  ~BrokenPool() {
    shutdown(socket_, SHUT_RDWR);  // ends accept()
    thread_.join();
    close(socket_);
  }
  BrokenPool(const BrokenPool&) = delete;
  BrokenPool& operator=(const BrokenPool&) = delete;

  std::string url() const { return url_; }
  uint64_t bytes_sent() const { return bytes_sent_; }
  int connections() const { return connections_; }

  // Returns when half a reply is out, or a minute has passed.
  bool wait_for_half_a_reply() {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, std::chrono::minutes(1), [this] { return has_sent_half_; });
  }

 private:
  void run() {
    while (true) {
      const int connection = accept(socket_, nullptr, nullptr);
      if (connection < 0) return;
      connections_++;
      serve(connection);
      close(connection);
    }
  }

  void serve(int connection) {
    // So that a client that never goes does not keep the test from ending.
    const timeval most = {60, 0};
    setsockopt(connection, SOL_SOCKET, SO_RCVTIMEO, &most, sizeof most);
    setsockopt(connection, SOL_SOCKET, SO_SNDTIMEO, &most, sizeof most);
    read_request(connection);
    constexpr std::string_view kHalf =
        "HTTP/1.1 200 OK\r\nContent-Length: 300\r\n\r\n{\"generationSignature\":\"";
    const std::string part(size_t{64} << 10, 'a');
    switch (fault_) {
      case Fault::kReset: {
        const linger now = {1, 0};
        setsockopt(connection, SOL_SOCKET, SO_LINGER, &now, sizeof now);
        return;
      }
      case Fault::kCloses: write_all(connection, kHalf); return;
      case Fault::kHangs:
        write_all(connection, kHalf);
        say_half();
        read_request(connection);  // until the client goes
        return;
      case Fault::kGarbage: write_all(connection, "\x16\x03\x01 who are you?\r\n\r\n"); return;
      case Fault::kEndlessBody:
        write_all(connection, "HTTP/1.1 200 OK\r\nContent-Length: 10000000000\r\n\r\n");
        while (write_all(connection, part)) {
        }
        return;
      case Fault::kEndlessHead:
        write_all(connection, "HTTP/1.1 200 OK\r\n");
        while (write_all(connection, "X-" + part.substr(0, 1000) + ": a\r\n")) {
        }
        return;
    }
  }

  void say_half() {
    const std::lock_guard lock(mutex_);
    has_sent_half_ = true;
    changed_.notify_all();
  }

  static void read_request(int connection) {
    std::string request;
    char bytes[4096];
    while (request.find("\r\n\r\n") == std::string::npos) {
      const ssize_t size = recv(connection, bytes, sizeof bytes, 0);
      if (size <= 0) return;
      request.append(bytes, static_cast<size_t>(size));
    }
  }

  // False once the client has gone.
  bool write_all(int connection, std::string_view text) {
    while (!text.empty()) {
      const ssize_t size = send(connection, text.data(), text.size(), MSG_NOSIGNAL);
      if (size <= 0) return false;
      bytes_sent_ += static_cast<uint64_t>(size);
      text.remove_prefix(static_cast<size_t>(size));
    }
    return true;
  }

  const Fault fault_;
  int socket_ = -1;
  std::string url_;
  std::atomic<uint64_t> bytes_sent_{0};
  std::atomic<int> connections_{0};
  std::mutex mutex_;
  std::condition_variable changed_;
  bool has_sent_half_ = false;
  std::thread thread_;
};

}  // namespace quarry::tests
