// A devnet as a process runs it: a chain in a folder, its API on a port, and nodes
// that it follows.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/status.h"
#include "chainlite/devnet/api.h"
#include "chainlite/devnet/chain.h"
#include "chainlite/devnet/follower.h"
#include "chainlite/devnet/forger.h"
#include "host/cancel.h"
#include "host/clock.h"
#include "host/file.h"
#include "host/http/client.h"
#include "host/http/server.h"

namespace quarry::devnet {

struct DevnetOptions {
  std::string address = "127.0.0.1";  // an IP address
  uint16_t port = 8125;               // 0: any that is free
  std::string folder;                 // made if missing
  uint32_t block_seconds = 5;         // 1..86400, on average
  std::vector<std::string> follow;    // URLs of other nodes
  std::vector<signum::KeyPair> keys;  // to forge with, beside the faucet's
};

// Called by the thread that runs the devnet. Either may be empty.
struct DevnetEvents {
  std::function<void(const ChainBlock& block)> block;  // a new last block
  std::function<void(const Status& failure)> failure;  // not fatal; the same one only once
};

class Devnet {
 public:
  // Opens the chain and the port. The folder holds chain.sqlite and a lock: kExists
  // if another process runs a devnet there. `clock` outlives it.
  static Result<std::unique_ptr<Devnet>> start(DevnetOptions options, WallClock& clock,
                                               DevnetEvents events);

  Chain& chain() { return *chain_; }
  uint16_t port() const { return server_->port(); }
  std::string url() const { return server_->url(); }

  // Forges and follows until `cancel` is requested. Once.
  void run(const Cancel& cancel);

 private:
  explicit Devnet(DevnetEvents events) : events_(std::move(events)) {}

  // How often a node that is followed is asked; less and less after failures.
  struct Peer {
    std::unique_ptr<Follower> follower;
    Clock::Time next{};
    std::chrono::seconds pause{0};
    std::string failure;  // the last one told
  };

  void follow(const Cancel& stop);
  void poll(Peer& peer, const Cancel& stop);
  void tick();
  void tell_new_blocks();
  void fail(std::string& last, const Status& status);

  // In the order in which they may be destroyed from the end.
  const DevnetEvents events_;
  std::mutex events_mutex_;
  std::unique_ptr<File> lock_;
  std::unique_ptr<Chain> chain_;
  std::unique_ptr<Forger> forger_;
  std::unique_ptr<NodeApi> api_;
  std::unique_ptr<HttpClient> client_;
  std::vector<Peer> peers_;
  std::unique_ptr<HttpServer> server_;
  uint32_t told_height_ = 0;
  uint64_t told_id_ = 0;
  std::string forge_failure_;
};

}  // namespace quarry::devnet
