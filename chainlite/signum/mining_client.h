// What a miner says to a pool, a proxy or a node, and what they answer.
//
// Facts: signum-node, signum-pool, foxy-proxy, and the miners that speak to them.
// Numbers come as numbers or as text, failures as HTTP statuses, as "error" objects,
// as errorCode, or as a sentence in "result" with HTTP 200: every shape becomes one
// of a few outcomes here.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/secret.h"
#include "base/status.h"
#include "chainlite/signum/nonce.h"
#include "host/cancel.h"
#include "host/http/client.h"

namespace quarry::signum {

// A round, as a pool tells it.
struct MiningInfo {
  GenerationSignature generation_signature{};
  uint64_t height = 0;                      // > 0
  uint64_t base_target = 0;                 // > 0
  std::optional<uint64_t> target_deadline;  // hit / base target; worse ones are not wanted
  std::optional<uint64_t> average_commitment_planck;

  // True if `other` is about the same round: same height, signature and base target.
  bool same_round(const MiningInfo& other) const;
};

// The reply to getMiningInfo. kCorrupt where it is none, is null, or has height or base
// target 0; kRefused where the other side says no; kNetwork for what may be better in a
// moment: HTTP statuses 408, 429 and from 500 on.
Result<MiningInfo> parse_mining_info(int http_status, std::string_view body);

enum class SubmitOutcome {
  kAccepted,              // `deadline` is what the other side computed
  kStaleRound,            // for another height
  kDeadlineTooHigh,       // worse than it takes
  kWrongRewardRecipient,  // the account's rewards are not assigned to this pool
  kWrongDeadline,         // it computed another deadline than was sent
  kRateLimited,           // try again later
  kUnreachable,           // no answer, a broken one, or "not now" (HTTP 5xx)
  kRefused,               // anything else: `message` has its words
};

std::string_view outcome_name(SubmitOutcome outcome);  // "accepted", "stale_round", ...

struct SubmitReply {
  SubmitOutcome outcome = SubmitOutcome::kRefused;
  std::optional<uint64_t> deadline;  // hit / base target, as the other side computed it
  std::string message;               // its words, printable, at most 200 bytes; or ours
};

// The reply to submitNonce. What is no answer at all is kUnreachable, so that it is sent
// again.
SubmitReply parse_submit_reply(int http_status, std::string_view body);

// A nonce that is handed in.
struct NonceSubmission {
  uint64_t account_id = 0;
  uint64_t nonce = 0;
  uint64_t height = 0;
  uint64_t hit = 0;       // what the query calls deadline
  uint64_t deadline = 0;  // hit / base target, for the header X-Deadline
};

// Who mines, for the other side's statistics.
struct MinerIdentity {
  std::string software = "quarry";  // User-Agent and X-Miner
  std::string name;                 // X-Minername; "" sends none
  uint64_t capacity_gib = 0;        // X-Capacity; 0 sends none
  std::vector<HttpHeader> headers;  // more of them, for both requests
};

// One pool, proxy or node. Any thread; copies share what was learned of it.
class MiningClient {
 public:
  // `url`: "http(s)://host[:port]", whose API is at "/burst"; a path is kept, and gets
  // "/burst" where it does not end in "/burst" or "/api"; so is a query. `http` outlives
  // it. kInvalidArgument for what is no URL.
  static Result<MiningClient> open(HttpClient& http, const std::string& url);

  const std::string& name() const { return name_; }  // "https://host:port"
  bool is_loopback() const { return is_loopback_; }

  // getMiningInfo by GET; by POST from the first time on that only this is taken.
  // Failures as parse_mining_info's and HttpClient::send's, kInvalidArgument for a header
  // of `miner` that cannot be sent among them.
  Result<MiningInfo> mining_info(const MinerIdentity& miner, const Cancel& cancel) const;

  // submitNonce by POST. kAccepted becomes kWrongDeadline where the other side computed
  // another deadline. With `passphrase` the nonce is handed in to a node for solo mining:
  // kRefused without being sent unless the node is on this machine. A request of `cancel`
  // is the outcome kUnreachable.
  SubmitReply submit(const NonceSubmission& submission, const MinerIdentity& miner,
                     const Secret* passphrase, const Cancel& cancel) const;

 private:
  MiningClient(HttpClient& http, std::string name, std::string api, bool is_loopback)
      : http_(&http), name_(std::move(name)), api_(std::move(api)), is_loopback_(is_loopback) {}

  HttpClient* http_;
  std::string name_;
  std::string api_;  // the URL up to where parameters are added
  bool is_loopback_ = false;
  std::shared_ptr<std::atomic<bool>> post_only_ = std::make_shared<std::atomic<bool>>(false);
};

}  // namespace quarry::signum
