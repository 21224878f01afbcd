// Requests of miners.
#include "base/hex.h"
#include "base/units.h"
#include "chainlite/devnet/api_call.h"
#include "chainlite/signum/address.h"

namespace quarry::devnet {
namespace {

using nlohmann::json;

// Failures of a submission are no errors of the API.
json result(std::string_view text) { return {{"result", text}}; }

}  // namespace

ApiResult get_mining_info(ApiCall& call) {
  QUARRY_ASSIGN(const Round round, call.chain.round());
  const uint64_t reward = signum::block_reward(call.chain.network(), round.height - 1);
  return json{{"height", std::to_string(round.height)},
              {"generationSignature", format_hex(round.generation_signature)},
              {"baseTarget", std::to_string(round.base_target.capacity)},
              {"averageCommitmentNQT", std::to_string(round.base_target.average_commitment)},
              {"lastBlockReward", std::to_string(reward / signum::kPlanckPerCoin)},
              {"lastBlockRewardNQT", std::to_string(reward)},
              {"timestamp", std::to_string(round.previous_timestamp)}};
}

ApiResult submit_nonce(ApiCall& call) {
  auto& parameters = call.parameters;
  const std::string* nonce_text = parameters.text("nonce");
  const std::string* height_text = parameters.text("blockheight");
  const std::string* account_text = parameters.text("accountId");
  auto own_keys = keys_of_call(call);
  if (!parameters.ok()) return parameters.error();
  if (nonce_text == nullptr) return missing("nonce");
  const auto nonce = parse_u64(*nonce_text);
  if (!nonce.ok()) return incorrect("nonce");

  std::optional<uint64_t> height, account;
  if (height_text != nullptr) {
    const auto number = parse_u64(*height_text);
    if (!number.ok()) return result("Given block height is not a number");
    height = *number;
  }
  if (account_text != nullptr) {
    const auto id = signum::parse_account(*account_text);
    if (!id.ok()) return result("Missing Passphrase and Account ID is malformed");
    account = *id;
  }
  std::shared_ptr<const signum::KeyPair> keys;
  if (own_keys) keys = std::make_shared<const signum::KeyPair>(std::move(*own_keys));
  const auto deadline = call.forger.submit(account, *nonce, height, std::move(keys));
  if (deadline.ok()) return json{{"result", "success"}, {"deadline", *deadline}};
  if (deadline.status().code() == Code::kInvalidArgument)
    return result(deadline.status().message());
  return deadline.status();
}

}  // namespace quarry::devnet
