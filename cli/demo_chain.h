// The demo's part on a chain: a devnet in this process, and what its users do.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <thread>

#include "base/status.h"
#include "chainlite/devnet/devnet.h"
#include "chainlite/signum/eckcdsa.h"
#include "chainlite/signum/node_client.h"
#include "host/cancel.h"
#include "plotter/scan.h"

namespace quarry::cli {

// A key of its own, a devnet that knows it, and a client that talks to the devnet
// over HTTP as any miner or wallet would.
class DemoChain {
 public:
  DemoChain();
  ~DemoChain();  // stops the devnet

  // Whose plot is mined.
  uint64_t account_id() const { return keys_.account_id(); }

  // Each returns what it proved.
  Result<std::string> start(const std::string& folder);

  // Asks for the round, has `scan` find the best nonce, submits it, and waits for
  // the block.
  using Scan = std::function<Result<ScanReport>(const Round& round)>;
  Result<std::string> mine(const Scan& scan, const Cancel& cancel);

  // Pays out of the block's reward, mines the block that confirms it, and looks at
  // the recipient's balance.
  Result<std::string> pay(const Scan& scan, const Cancel& cancel);

  // Checks every block with the light client.
  Result<std::string> verify(const Cancel& cancel);

 private:
  Result<uint64_t> forge_block(const Scan& scan, const Cancel& cancel);

  const Secret passphrase_;
  const signum::KeyPair keys_;
  std::unique_ptr<devnet::Devnet> devnet_;
  Cancel stop_;
  std::thread thread_;
  std::unique_ptr<HttpClient> http_;
  std::unique_ptr<signum::NodeClient> node_;
};

}  // namespace quarry::cli
