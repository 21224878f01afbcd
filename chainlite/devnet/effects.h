// What a block does to accounts.
#pragma once

#include <cstdint>
#include <map>
#include <utility>
#include <vector>

#include "base/status.h"
#include "chainlite/devnet/ledger.h"

namespace quarry::devnet {

struct Effects {
  struct Part {  // an account that a transaction touches
    uint64_t account, transaction;
    uint32_t position;  // of the transaction in the block
  };
  struct Reward {
    uint64_t account, recipient, previous_recipient;
  };
  std::map<uint64_t, Account> accounts;                   // as they are afterwards
  std::vector<Part> parts;                                // each account once per transaction
  std::vector<std::pair<uint64_t, int64_t>> commitments;  // account, planck added or removed
  std::vector<Reward> rewards;
};

// The effects of `block` on the state that the ledger holds, that of the block
// before it. kCorrupt if a balance would fall below zero or rise above what an
// account can hold: the block has not been checked.
//
// Facts: signum-node, BlockServiceImpl.apply and TransactionType.apply. Of each
// fee a quarter goes to the cash-back account, the rest, with the block's reward,
// to the generator or its reward recipient.
Result<Effects> effects_of(Ledger& ledger, const ChainBlock& block);

// Planck of a block's fees that go to cash-back accounts.
uint64_t cash_back_planck(const signum::Network& network, const signum::Block& block);

}  // namespace quarry::devnet
