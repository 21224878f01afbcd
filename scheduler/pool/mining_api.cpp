#include "scheduler/pool/mining_api.h"

#include <nlohmann/json.hpp>

#include "base/bytes.h"
#include "base/hex.h"
#include "base/units.h"
#include "base/utf8.h"
#include "chainlite/signum/address.h"
#include "host/metrics.h"

namespace quarry::pool {
namespace {

using nlohmann::json;

constexpr double kRequestCost = 1;
constexpr double kSubmissionCost = 4;
constexpr double kUnclaimedCost = 20;  // a nonce that is computed, whatever it is
constexpr double kViewCost = 10;
constexpr size_t kMostWordBytes = 64;
constexpr uint64_t kMostCapacityGib = uint64_t{1} << 40;

HttpReply reply_of(const json& value, int status = 200) {
  return {.status = status,
          .content_type = "application/json",
          .headers = {{"Access-Control-Allow-Origin", "*"}, {"Cache-Control", "no-store"}},
          .body = value.dump(-1, ' ', false, json::error_handler_t::replace)};
}

HttpReply not_found() { return {.content_type = "application/json", .body = "404 not found"}; }

HttpReply result(std::string_view words, int status = 200) {
  return reply_of({{"result", words}}, status);
}

// A header of a miner: short, printable, one line.
std::string word_of(const IncomingRequest& request, std::string_view header) {
  const std::string* text = request.header(header);
  if (text == nullptr || !is_utf8(text_bytes(*text))) return {};
  std::string word = text->size() > kMostWordBytes ? std::string() : *text;
  std::erase_if(word, [](unsigned char c) { return c < 0x20 || c == 0x7F; });
  return word;
}

std::optional<uint64_t> number_of(const std::string* text) {
  if (text == nullptr) return std::nullopt;
  const auto number = parse_u64(*text);
  return number.ok() ? std::optional(*number) : std::nullopt;
}

const char* verdict_name(Verdict verdict) {
  switch (verdict) {
    case Verdict::kAccepted: return "accepted";
    case Verdict::kRefused: return "refused";
    case Verdict::kMismatch: return "mismatch";
    case Verdict::kBanned: return "banned";
    case Verdict::kBusy: return "busy";
  }
  return "";
}

bool is_submission(const IncomingRequest& request) {
  const std::string* type = request.parameter("requestType");
  return type != nullptr && *type == "submitNonce";
}

std::optional<uint64_t> claimed_deadline(const IncomingRequest& request) {
  const auto deadline = number_of(request.parameter("deadline"));
  return deadline ? deadline : number_of(request.header("X-Deadline"));
}

// In tokens of its address.
double cost_of(const IncomingRequest& request) {
  if (request.path.starts_with("/api/") || request.path == "/metrics") return kViewCost;
  if (!is_submission(request)) return kRequestCost;
  return claimed_deadline(request) ? kSubmissionCost : kUnclaimedCost;
}

// The claim that a request makes, or the words that refuse it.
struct ReadClaim {
  Claim claim;
  const char* refusal = nullptr;
};

ReadClaim read_claim(const IncomingRequest& request) {
  ReadClaim read;
  Claim& claim = read.claim;
  const std::string* account = request.parameter("accountId");
  const auto id = account == nullptr ? Result<uint64_t>(Status(Code::kNotFound, "no account"))
                                     : signum::parse_account(*account);
  const auto nonce = number_of(request.parameter("nonce"));
  if (!id.ok())
    read.refusal = "Account ID not set";
  else if (!nonce)
    read.refusal = "Nonce not set or invalid";
  if (read.refusal != nullptr) return read;
  claim.account_id = *id;
  claim.nonce = *nonce;
  if (const std::string* text = request.parameter("blockheight")) {
    const auto height = number_of(text);
    if (!height || *height > UINT32_MAX)
      read.refusal = "Given block height is not a number";
    else
      claim.height = static_cast<uint32_t>(*height);
  }
  claim.deadline = claimed_deadline(request);
  claim.address = customer_of(request.peer_address);
  claim.words = {word_of(request, "X-Minername"), word_of(request, "User-Agent"),
                 number_of(request.header("X-Capacity")).value_or(0)};
  if (claim.words.capacity_gib > kMostCapacityGib) claim.words.capacity_gib = 0;
  return read;
}

}  // namespace

MiningApi::MiningApi(Submissions& submissions, Store& store, Limits& limits, const PoolFacts& facts,
                     Clock& clock, std::function<void(const Claim&, const Judgement&)> told)
    : submissions_(submissions),
      store_(store),
      limits_(limits),
      facts_(facts),
      miners_(store, clock),
      told_(std::move(told)),
      judged_(prometheus::BuildCounter()
                  .Name("quarry_pool_submissions_total")
                  .Help("Nonces handed in, by what became of them")
                  .Register(registry_)),
      computed_(prometheus::BuildCounter()
                    .Name("quarry_pool_nonces_computed_total")
                    .Help("Nonces computed again")
                    .Register(registry_)
                    .Add({})),
      limited_(prometheus::BuildCounter()
                   .Name("quarry_pool_requests_limited_total")
                   .Help("Requests beyond the limit of their address")
                   .Register(registry_)
                   .Add({})),
      height_(prometheus::BuildGauge()
                  .Name("quarry_pool_height")
                  .Help("Height of the block that is mined for")
                  .Register(registry_)
                  .Add({})) {}

HttpReply MiningApi::handle(const IncomingRequest& request) {
  if (request.method != "GET" && request.method != "POST") return not_found();
  if (!limits_.take(request.peer_address, cost_of(request))) {
    limited_.Increment();
    return result("limit exceeded", 429);
  }
  if (request.path == "/metrics") return metrics();
  if (request.path.starts_with("/api/")) return answer_view(request.path);
  if (request.path != "/burst" && request.path != "/api") return not_found();
  if (is_submission(request)) return submit_nonce(request);
  const std::string* type = request.parameter("requestType");
  if (type != nullptr && *type == "getMiningInfo") return mining_info();
  return not_found();
}

HttpReply MiningApi::mining_info() {
  const auto round = submissions_.round();
  if (!round) return reply_of(nullptr);
  json info = {{"height", std::to_string(round->height)},
               {"generationSignature", format_hex(round->generation_signature)},
               {"baseTarget", std::to_string(round->base_target)},
               {"averageCommitmentNQT", std::to_string(round->average_commitment_planck)}};
  if (facts_.most_deadline != 0) info["targetDeadline"] = facts_.most_deadline;
  return reply_of(info);
}

HttpReply MiningApi::submit_nonce(const IncomingRequest& request) {
  const ReadClaim read = read_claim(request);
  if (read.refusal != nullptr) return result(read.refusal);
  const auto judgement = submissions_.judge(read.claim);
  if (!judgement.ok()) return result("The pool's store failed: try again", 503);
  count(*judgement);
  told_(read.claim, *judgement);
  if (judgement->verdict == Verdict::kBusy) return result(judgement->words, 429);
  if (judgement->verdict != Verdict::kAccepted) return result(judgement->words);
  return reply_of({{"result", judgement->words}, {"deadline", judgement->deadline}});
}

void MiningApi::count(const Judgement& judgement) {
  judged_.Add({{"result", verdict_name(judgement.verdict)}}).Increment();
  if (judgement.computed) computed_.Increment();
}

HttpReply MiningApi::answer_view(const std::string& path) {
  auto view = view_of(path, {facts_, submissions_, store_, miners_});
  if (!view.ok()) return result("The pool's store failed: try again", 503);
  return reply_of(*view);
}

HttpReply MiningApi::metrics() {
  if (const auto round = submissions_.round()) height_.Set(round->height);
  return metrics_reply(registry_);
}

}  // namespace quarry::pool
