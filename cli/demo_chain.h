// The demo's part on a chain: a devnet and a pool in this process, and what their users
// do over HTTP.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <thread>
#include <vector>

#include "base/status.h"
#include "chainlite/devnet/devnet.h"
#include "chainlite/signum/eckcdsa.h"
#include "chainlite/signum/node_client.h"
#include "chainlite/signum/send.h"
#include "host/cancel.h"
#include "host/device.h"
#include "scheduler/mining/miner.h"
#include "scheduler/pool/pool.h"

namespace quarry::cli {

// A miner in the background, as `quarry mine` runs it.
class DemoMiner {
 public:
  ~DemoMiner();  // stops it

  // Mines `plot` at `url`, until it is destroyed. `devices` and `http` outlive it.
  Status start(const std::string& url, const std::string& plot,
               std::span<const std::unique_ptr<Device>> devices, HttpClient& http);

  // The first block that it won, if any.
  std::optional<mining::BlockWon> won() const;

  // Why it has ended by itself; OK while it runs.
  Status status() const;

 private:
  mutable std::mutex mutex_;
  std::optional<mining::BlockWon> won_;
  Status status_;  // of a miner that has ended
  Cancel stop_;
  std::unique_ptr<PlotScanner> scanner_;
  std::unique_ptr<mining::Miner> miner_;
  std::thread thread_;
};

// A key of its own, a devnet that knows it, a pool, and a client that talks to both as
// any miner or wallet would.
class DemoChain {
 public:
  DemoChain();
  ~DemoChain();  // stops all

  // Whose plot is mined.
  uint64_t account_id() const { return keys_.account_id(); }

  // Each returns what it proved, and builds on those before it.
  Result<std::string> start(const std::string& folder);

  // Mines the plot at the node, until a block is won.
  Result<std::string> mine(const std::string& plot,
                           std::span<const std::unique_ptr<Device>> devices, const Cancel& cancel);

  // Pays out of the block's reward, and looks at the recipient's balance.
  Result<std::string> pay(const Cancel& cancel);

  // Starts a pool, assigns the rewards to it, and mines there until a block is won.
  Result<std::string> join_pool(const std::string& plot,
                                std::span<const std::unique_ptr<Device>> devices,
                                const Cancel& cancel);

  // Waits until the pool has paid, and finds the payout in the wallet.
  Result<std::string> see_payout(const Cancel& cancel);

  // Checks every block with the light client.
  Result<std::string> verify(const Cancel& cancel);

 private:
  Status send(const signum::Draft& draft, const Cancel& cancel);
  Status wait_until(const std::function<Result<bool>()>& condition, const std::string& otherwise,
                    const Cancel& cancel) const;
  Result<uint32_t> height(const Cancel& cancel) const;
  Result<bool> is_confirmed(const std::string& full_hash, const Cancel& cancel) const;
  Result<mining::BlockWon> first_block(const Cancel& cancel) const;

  const Secret passphrase_;
  const signum::KeyPair keys_;
  std::string folder_;
  std::unique_ptr<HttpClient> http_;
  std::unique_ptr<signum::NodeClient> node_;
  std::unique_ptr<devnet::Devnet> devnet_;
  std::unique_ptr<pool::Pool> pool_;
  Cancel stop_devnet_, stop_pool_;
  std::thread devnet_thread_, pool_thread_;
  std::unique_ptr<DemoMiner> miner_;

  mutable std::mutex mutex_;
  std::optional<pool::Payout> payout_;  // the first that was confirmed
};

}  // namespace quarry::cli
