// Transactions as nodes write them in JSON, among themselves and to clients.
#pragma once

#include <nlohmann/json.hpp>

#include "base/status.h"
#include "chainlite/signum/transaction.h"

namespace quarry::signum {

// What one node tells another (requestType getNextBlocks and its like): amounts
// are numbers. Unsupported kinds have an empty attachment.
nlohmann::json transaction_to_json(const Transaction& transaction);

// The transaction that such an object says. kCorrupt names the member;
// kUnsupported for kinds and versions of parts that Quarry does not interpret:
// their bytes cannot be told from JSON. Amounts may be numbers or text, as the
// client API has them.
Result<Transaction> transaction_from_json(const nlohmann::json& object);

// Only the attachment with its appendages.
nlohmann::json attachment_to_json(const Transaction& transaction);

}  // namespace quarry::signum
