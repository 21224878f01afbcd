// Nonces on their way to the node.
//
// The node knows commitments, which make a deadline up to 8 times shorter or longer;
// the pool does not. So not only its best hit is handed on, but every account's that
// a commitment could make the best; the best one first, at once, and again as long as
// the node cannot be reached and the round lives.
#pragma once

#include <condition_variable>
#include <functional>
#include <map>
#include <mutex>
#include <optional>

#include "base/status.h"
#include "host/cancel.h"
#include "scheduler/pool/round.h"
#include "scheduler/pool/upstream.h"

namespace quarry::pool {

class Forwarder {
 public:
  // `sent` is told how each request went. `upstream` outlives it.
  Forwarder(const Upstream& upstream, std::function<void(const Status&)> sent)
      : upstream_(upstream), sent_(std::move(sent)) {}

  // Forgets the round before. Any thread, as offer().
  void begin_round(const Round& round);
  void offer(const Round& round, const Submission& submission);

  // Hands on until `cancel` is requested. One thread.
  void run(const Cancel& cancel);

 private:
  struct Task {
    Round round;
    Submission submission;
  };
  std::optional<Task> take();
  void put_back(const Task& task);

  const Upstream& upstream_;
  const std::function<void(const Status&)> sent_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::optional<Round> round_;
  uint64_t best_hit_ = UINT64_MAX;          // of the round
  std::map<uint64_t, Submission> waiting_;  // by account
};

}  // namespace quarry::pool
