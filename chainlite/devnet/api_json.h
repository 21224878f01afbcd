// Accounts, transactions and blocks as the client API shows them. Internal to the
// API.
//
// Facts: signum-node, JSONData. What may exceed 2^53 is text.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "base/status.h"
#include "chainlite/devnet/ledger.h"
#include "chainlite/devnet/mempool.h"

namespace quarry::devnet {

// "name" and "nameRS" of an account.
void put_account(nlohmann::json& object, const std::string& name, uint64_t account,
                 const signum::Network& network);

// "S-...-KEY": an address with the public key behind it, in base 36.
std::string extended_address(const signum::PublicKey& key, const signum::Network& network);

// Of a transaction that is signed or not, and stands in no block.
nlohmann::json unconfirmed_json(const signum::Transaction& transaction,
                                const signum::Network& network);

// Of one that does; `height` is the chain's.
nlohmann::json confirmed_json(const ChainTransaction& transaction, uint32_t height,
                              const signum::Network& network);

// With ids of transactions, or all of them.
Result<nlohmann::json> block_json(Ledger& ledger, const ChainBlock& block,
                                  bool include_transactions);

// Balances of an account, less what the waiting transactions spend.
nlohmann::json balance_json(const Account& account, const Mempool& mempool);

}  // namespace quarry::devnet
