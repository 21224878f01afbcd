// What pools, proxies and nodes answer to miners. Pure functions of a reply.
#include <algorithm>

#include "base/json.h"
#include "base/printable.h"
#include "chainlite/signum/mining_client.h"

namespace quarry::signum {
namespace {

using nlohmann::json;

constexpr size_t kMostWords = 200;
constexpr int kTooManyRequests = 429;

// Codes of Nogrod and the pools after it. Smaller ones mean other things to each
// program: their words tell.
struct KnownCode {
  uint64_t code;
  SubmitOutcome outcome;
};
constexpr KnownCode kCodes[] = {
    {1004, SubmitOutcome::kWrongRewardRecipient},
    {1005, SubmitOutcome::kStaleRound},
    {1008, SubmitOutcome::kDeadlineTooHigh},
    {1014, SubmitOutcome::kUnreachable},  // "Account's reward recipient couldn't be determined"
};

// What refusals say, in any case; the first that fits counts. Whatever else is said in
// JSON is kRefused.
struct KnownWords {
  std::string_view words;
  SubmitOutcome outcome;
};
constexpr KnownWords kWords[] = {
    // signum-node, http/SubmitNonce.java
    {"block height does not match", SubmitOutcome::kStaleRound},
    {"block height smaller than the check point", SubmitOutcome::kStaleRound},
    {"passphrase does not match reward recipient", SubmitOutcome::kWrongRewardRecipient},
    {"passphrase is for a different account", SubmitOutcome::kWrongRewardRecipient},
    // signum-pool, pool/Pool.java
    {"pool does not have mining info", SubmitOutcome::kUnreachable},
    {"reward recipient not set to pool", SubmitOutcome::kWrongRewardRecipient},
    // It is for a moment only; if the round is over, the miner learns it from the next one.
    {"new round starting", SubmitOutcome::kUnreachable},
    {"deadline exceeds maximum", SubmitOutcome::kDeadlineTooHigh},
    {"submission for another block height", SubmitOutcome::kStaleRound},
    {"server interrupted", SubmitOutcome::kUnreachable},
    {"404 not found", SubmitOutcome::kRefused},  // text, with HTTP 200
    // Nogrod and cpp-burst-pool-node
    {"submitted on wrong height", SubmitOutcome::kStaleRound},
    {"reward recipient doesn't match", SubmitOutcome::kWrongRewardRecipient},
    {"deadline exceeds deadline limit", SubmitOutcome::kDeadlineTooHigh},
    // foxy-proxy, lib/proxy.js
    {"for different round", SubmitOutcome::kStaleRound},
    // aggregator
    {"error reaching pool or wallet", SubmitOutcome::kUnreachable},
    {"too many submissions", SubmitOutcome::kRateLimited},
    // The limiter of Nogrod and of aggregator, as text; and web servers in front.
    {"limit exceeded", SubmitOutcome::kRateLimited},
    {"too many requests", SubmitOutcome::kRateLimited},
};

// Whatever the body says: the same may be answered in another way later.
bool is_not_now(int http_status) { return http_status >= 500 || http_status == 408; }

bool is_good(int http_status) { return http_status >= 200 && http_status < 300; }

std::string http_words(int http_status) { return "HTTP " + std::to_string(http_status); }

// A refusal, as far as it says more than a status.
struct Refusal {
  std::optional<uint64_t> code;
  std::string words;  // as they came
};

// None if neither its code nor its words are known.
std::optional<SubmitOutcome> outcome_of(const Refusal& refusal) {
  for (const KnownCode& known : kCodes)
    if (refusal.code == known.code) return known.outcome;
  for (const KnownWords& known : kWords)
    if (contains_ignoring_case(refusal.words, known.words)) return known.outcome;
  return std::nullopt;
}

// A member that is left out where it is no number or no text.
std::optional<uint64_t> number_in(const json& object, const char* name) {
  const auto number = read_u64(object, name);
  return number.ok() ? std::optional(*number) : std::nullopt;
}

std::string text_in(const json& object, const char* name) {
  auto text = read_text(object, name);
  return text.ok() ? *std::move(text) : std::string();
}

// {"errorCode":1008,"errorDescription":"..."}, {"error":{"code":2,"message":"..."}} or
// {"error":"..."}; none if `reply` is none of them.
std::optional<Refusal> error_in(const json& reply) {
  if (has_member(reply, "errorCode") || has_member(reply, "errorDescription"))
    return Refusal{number_in(reply, "errorCode"), text_in(reply, "errorDescription")};
  if (!has_member(reply, "error")) return std::nullopt;
  const json& error = reply["error"];
  if (error.is_object()) return Refusal{number_in(error, "code"), text_in(error, "message")};
  return Refusal{std::nullopt, text_in(reply, "error")};
}

// "success" is of all; BlagoMiner's proxy says "proxy".
bool is_success(std::string_view result) {
  return equal_ignoring_case(result, "success") || equal_ignoring_case(result, "proxy");
}

// The oldest wallets answered {"result":"deadline: 1234"}.
constexpr std::string_view kOldDeadline = "deadline: ";

SubmitReply broken(std::string message) {
  return {SubmitOutcome::kUnreachable, std::nullopt, std::move(message)};
}

SubmitReply refused(int http_status, const Refusal& refusal) {
  const auto by_status =
      is_not_now(http_status) ? SubmitOutcome::kUnreachable : SubmitOutcome::kRefused;
  SubmitReply reply;
  reply.outcome = http_status == kTooManyRequests ? SubmitOutcome::kRateLimited
                                                  : outcome_of(refusal).value_or(by_status);
  reply.message = printable(refusal.words, kMostWords);
  if (reply.message.empty())
    reply.message = refusal.code ? "error " + std::to_string(*refusal.code)
                                 : http_words(http_status) + " without a reason";
  return reply;
}

// A reply that holds no error.
SubmitReply read_success(int http_status, json reply) {
  const std::string result = text_in(reply, "result");
  if (result.starts_with(kOldDeadline)) reply["deadline"] = result.substr(kOldDeadline.size());
  const bool has_deadline = has_member(reply, "deadline");
  const Refusal refusal{std::nullopt, result};
  const bool is_refused =
      !is_success(result) && !result.empty() && (!has_deadline || outcome_of(refusal).has_value());
  if (is_refused) return refused(http_status, refusal);
  if (!is_good(http_status)) return broken(http_words(http_status) + " with a reply of success");
  if (!has_deadline && result.empty()) return broken("a reply without result and deadline");
  SubmitReply accepted{SubmitOutcome::kAccepted, std::nullopt, ""};
  if (!has_deadline) return accepted;
  accepted.deadline = number_in(reply, "deadline");
  return accepted.deadline ? accepted : broken("a reply whose deadline is no number");
}

Result<std::optional<uint64_t>> read_optional_u64(const json& object, const char* name) {
  if (!has_member(object, name)) return std::optional<uint64_t>();
  QUARRY_ASSIGN(const uint64_t number, read_u64(object, name));
  return std::optional(number);
}

Result<MiningInfo> read_mining_info(const json& reply) {
  MiningInfo info;
  QUARRY_ASSIGN(info.generation_signature, read_hex_array<32>(reply, "generationSignature"));
  QUARRY_ASSIGN(info.height, read_u64(reply, "height"));
  QUARRY_ASSIGN(info.base_target, read_u64(reply, "baseTarget"));
  QUARRY_ASSIGN(info.target_deadline, read_optional_u64(reply, "targetDeadline"));
  QUARRY_ASSIGN(info.average_commitment_planck, read_optional_u64(reply, "averageCommitmentNQT"));
  if (info.base_target == 0) return Status(Code::kCorrupt, "a round with base target 0");
  if (info.height == 0) return Status(Code::kCorrupt, "a round of height 0");
  if (info.target_deadline == 0) info.target_deadline.reset();  // proxies mean: none
  return info;
}

// What a reply that is no round says, if it says anything.
Status no_round(const Refusal& refusal) {
  const std::string words = printable(refusal.words, kMostWords);
  return {Code::kRefused, words.empty() ? "refuses without a reason" : "refuses: " + words};
}

}  // namespace

bool MiningInfo::same_round(const MiningInfo& other) const {
  return height == other.height && base_target == other.base_target &&
         generation_signature == other.generation_signature;
}

std::string_view outcome_name(SubmitOutcome outcome) {
  switch (outcome) {
    case SubmitOutcome::kAccepted: return "accepted";
    case SubmitOutcome::kStaleRound: return "stale_round";
    case SubmitOutcome::kDeadlineTooHigh: return "deadline_too_high";
    case SubmitOutcome::kWrongRewardRecipient: return "wrong_reward_recipient";
    case SubmitOutcome::kWrongDeadline: return "wrong_deadline";
    case SubmitOutcome::kRateLimited: return "rate_limited";
    case SubmitOutcome::kUnreachable: return "unreachable";
    case SubmitOutcome::kRefused: return "refused";
  }
  return "refused";
}

Result<MiningInfo> parse_mining_info(int http_status, std::string_view body) {
  if (is_not_now(http_status) || http_status == kTooManyRequests)
    return Status(Code::kNetwork, "answers with " + http_words(http_status));
  const auto reply = parse_json(body, "the round");
  const Refusal text{std::nullopt, std::string(body)};
  if (!reply.ok() && (!is_good(http_status) || outcome_of(text).has_value())) return no_round(text);
  QUARRY_TRY(reply.status());
  if (const auto error = error_in(*reply)) return no_round(*error);
  if (!is_good(http_status))
    return Status(Code::kRefused, "answers with " + http_words(http_status));
  if (reply->is_null()) return Status(Code::kCorrupt, "knows no round: it answers null");
  return read_mining_info(*reply);
}

SubmitReply parse_submit_reply(int http_status, std::string_view body) {
  auto reply = parse_json(body, "the reply");
  if (reply.ok() && reply->is_object()) {
    if (const auto error = error_in(*reply)) return refused(http_status, *error);
    return read_success(http_status, *std::move(reply));
  }
  const Refusal text{std::nullopt, std::string(body)};
  if (is_good(http_status) && !outcome_of(text)) return broken("a reply that is no JSON object");
  return refused(http_status, text);
}

}  // namespace quarry::signum
