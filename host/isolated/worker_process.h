// The worker process of a device as its parent sees it: started, asked, ended.
// Used by host/isolated only.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "host/isolated/channel.h"
#include "host/isolated/isolated_device.h"
#include "host/isolated/messages.h"

namespace quarry::isolated {

// Any thread, each connection from one thread at a time. The first failure of
// the process is kept, and ends it: from then on every request has that answer.
class WorkerProcess {
 public:
  static Result<std::unique_ptr<WorkerProcess>> start(std::string_view id,
                                                      const IsolationOptions& options);
  ~WorkerProcess();
  WorkerProcess(const WorkerProcess&) = delete;
  WorkerProcess& operator=(const WorkerProcess&) = delete;

  // Sends a request on `channel`, with a descriptor unless that is -1, and
  // returns the answer of the device. kDevice if the process failed.
  template <class Answer, class Request>
  Result<Answer> ask(Channel& channel, Operation operation, const Request& request,
                     int descriptor = -1) {
    Encoder encoder;
    encoder(operation, request);
    QUARRY_ASSIGN(const auto answer,
                  exchange(channel, encoder.bytes(), descriptor, options_.answer_timeout));
    return decode<Answer>(answer);
  }

  // The same on the connection that all threads share.
  template <class Answer, class Request>
  Result<Answer> ask(Operation operation, const Request& request, int descriptor = -1) {
    const std::lock_guard lock(control_mutex_);
    return ask<Answer>(control_, operation, request, descriptor);
  }

  // Ends the process, as if it had failed.
  void abandon() { (void)fail("was ended after it failed"); }

  // The first request, which may take longer than others.
  Result<DeviceInfo> open(const OpenRequest& request);

 private:
  static constexpr const char* kUnreadable = "gave an answer that cannot be read and was ended";

  WorkerProcess(std::string_view id, IsolationOptions options, Descriptor socket)
      : name_(id), options_(std::move(options)), control_(std::move(socket)) {}

  Status spawn(int socket);
  Result<std::vector<std::byte>> exchange(Channel& channel, std::span<const std::byte> request,
                                          int descriptor, std::chrono::milliseconds timeout);
  template <class Answer>
  Result<Answer> decode(std::span<const std::byte> bytes) {
    Decoder decoder(bytes);
    Answer answer{};
    decoder(answer);
    if (decoder.complete()) return answer;
    return fail(kUnreadable);
  }

  Status failure();

  // Ends the process and keeps why, unless it has failed before. Empty: its
  // connection is closed, and how it ended says why.
  Status fail(std::string what);

  // How the process ended; empty if it still runs after `patience`.
  std::string wait_for_end(std::chrono::milliseconds patience);
  void kill_and_reap();

  const std::string name_;
  const IsolationOptions options_;
  std::mutex control_mutex_;  // for control_
  Channel control_;
  std::mutex mutex_;  // for what follows
  pid_t pid_ = -1;    // -1: reaped
  Status failure_;
};

}  // namespace quarry::isolated
