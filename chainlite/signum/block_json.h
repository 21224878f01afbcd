// Blocks as nodes tell them each other in JSON.
#pragma once

#include <nlohmann/json.hpp>

#include "base/status.h"
#include "chainlite/signum/block.h"

namespace quarry::signum {

// The object of requestType getNextBlocks and its like. `packed_base_target` is
// told along with it, as in newer nodes, and never believed.
nlohmann::json block_to_json(const Block& block, uint64_t packed_base_target);

// The block that such an object says, not checked any further than each
// transaction's form. kCorrupt names the member; kUnsupported for a transaction
// that Quarry does not interpret.
Result<Block> block_from_json(const nlohmann::json& object);

}  // namespace quarry::signum
