#include "chainlite/devnet/api.h"

#include <sodium/randombytes.h>

#include <algorithm>
#include <array>

#include "base/hex.h"
#include "chainlite/devnet/api_call.h"
#include "chainlite/devnet/api_peers.h"
#include "host/clock.h"

namespace quarry::devnet {
namespace {

using nlohmann::json;

struct ApiRequest {
  std::string_view type;
  ApiHandler handler;
  bool needs_post = false;
};

constexpr bool kPost = true;

constexpr ApiRequest kRequests[] = {
    {"addCommitment", add_commitment, kPost},
    {"broadcastTransaction", broadcast_transaction, kPost},
    {"faucet", faucet, kPost},
    {"getAccount", get_account},
    {"getAccountBlockIds", get_account_block_ids},
    {"getAccountBlocks", get_account_blocks},
    {"getAccountId", get_account_id, kPost},
    {"getAccountPublicKey", get_account_public_key},
    {"getAccountTransactionIds", get_account_transaction_ids},
    {"getAccountTransactions", get_account_transactions},
    {"getAccountsWithRewardRecipient", get_accounts_with_reward_recipient},
    {"getBalance", get_balance},
    {"getBlock", get_block},
    {"getBlockId", get_block_id},
    {"getBlockchainStatus", get_blockchain_status},
    {"getBlocks", get_blocks},
    {"getConstants", get_constants},
    {"getECBlock", get_ec_block},
    {"getGuaranteedBalance", get_guaranteed_balance},
    {"getMiningInfo", get_mining_info},
    {"getMyInfo", get_my_info},
    {"getRewardRecipient", get_reward_recipient},
    {"getState", get_state},
    {"getTime", get_time},
    {"getTransaction", get_transaction},
    {"getTransactionBytes", get_transaction_bytes},
    {"getUnconfirmedTransactionIds", get_unconfirmed_transaction_ids},
    {"getUnconfirmedTransactions", get_unconfirmed_transactions},
    {"longConvert", long_convert},
    {"parseTransaction", parse_transaction},
    {"removeCommitment", remove_commitment, kPost},
    {"rsConvert", rs_convert},
    {"sendMessage", send_message, kPost},
    {"sendMoney", send_money, kPost},
    {"sendMoneyMulti", send_money_multi, kPost},
    {"sendMoneyMultiSame", send_money_multi_same, kPost},
    {"setRewardRecipient", set_reward_recipient, kPost},
    {"submitNonce", submit_nonce, kPost},
    {"suggestFee", suggest_fee},
};

HttpReply reply_of(int status, const json& object) {
  // Messages may hold any bytes; JSON may not.
  return {.status = status,
          .content_type = "application/json; charset=UTF-8",
          .headers = {{"Access-Control-Allow-Methods", "GET, POST, OPTIONS, HEAD"},
                      {"Access-Control-Allow-Origin", "*"},
                      {"Access-Control-Allow-Headers", "*"},
                      {"Cache-Control", "no-cache, no-store, must-revalidate, private"},
                      {"Pragma", "no-cache"}},
          .body = object.dump(-1, ' ', false, json::error_handler_t::replace)};
}

std::string random_id() {
  std::array<std::byte, 16> bytes;
  randombytes_buf(bytes.data(), bytes.size());
  std::string text = format_hex(bytes);
  for (const size_t dash : {20, 16, 12, 8}) text.insert(dash, "-");
  return text;
}

bool is_peer_request(const IncomingRequest& request) {
  return request.method == "POST" && request.parameter("requestType") == nullptr &&
         (request.path == "/burst" || request.path == "/") && request.body.starts_with('{');
}

}  // namespace

NodeApi::NodeApi(Chain& chain, Forger& forger)
    : chain_(chain),
      forger_(forger),
      faucet_(signum::KeyPair::from_passphrase(Secret::copy_of(kFaucetPassphrase))),
      node_id_(random_id()) {}

NodeApi::~NodeApi() = default;

HttpReply NodeApi::handle(const IncomingRequest& request) {
  if (is_peer_request(request)) {
    HttpReply reply = reply_of(200, answer_peer(chain_, request.body));
    reply.content_type = "text/plain; charset=UTF-8";  // as between live nodes
    return reply;
  }
  if (request.path != "/api" && request.path != "/burst")
    return reply_of(404, api_error(ApiError::kIncorrectRequest,
                                   "The API stands at /api: /api?requestType=getBlockchainStatus"));
  return answer_client(request);
}

HttpReply NodeApi::answer_client(const IncomingRequest& request) {
  if (request.method == "OPTIONS") {
    HttpReply reply = reply_of(202, json());
    reply.body.clear();
    return reply;
  }
  const std::string* type = request.parameter("requestType");
  const auto* found = type == nullptr ? std::ranges::end(kRequests)
                                      : std::ranges::find(kRequests, *type, &ApiRequest::type);
  if (found == std::ranges::end(kRequests))
    return reply_of(404, api_error(ApiError::kIncorrectRequest, "Request type does not exist"));
  if (request.method != "POST" && (found->needs_post || request.method != "GET"))
    return reply_of(405, not_allowed());

  const auto start = real_clock().now();
  ApiCall call{chain_, forger_, faucet_, node_id_, request, ApiParameters(request)};
  auto result = found->handler(call);
  if (!result.ok())
    return reply_of(
        500, api_error(ApiError::kIncorrectRequest,
                       "The node failed: " + std::string(code_name(result.status().code()))));
  const auto taken = real_clock().now() - start;
  (*result)["requestProcessingTime"] =
      std::chrono::duration_cast<std::chrono::milliseconds>(taken).count();
  return reply_of(200, *result);
}

}  // namespace quarry::devnet
