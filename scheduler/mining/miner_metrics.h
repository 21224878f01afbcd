// A miner's figures for Prometheus. Names begin with quarry_mining_.
#pragma once

#include <prometheus/counter.h>
#include <prometheus/histogram.h>

#include <memory>

#include "host/http/message.h"
#include "scheduler/mining/miner_events.h"

namespace quarry::mining {

// Any thread.
class MinerMetrics {
 public:
  MinerMetrics();

  // Counts an event.
  void count(const MinerEvent& event);

  // The reply to GET /metrics, with what stands in `state` now.
  HttpReply reply(const MinerState& state) const;

 private:
  void count(const RoundBegun& event);
  void count(const RoundScanned& event);
  void count(const DeadlineFound& event);
  void count(const SubmissionAnswered& event);
  void count(const MismatchJudged& event);
  void count(const BlockWon& event);
  void count(const PoolChanged& event);
  void count(const PlotProblem& event);

  using Counters = prometheus::Family<prometheus::Counter>;

  const std::shared_ptr<prometheus::Registry> registry_;
  Counters& rounds_;
  Counters& scans_;
  Counters& scanned_nonces_;
  Counters& read_bytes_;
  prometheus::Family<prometheus::Histogram>& scan_seconds_;
  Counters& deadlines_;
  Counters& submissions_;
  Counters& mismatches_;
  Counters& blocks_won_;
  Counters& pool_failures_;
  Counters& plot_problems_;
};

}  // namespace quarry::mining
