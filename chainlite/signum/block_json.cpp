#include "chainlite/signum/block_json.h"

#include "base/hex.h"
#include "base/json.h"
#include "chainlite/signum/transaction_json.h"

namespace quarry::signum {

using nlohmann::json;

json block_to_json(const Block& block, uint64_t packed_base_target) {
  json object = {{"version", block.version},
                 {"timestamp", block.timestamp},
                 {"previousBlock", std::to_string(block.previous_block)},
                 {"totalAmountNQT", block.total_amount_planck},
                 {"totalFeeNQT", block.total_fee_planck},
                 {"payloadLength", block.payload_length},
                 {"payloadHash", format_hex(block.payload_hash)},
                 {"generatorPublicKey", format_hex(block.generator)},
                 {"generationSignature", format_hex(block.generation_signature)},
                 {"blockSignature", format_hex(block.signature)},
                 {"nonce", std::to_string(block.nonce)},
                 {"baseTarget", std::to_string(packed_base_target)},
                 {"blockATs", nullptr},
                 {"transactions", json::array()}};
  if (block.version > 1) object["previousBlockHash"] = format_hex(block.previous_block_hash);
  if (!block.automated_transactions.empty())
    object["blockATs"] = format_hex(block.automated_transactions);
  for (const Transaction& transaction : block.transactions)
    object["transactions"].push_back(transaction_to_json(transaction));
  return object;
}

Result<Block> block_from_json(const json& object) {
  Block block;
  QUARRY_ASSIGN(block.version, read_i32(object, "version"));
  QUARRY_ASSIGN(block.timestamp, read_i32(object, "timestamp"));
  QUARRY_ASSIGN(block.previous_block, read_u64(object, "previousBlock"));
  QUARRY_ASSIGN(block.total_amount_planck, read_u64(object, "totalAmountNQT"));
  QUARRY_ASSIGN(block.total_fee_planck, read_u64(object, "totalFeeNQT"));
  QUARRY_ASSIGN(block.payload_length, read_u32(object, "payloadLength"));
  QUARRY_ASSIGN(block.payload_hash, read_hex_array<32>(object, "payloadHash"));
  QUARRY_ASSIGN(block.generator, read_hex_array<32>(object, "generatorPublicKey"));
  QUARRY_ASSIGN(block.generation_signature, read_hex_array<32>(object, "generationSignature"));
  if (block.version > 1) {
    QUARRY_ASSIGN(block.previous_block_hash, read_hex_array<32>(object, "previousBlockHash"));
  }
  QUARRY_ASSIGN(block.signature, read_hex_array<64>(object, "blockSignature"));
  QUARRY_ASSIGN(block.nonce, read_u64(object, "nonce"));
  if (has_member(object, "blockATs")) {
    QUARRY_ASSIGN(block.automated_transactions, read_hex(object, "blockATs"));
  }
  QUARRY_ASSIGN(const json* list, read_array(object, "transactions", kMostBlockTransactions));
  block.transactions.reserve(list->size());
  for (const json& element : *list) {
    QUARRY_ASSIGN(Transaction transaction, transaction_from_json(element));
    block.transactions.push_back(std::move(transaction));
  }
  return block;
}

}  // namespace quarry::signum
