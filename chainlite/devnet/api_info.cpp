// Requests about the node, its chain as a whole, and notation.
#include <algorithm>
#include <map>

#include "chainlite/devnet/api_call.h"
#include "chainlite/devnet/api_json.h"
#include "chainlite/signum/address.h"

namespace quarry::devnet {
namespace {

using nlohmann::json;

constexpr const char* kApplication = "quarry-devnet";
constexpr const char* kVersion = "v3.9.0";  // whose API this is

// What every summary of the chain has.
Result<json> chain_summary(ApiCall& call, Ledger& ledger) {
  QUARRY_ASSIGN(const ChainBlock tip, ledger.tip());
  return json{{"application", kApplication},
              {"version", kVersion},
              {"time", call.chain.now()},
              {"lastBlock", std::to_string(tip.id)},
              {"cumulativeDifficulty", tip.cumulative_difficulty.text()},
              {"numberOfBlocks", tip.height + 1},
              {"lastBlockchainFeeder", nullptr},
              {"lastBlockchainFeederHeight", tip.height},
              {"isScanning", false}};
}

json transaction_types(const signum::Network& network) {
  struct Row {
    signum::TransactionKind kind;
    const char* description;
  };
  struct Type {
    int value;
    const char* description;
    std::vector<Row> subtypes;
  };
  const Type types[] = {{0,
                         "Payment",
                         {{{0, 0}, "Ordinary Payment"},
                          {{0, 1}, "Multi-out Payment"},
                          {{0, 2}, "Multi-out Same Payment"}}},
                        {1, "Messaging", {{{1, 0}, "Arbitrary Message"}}},
                        {20,
                         "Mining",
                         {{{20, 0}, "Reward Recipient Assignment"},
                          {{20, 1}, "Add Commitment"},
                          {{20, 2}, "Remove Commitment"}}}};
  const uint64_t quant = network.fee_quant(UINT32_MAX);
  json list = json::array();
  for (const Type& type : types) {
    json subtypes = json::array();
    for (const Row& row : type.subtypes)
      subtypes.push_back({{"value", row.kind.subtype},
                          {"description", row.description},
                          {"minimumFeeConstantNQT", quant},
                          {"minimumFeeAppendagesNQT", quant}});
    list.push_back({{"value", type.value},
                    {"description", type.description},
                    {"subtypes", std::move(subtypes)}});
  }
  return list;
}

}  // namespace

ApiResult get_blockchain_status(ApiCall& call) {
  return call.chain.read(
      [&](Ledger& ledger, const Mempool&) { return chain_summary(call, ledger); });
}

ApiResult get_state(ApiCall& call) {
  return call.chain.read([&](Ledger& ledger, const Mempool& mempool) -> ApiResult {
    QUARRY_ASSIGN(json reply, chain_summary(call, ledger));
    reply["numberOfUnconfirmedTransactions"] = mempool.all().size();
    reply["numberOfPeers"] = 0;
    return reply;
  });
}

ApiResult get_constants(ApiCall& call) {
  const auto& network = call.chain.network();
  const uint32_t height =
      call.chain.read([](Ledger& ledger, const Mempool&) { return ledger.height(); });
  const signum::Block first = call.chain.genesis().block;
  return json{{"networkName", network.name},
              {"genesisBlockId", std::to_string(network.genesis_block_id)},
              {"genesisAccountId", std::to_string(first.generator_id())},
              {"maxBlockPayloadLength", network.max_payload_bytes(height + 1)},
              {"maxArbitraryMessageLength", signum::kMostMessageBytes},
              {"ordinaryTransactionLength", 176},
              {"addressPrefix", network.address_prefix},
              {"valueSuffix", "TSIGNA"},
              {"blockTime", network.block_seconds},
              {"decimalPlaces", 8},
              {"feeQuantNQT", network.fee_quant(height)},
              {"cashBackId", std::to_string(network.cash_back_id)},
              {"cashBackFactor", network.cash_back_factor},
              {"transactionTypes", transaction_types(network)},
              {"peerStates",
               {{{"value", 0}, {"description", "Non-connected"}},
                {{"value", 1}, {"description", "Connected"}},
                {{"value", 2}, {"description", "Disconnected"}}}}};
}

ApiResult get_time(ApiCall& call) { return json{{"time", call.chain.now()}}; }

ApiResult get_my_info(ApiCall& call) {
  const char* address = call.request.peer_is_loopback ? "127.0.0.1" : "";
  return json{{"host", address}, {"address", address}, {"UUID", call.node_id}};
}

ApiResult suggest_fee(ApiCall& call) {
  // Blocks are never full for long: the least fee will do.
  const uint64_t least = call.chain.read([](Ledger& ledger, const Mempool&) {
    return ledger.network().minimum_fee(std::max(ledger.height(), 1u), 0);
  });
  return json{{"cheap", least}, {"standard", least}, {"priority", 2 * least}};
}

ApiResult rs_convert(ApiCall& call) {
  const uint64_t id = call.parameters.required_account();
  if (call.parameters.ok() && id == 0) call.parameters.fail(incorrect("account"));
  if (!call.parameters.ok()) return call.parameters.error();
  json reply;
  put_account(reply, "account", id, call.chain.network());
  return reply;
}

ApiResult long_convert(ApiCall& call) {
  const std::string* text = call.parameters.text("id");
  if (!call.parameters.ok()) return call.parameters.error();
  if (text == nullptr) return json::object();
  const bool is_negative = text->starts_with('-');
  const std::string digits = text->substr(is_negative ? 1 : 0);
  if (digits.empty() || digits.find_first_not_of("0123456789") != std::string::npos)
    return api_error(ApiError::kIncorrectRequest, "Incorrect request");
  constexpr uint64_t kTwo63 = uint64_t{1} << 63;
  uint64_t value = 0;
  for (const char digit : digits) {
    unsigned __int128 wide = static_cast<unsigned __int128>(value) * 10;
    wide += static_cast<unsigned>(digit - '0');
    if (wide > UINT64_MAX) return json{{"error", "overflow"}};
    value = static_cast<uint64_t>(wide);
  }
  if (is_negative) value = 0 - value;
  const std::string as_long =
      value < kTwo63 ? std::to_string(value) : "-" + std::to_string(0 - value);
  return json{{"stringId", std::to_string(value)}, {"longId", as_long}};
}

}  // namespace quarry::devnet
