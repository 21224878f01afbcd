// One request of the client API: its parameters as the live node reads them, and
// what a handler may use. Internal to the API.
//
// Facts: signum-node, ParameterParser, ParameterServiceImpl, JSONResponses.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "base/status.h"
#include "chainlite/devnet/chain.h"
#include "chainlite/devnet/forger.h"
#include "host/http/server.h"

namespace quarry::devnet {

// {"errorCode":code,"errorDescription":...}
enum class ApiError {
  kIncorrectRequest = 1,
  kMissing = 3,
  kIncorrect = 4,
  kUnknown = 5,
  kNotEnough = 6,
  kNotAllowed = 7,
  kOther = 8,
};
nlohmann::json api_error(ApiError code, std::string_view description);
nlohmann::json missing(std::string_view parameter);
nlohmann::json incorrect(std::string_view parameter);
nlohmann::json unknown(std::string_view object);
nlohmann::json not_allowed();

// Of one reply: blocks, as the live node's, and bytes of payload, after which it ends.
inline constexpr uint32_t kMostBlocks = 100;
inline constexpr size_t kMostShownBytes = size_t{4} << 20;

struct Page {
  uint32_t first = 0, count = 0;
};

// Reads parameters. The first that is missing or wrong is remembered: a handler
// reads all that it needs and asks ok() before it uses any. An empty value counts
// as missing.
class ApiParameters {
 public:
  explicit ApiParameters(const IncomingRequest& request) : request_(request) {}

  bool ok() const { return error_.is_null(); }
  const nlohmann::json& error() const { return error_; }
  void fail(nlohmann::json error);

  // nullptr if it is missing. What is no UTF-8 is an error.
  const std::string* text(const char* name);
  const std::string* require(const char* name);

  // A decimal number in these bounds, or nothing. `as` is how errors call it.
  std::optional<int64_t> integer(const char* name, int64_t least, int64_t most,
                                 const char* as = nullptr);
  std::optional<uint64_t> unsigned_integer(const char* name);

  // "account": a decimal id or an address.
  std::optional<uint64_t> account(const char* name);
  uint64_t required_account();

  // Seconds since the epoch; 0 if it is missing.
  int64_t timestamp();
  // firstIndex and lastIndex, cut to `most` elements.
  Page page(uint32_t most);
  // Hexadecimal, of exactly `size` bytes unless that is 0.
  std::optional<Bytes> hex(const char* name, size_t size = 0);
  std::optional<signum::PublicKey> public_key(const char* name);

  bool is_true(const char* name);
  bool is_false(const char* name);

 private:
  const IncomingRequest& request_;
  nlohmann::json error_;  // null: none
};

struct ApiCall {
  Chain& chain;
  Forger& forger;
  const signum::KeyPair& faucet;
  const std::string& node_id;
  const IncomingRequest& request;
  ApiParameters parameters;
};

// The reply, which may be an error of the API; a Status only where the node itself
// fails.
using ApiResult = Result<nlohmann::json>;
using ApiHandler = ApiResult (*)(ApiCall& call);

// The handlers, by file.
ApiResult get_account(ApiCall& call);
ApiResult get_balance(ApiCall& call);
ApiResult get_guaranteed_balance(ApiCall& call);
ApiResult get_account_id(ApiCall& call);
ApiResult get_account_public_key(ApiCall& call);
ApiResult get_reward_recipient(ApiCall& call);
ApiResult get_accounts_with_reward_recipient(ApiCall& call);
ApiResult get_account_transactions(ApiCall& call);
ApiResult get_account_transaction_ids(ApiCall& call);
ApiResult get_account_blocks(ApiCall& call);
ApiResult get_account_block_ids(ApiCall& call);

ApiResult get_block(ApiCall& call);
ApiResult get_block_id(ApiCall& call);
ApiResult get_blocks(ApiCall& call);
ApiResult get_ec_block(ApiCall& call);

ApiResult get_transaction(ApiCall& call);
ApiResult get_transaction_bytes(ApiCall& call);
ApiResult get_unconfirmed_transactions(ApiCall& call);
ApiResult get_unconfirmed_transaction_ids(ApiCall& call);
ApiResult parse_transaction(ApiCall& call);
ApiResult broadcast_transaction(ApiCall& call);

ApiResult send_money(ApiCall& call);
ApiResult send_money_multi(ApiCall& call);
ApiResult send_money_multi_same(ApiCall& call);
ApiResult send_message(ApiCall& call);
ApiResult set_reward_recipient(ApiCall& call);
ApiResult add_commitment(ApiCall& call);
ApiResult remove_commitment(ApiCall& call);
ApiResult faucet(ApiCall& call);

ApiResult get_mining_info(ApiCall& call);
ApiResult submit_nonce(ApiCall& call);

ApiResult get_blockchain_status(ApiCall& call);
ApiResult get_constants(ApiCall& call);
ApiResult get_time(ApiCall& call);
ApiResult get_state(ApiCall& call);
ApiResult get_my_info(ApiCall& call);
ApiResult suggest_fee(ApiCall& call);
ApiResult rs_convert(ApiCall& call);
ApiResult long_convert(ApiCall& call);

// The keys of a secretPhrase; nothing if there is none, or an error was noted:
// one from another machine is not allowed.
std::optional<signum::KeyPair> keys_of_call(ApiCall& call);

// A block that new transactions are bound to: the newest that is 2400 s older than
// `timestamp`, but at most 60 back. Its id and height. Facts: EconomicClustering.
struct EcBlock {
  uint64_t id = 0;
  uint32_t height = 0;
};
Result<EcBlock> ec_block(Ledger& ledger, int64_t timestamp);

}  // namespace quarry::devnet
