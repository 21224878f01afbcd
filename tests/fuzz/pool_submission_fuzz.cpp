// What strangers say to a pool: the first line is path and query, each other line a
// header ("Name: value").
#include <nlohmann/json.hpp>
#include <string>

#include "scheduler/pool/mining_api.h"
#include "tests/fuzz/fuzz.h"

using namespace quarry;

namespace {

constexpr uint64_t kBaseTarget = 1000;
constexpr uint64_t kMost = uint64_t{1} << 62;

// Stands for a nonce's hit, which takes a tenth of a second.
uint64_t hit_of(uint64_t account, uint64_t nonce) {
  return (nonce + account) * 0x9E3779B97F4A7C15u;
}

void hits_of(std::span<const pool::NonceQuestion> questions, std::span<uint64_t> hits) {
  for (size_t i = 0; i < questions.size(); i++)
    hits[i] = hit_of(questions[i].account_id, questions[i].nonce);
}

// What counts was computed, and is what was computed.
void check(const pool::Claim& claim, const pool::Judgement& judgement) {
  if (judgement.verdict != pool::Verdict::kAccepted) return;
  QUARRY_CHECK(claim.account_id == 1 || claim.account_id == UINT64_MAX);
  QUARRY_CHECK(judgement.computed || claim.deadline);
  const uint64_t hit = hit_of(claim.account_id, claim.nonce);
  if (judgement.computed) QUARRY_CHECK(hit < kMost && judgement.deadline == hit / kBaseTarget);
}

// One pool for all inputs; its round does not end.
struct Pool {
  Pool() {
    auto opened = pool::Store::open(":memory:", 7, pool::kLeastWindow);
    QUARRY_CHECK(opened.ok());
    store = std::move(*opened);
    submissions = std::make_unique<pool::Submissions>(*store, verifier, [](auto&, auto&) {});
    pool::Round round;
    round.height = 100;
    round.base_target = kBaseTarget;
    round.most_hit = kMost;
    QUARRY_CHECK(submissions->begin_round(round, {1, UINT64_MAX}).ok());
    pool::PoolFacts facts;
    facts.chain = {"TS", "TSIGNA"};
    api =
        std::make_unique<pool::MiningApi>(*submissions, *store, limits, facts, real_clock(), check);
  }
  pool::Verifier verifier{{.engine = hits_of, .threads = 1}};
  pool::Limits limits{{.tokens_per_second = 1e15, .most_tokens = 1e15}, real_clock()};
  std::unique_ptr<pool::Store> store;
  std::unique_ptr<pool::Submissions> submissions;
  std::unique_ptr<pool::MiningApi> api;
};

IncomingRequest request_of(std::string_view text) {
  IncomingRequest request;
  request.method = "POST";
  request.peer_address = "192.0.2.1";
  const auto next_line = [&text] {
    const size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    return line;
  };
  const std::string_view target = next_line();
  const size_t mark = std::min(target.find('?'), target.size());
  request.path = target.substr(0, mark);
  request.query = target.substr(std::min(mark + 1, target.size()));
  while (!text.empty()) {
    const std::string_view line = next_line();
    if (const size_t colon = line.find(": "); colon != line.npos)
      request.headers.push_back(
          {std::string(line.substr(0, colon)), std::string(line.substr(colon + 2))});
  }
  return request;
}

}  // namespace

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static Pool pool;
  IncomingRequest request = request_of(fuzz::as_text(data, size));
  auto parameters = parse_query(request.query, pool::kMostParameters);
  if (!parameters.ok()) return 0;  // the server refuses it before
  request.parameters = std::move(*parameters);

  const HttpReply reply = pool.api->handle(request);
  QUARRY_CHECK(reply.status == 200);
  if (request.path == "/metrics" || reply.body == "404 not found") return 0;
  QUARRY_CHECK(!nlohmann::json::parse(reply.body, nullptr, false).is_discarded());
  return 0;
}
