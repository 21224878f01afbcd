// What a pool answers over HTTP.
//
//   /burst, /api ?requestType=getMiningInfo   the round
//   /burst, /api ?requestType=submitNonce     accountId, nonce [, blockheight, deadline]
//   /api/getMiners, /api/getMiner/ID, /api/getConfig, /api/getCurrentRound,
//   /api/getTop10Miners, /api/getWonBlocks    as signum-pool has them
//   /metrics                                  for Prometheus
//
// GET and POST alike. Facts: signum-pool, Server: names of fields, words, and that
// refusals and unknown requests come with HTTP 200. Only "limit exceeded" is HTTP 429,
// so that miners try again.
#pragma once

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/registry.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "host/clock.h"
#include "host/http/server.h"
#include "scheduler/pool/limits.h"
#include "scheduler/pool/store.h"
#include "scheduler/pool/submissions.h"
#include "scheduler/pool/views.h"

namespace quarry::pool {

// Limits of the HTTP server in front of it: no request of a miner has a body.
inline constexpr size_t kMostBodyBytes = 4 << 10;
inline constexpr size_t kMostHeaderBytes = 16 << 10;
inline constexpr size_t kMostParameters = 32;

class MiningApi {
 public:
  // `told` is called for each submission that was judged. All outlive it.
  MiningApi(Submissions& submissions, Store& store, Limits& limits, const PoolFacts& facts,
            Clock& clock, std::function<void(const Claim&, const Judgement&)> told);

  // Answers one request. Any thread; submitNonce takes as long as its nonce.
  HttpReply handle(const IncomingRequest& request);

 private:
  HttpReply mining_info();
  HttpReply submit_nonce(const IncomingRequest& request);
  HttpReply answer_view(const std::string& path);
  HttpReply metrics();
  void count(const Judgement& judgement);

  Submissions& submissions_;
  Store& store_;
  Limits& limits_;
  const PoolFacts facts_;
  MinerList miners_;
  const std::function<void(const Claim&, const Judgement&)> told_;

  prometheus::Registry registry_;
  prometheus::Family<prometheus::Counter>& judged_;
  prometheus::Counter& computed_;
  prometheus::Counter& limited_;
  prometheus::Gauge& height_;
};

}  // namespace quarry::pool
