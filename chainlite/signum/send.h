// Transactions from the wish to the network: built here, compared with what a node
// would build, signed here, broadcast.
#pragma once

#include <cstdint>
#include <optional>

#include "base/status.h"
#include "chainlite/signum/node_client.h"
#include "chainlite/signum/transaction.h"

namespace quarry::signum {

// What the sender wants. Appendages and attachment must be well formed together
// (check_form).
struct Draft {
  Attachment attachment;
  uint64_t recipient = 0;
  uint64_t amount_planck = 0;
  std::optional<uint64_t> fee_planck;  // none: the least that the node asks for its size
  uint16_t deadline_minutes = 24 * 60;
  std::optional<MessageAppendix> message;
  std::optional<EncryptedAppendix> encrypted_message;
};

// The unsigned transaction. Its bytes are built here. The node is asked for the
// same transaction, and for what only the chain knows: time, EC block, cash-back
// account. kRefused if the node's bytes are not exactly ours, its time is more
// than ten minutes from `unix_now`, or it refuses; what it wanted signed is then
// not signed. kInvalidArgument for a draft that is not well formed.
Result<Transaction> prepare(const NodeClient& node, const Draft& draft, const PublicKey& sender,
                            int64_t unix_now, const Cancel& cancel);

// Gives a signed transaction to the node. kRefused if the node refuses, or
// answers with another transaction's hash.
Status broadcast(const NodeClient& node, const Transaction& transaction, const Cancel& cancel);

}  // namespace quarry::signum
