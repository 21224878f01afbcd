// Pools on this machine, as good or as bad as a test wants them.
#pragma once

#include <gtest/gtest.h>
#include <sys/socket.h>

#include <atomic>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "host/http/server.h"
#include "tests/support/canned_server.h"

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

  explicit BrokenPool(Fault fault)
      : fault_(fault), server_([this](int connection) { serve(connection); }) {}

  std::string url() const { return server_.url(); }
  uint64_t bytes_sent() const { return bytes_sent_; }
  int connections() const { return connections_; }

  // Returns when half a reply is out, or a minute has passed.
  bool wait_for_half_a_reply() {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, std::chrono::minutes(1), [this] { return has_sent_half_; });
  }

 private:
  void serve(int connection) {
    connections_++;
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
      case Fault::kCloses: send_all(connection, kHalf); return;
      case Fault::kHangs:
        send_all(connection, kHalf);
        say_half();
        read_request(connection);  // until the client goes
        return;
      case Fault::kGarbage: send_all(connection, "\x16\x03\x01 who are you?\r\n\r\n"); return;
      case Fault::kEndlessBody:
        send_all(connection, "HTTP/1.1 200 OK\r\nContent-Length: 10000000000\r\n\r\n");
        while (send_all(connection, part)) {
        }
        return;
      case Fault::kEndlessHead:
        send_all(connection, "HTTP/1.1 200 OK\r\n");
        while (send_all(connection, "X-" + part.substr(0, 1000) + ": a\r\n")) {
        }
        return;
    }
  }

  void say_half() {
    const std::lock_guard lock(mutex_);
    has_sent_half_ = true;
    changed_.notify_all();
  }

  // False once the client has gone.
  bool send_all(int connection, std::string_view text) {
    if (!write_all(connection, text)) return false;
    bytes_sent_ += text.size();
    return true;
  }

  const Fault fault_;
  std::atomic<uint64_t> bytes_sent_{0};
  std::atomic<int> connections_{0};
  std::mutex mutex_;
  std::condition_variable changed_;
  bool has_sent_half_ = false;
  CannedServer server_;  // last: its thread uses the others
};

}  // namespace quarry::tests
