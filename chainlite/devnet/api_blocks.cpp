// Requests about blocks.
#include "chainlite/devnet/api_call.h"
#include "chainlite/devnet/api_json.h"

namespace quarry::devnet {

using nlohmann::json;

ApiResult get_block(ApiCall& call) {
  auto& parameters = call.parameters;
  const auto id = parameters.unsigned_integer("block");
  const auto height = parameters.integer("height", 0, INT32_MAX);
  const auto timestamp = parameters.integer("timestamp", 0, INT32_MAX);
  const bool include = parameters.is_true("includeTransactions");
  if (!parameters.ok()) return parameters.error();
  return call.chain.read([&](Ledger& ledger, const Mempool&) -> ApiResult {
    if (!id && height && *height > int64_t{ledger.height()}) return incorrect("height");
    const auto block = id          ? ledger.block_by_id(*id)
                       : height    ? ledger.block_at(static_cast<uint32_t>(*height))
                       : timestamp ? ledger.block_at_time(*timestamp)
                                   : ledger.tip();
    if (block.ok()) return block_json(ledger, *block, include);
    if (block.status().code() == Code::kNotFound) return unknown("block");
    return block.status();
  });
}

ApiResult get_block_id(ApiCall& call) {
  const auto height = call.parameters.integer("height", 0, INT32_MAX);
  if (!call.parameters.ok()) return call.parameters.error();
  if (!height) return missing("height");
  return call.chain.read([&](Ledger& ledger, const Mempool&) -> ApiResult {
    if (*height > int64_t{ledger.height()}) return incorrect("height");
    QUARRY_ASSIGN(const uint64_t id, ledger.block_id_at(static_cast<uint32_t>(*height)));
    return json{{"block", std::to_string(id)}};
  });
}

ApiResult get_blocks(ApiCall& call) {
  const Page page = call.parameters.page(kMostBlocks);
  const bool include = call.parameters.is_true("includeTransactions");
  if (!call.parameters.ok()) return call.parameters.error();
  return call.chain.read([&](Ledger& ledger, const Mempool&) -> ApiResult {
    json reply = {{"blocks", json::array()}};
    size_t bytes = 0;
    for (uint32_t i = page.first; i <= ledger.height(); i++) {
      if (i - page.first == page.count || bytes > kMostShownBytes) {
        reply["nextIndex"] = i;
        break;
      }
      QUARRY_ASSIGN(const ChainBlock block, ledger.block_at(ledger.height() - i));
      if (include) bytes += block.block.payload_length;
      QUARRY_ASSIGN(json shown, block_json(ledger, block, include));
      reply["blocks"].push_back(std::move(shown));
    }
    return reply;
  });
}

ApiResult get_ec_block(ApiCall& call) {
  const int64_t given = call.parameters.timestamp();
  if (!call.parameters.ok()) return call.parameters.error();
  const int64_t timestamp = given != 0 ? given : call.chain.now();
  return call.chain.read([&](Ledger& ledger, const Mempool&) -> ApiResult {
    QUARRY_ASSIGN(const ChainBlock tip, ledger.tip());
    if (timestamp < int64_t{tip.block.timestamp} - ledger.network().max_timestamp_ahead_seconds)
      return incorrect("timestamp");
    QUARRY_ASSIGN(const EcBlock block, ec_block(ledger, timestamp));
    return json{{"ecBlockId", std::to_string(block.id)},
                {"ecBlockHeight", block.height},
                {"timestamp", timestamp}};
  });
}

}  // namespace quarry::devnet
