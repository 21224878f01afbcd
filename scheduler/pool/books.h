// From rounds that are over to coins on accounts.
//
// The block at the height of a round says who won it; that nobody of the pool did is
// believed once `confirmations` blocks stand on it. A reward is credited once as many
// stand on its block, and each account that is owed
// `least_payout_planck` is paid, in transactions to up to 64. A payout is in the store,
// signed, and its amounts are no longer owed, before anyone else sees it. From there on
// the same bytes are broadcast until they are in the chain with as many blocks on them,
// or cannot come into it any more: a stop or a crash at any point pays nobody twice,
// and loses nothing.
//
// The network's fee of a payout is the pool's to pay, out of its own fees.
#pragma once

#include <cstdint>
#include <functional>

#include "base/status.h"
#include "chainlite/signum/eckcdsa.h"
#include "host/cancel.h"
#include "host/clock.h"
#include "scheduler/pool/store.h"
#include "scheduler/pool/upstream.h"

namespace quarry::pool {

struct BookOptions {
  uint32_t confirmations = 10;  // at least 1
  uint32_t fee_ppm = 0;         // the pool's, in millionths of rewards
  uint64_t least_payout_planck = 100 * signum::kPlanckPerCoin;
};

// What happened; called by the thread that steps. Any may be empty.
struct BookEvents {
  std::function<void(const WonBlock& block)> block;  // won, credited or orphaned
  std::function<void(const Payout& payout, Payout::State state)> payout;  // kOpen: it is sent
};

// One thread.
class Books {
 public:
  // All outlive it.
  Books(Store& store, const Upstream& upstream, const signum::KeyPair& keys, WallClock& clock,
        const BookOptions& options, BookEvents events)
      : store_(store),
        upstream_(upstream),
        keys_(keys),
        clock_(clock),
        options_(options),
        events_(std::move(events)) {}

  // Does what can be done while the block at `height` is forged. Once per round is
  // enough; a failure leaves the rest to the next time. Payouts that cannot be followed
  // keep no other from being made.
  Status step(uint32_t height, const Cancel& cancel);

 private:
  Status decide_rounds(uint32_t height, const Cancel& cancel);
  Status credit_blocks(uint32_t last_height, const Cancel& cancel);
  Status follow_payouts(uint32_t last_height, const Cancel& cancel);
  Status follow(const Payout& payout, uint32_t last_height, const Cancel& cancel);
  Status end(const Payout& payout, Payout::State state);
  Status pay(const Cancel& cancel);

  Store& store_;
  const Upstream& upstream_;
  const signum::KeyPair& keys_;
  WallClock& clock_;
  const BookOptions options_;
  const BookEvents events_;
};

}  // namespace quarry::pool
