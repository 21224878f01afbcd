// A pool as a process runs it: a node under it, its API on a port, its books in a file.
//
// Threads: run()'s own watches the node for rounds; one hands nonces on; one keeps the
// books; the HTTP server's answer miners; the verifier's compute.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>

#include "base/secret.h"
#include "base/status.h"
#include "chainlite/signum/eckcdsa.h"
#include "chainlite/signum/node_client.h"
#include "host/cancel.h"
#include "host/clock.h"
#include "host/file.h"
#include "host/http/client.h"
#include "host/http/server.h"
#include "scheduler/pool/books.h"
#include "scheduler/pool/forwarder.h"
#include "scheduler/pool/limits.h"
#include "scheduler/pool/mining_api.h"
#include "scheduler/pool/store.h"
#include "scheduler/pool/submissions.h"
#include "scheduler/pool/upstream.h"
#include "scheduler/pool/verifier.h"

namespace quarry::pool {

struct PoolOptions {
  std::string address = "127.0.0.1";  // an IP address
  uint16_t port = 8124;               // 0: any that is free
  std::string store;                  // the SQLite file; a lock stands beside it
  std::string node = "http://127.0.0.1:8125";
  Secret passphrase;           // of the account that miners assign their rewards to
  uint32_t window = 360;       // rounds that shares are measured over
  uint64_t most_deadline = 0;  // hit / base target that is taken; 0: any
  BookOptions books;
  LimitOptions limits;
  VerifierOptions verifier;
};

// Called by several threads, one at a time. Any may be empty.
struct PoolEvents {
  std::function<void(const Round& round)> round;
  std::function<void(const Claim& claim, const Judgement& judgement)> submission;
  std::function<void(const WonBlock& block)> block;  // won, credited or orphaned
  std::function<void(const Payout& payout, Payout::State state)> payout;
  std::function<void(const Status& failure)> failure;  // not fatal; the same one only once
};

class Pool {
 public:
  // Asks the node what chain it has, and opens store and port. kExists if another
  // process runs a pool with this store; kRefused if the node is on another machine.
  // `clock` outlives it.
  static Result<std::unique_ptr<Pool>> start(PoolOptions options, WallClock& clock,
                                             PoolEvents events);

  const signum::KeyPair& keys() const { return keys_; }
  const ChainFacts& chain() const { return chain_; }
  Store& store() { return *store_; }
  uint16_t port() const { return server_->port(); }
  std::string url() const { return server_->url(); }

  // Runs until `cancel` is requested. Once.
  void run(const Cancel& cancel);

 private:
  Pool(PoolOptions options, PoolEvents events);

  Status open(WallClock& clock);
  Status listen();
  Status look_for_round(const Cancel& stop);
  void offer_bests(const Round& round);
  void keep_books(const Cancel& stop);
  void tell(const Status& failure, std::string& last);
  template <class Event, class... Values>
  void tell(const Event& event, const Values&... values) {
    const std::lock_guard lock(events_mutex_);
    if (event) event(values...);
  }

  // In the order in which they may be destroyed from the end.
  PoolOptions options_;
  const PoolEvents events_;
  std::mutex events_mutex_;
  const signum::KeyPair keys_;
  ChainFacts chain_;
  std::unique_ptr<File> lock_;
  std::unique_ptr<Store> store_;
  std::unique_ptr<HttpClient> http_;
  std::unique_ptr<signum::NodeClient> node_;
  std::unique_ptr<Upstream> upstream_;
  std::unique_ptr<Forwarder> forwarder_;
  std::unique_ptr<Verifier> verifier_;
  std::unique_ptr<Submissions> submissions_;
  std::unique_ptr<Books> books_;
  std::unique_ptr<Limits> limits_;
  std::unique_ptr<MiningApi> api_;
  std::unique_ptr<HttpServer> server_;
  bool node_was_away_ = false;                                   // these two: of run()'s thread
  std::optional<std::set<uint64_t>> members_;                    // of the last round
  std::string watch_failure_, books_failure_, forward_failure_;  // each of one thread
};

}  // namespace quarry::pool
