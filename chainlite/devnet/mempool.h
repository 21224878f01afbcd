// Transactions that wait for a block.
#pragma once

#include <cstdint>
#include <vector>

#include "base/status.h"
#include "chainlite/devnet/rules.h"

namespace quarry::devnet {

struct PendingTransaction {
  uint64_t id = 0;
  Hash256 full_hash{};
  signum::Transaction transaction;
};

// Holds only what could stand in the next block together. Not thread-safe; Chain
// locks.
class Mempool {
 public:
  static constexpr size_t kMost = 4096;

  // Adds the transaction if it may stand in the next block beside those that wait.
  // One that waits already is no failure. kInvalidArgument says why not;
  // kOutOfMemory if too many wait.
  Status add(Ledger& ledger, const signum::Transaction& transaction, int64_t now);

  // Looks at all again after the ledger's last block changed: those that are in
  // the chain now, expired, or not valid any more go.
  void refresh(Ledger& ledger, int64_t now);

  // What the next block takes: the highest fees per byte first, as many as fit.
  std::vector<signum::Transaction> select(Ledger& ledger, int64_t block_timestamp) const;

  const std::vector<PendingTransaction>& all() const { return waiting_; }  // oldest first
  const PendingTransaction* find(uint64_t id) const;
  const Pending& pending() const { return pending_; }

 private:
  std::vector<PendingTransaction> waiting_;
  Pending pending_;
};

}  // namespace quarry::devnet
