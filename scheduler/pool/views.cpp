#include "scheduler/pool/views.h"

#include <algorithm>

#include "base/hex.h"
#include "chainlite/signum/address.h"
#include "chainlite/signum/amount.h"
#include "chainlite/signum/consensus.h"

namespace quarry::pool {
namespace {

using nlohmann::json;

constexpr double kNoncesPerTib = 1 << 22;
constexpr double kGibPerTib = 1024;
constexpr size_t kMostMiners = 1000;  // the largest, in a list
constexpr size_t kTopMiners = 10;
constexpr size_t kMostBlocks = 100;
constexpr double kPpmPerPercent = 10'000;

// What all views are made from.
struct Views {
  const PoolFacts& facts;
  const Submissions& submissions;
  Store& store;

  std::string address(uint64_t account) const {
    return signum::format_address(account, facts.chain.address_prefix);
  }
  std::string coins(uint64_t planck) const {
    return signum::format_coins(planck) + " " + facts.chain.coin;
  }
};

double weight_sum(const std::vector<MinerState>& miners) {
  double sum = 0;
  for (const MinerState& miner : miners) sum += static_cast<double>(miner.weight);
  return sum;
}

double share_of(const MinerState& miner, double sum) {
  return sum == 0 ? 0 : static_cast<double>(miner.weight) / sum;
}

double capacity_tib(const MinerState& miner) {
  return estimated_nonces(miner.tally) / kNoncesPerTib;
}

json miner_json(const Views& views, const MinerState& miner, double sum) {
  json object = {{"address", std::to_string(miner.account_id)},
                 {"addressRS", views.address(miner.account_id)},
                 {"pendingBalance", views.coins(miner.owed_planck)},
                 {"paid", views.coins(miner.paid_planck)},
                 {"minimumPayout", views.coins(views.facts.least_payout_planck)},
                 {"totalCapacity", capacity_tib(miner)},
                 {"totalEffectiveCapacity", capacity_tib(miner)},
                 {"sharedCapacity", capacity_tib(miner)},
                 {"claimedCapacity", static_cast<double>(miner.words.capacity_gib) / kGibPerTib},
                 {"sharePercent", 100},
                 {"share", share_of(miner, sum)},
                 {"nConf", miner.tally.rounds},
                 {"accepted", miner.accepted},
                 {"refused", miner.refused}};
  if (!miner.words.name.empty()) object["name"] = miner.words.name;
  if (!miner.words.software.empty()) object["userAgent"] = miner.words.software;
  if (miner.banned_until != 0) object["bannedUntil"] = miner.banned_until;
  const auto round = views.submissions.round();
  const auto best = views.submissions.best_of(miner.account_id);
  if (round && best)
    object["currentRoundBestDeadline"] =
        std::to_string(signum::legacy_deadline(best->hit, round->base_target));
  return object;
}

// Largest share first.
Result<std::vector<MinerState>> sorted_miners(Store& store) {
  QUARRY_ASSIGN(auto miners, store.miners());
  std::ranges::sort(miners, std::ranges::greater(), &MinerState::weight);
  return miners;
}

Result<json> get_miners(const Views& views, const std::string&) {
  QUARRY_ASSIGN(const auto miners, sorted_miners(views.store));
  const double sum = weight_sum(miners);
  double capacity = 0;
  json list = json::array();
  for (const MinerState& miner : miners) {
    capacity += capacity_tib(miner);
    if (list.size() < kMostMiners) list.push_back(miner_json(views, miner, sum));
  }
  return json{{"miners", std::move(list)}, {"poolCapacity", capacity}};
}

Result<json> get_miner(const Views& views, const std::string& name) {
  const auto account = signum::parse_account(name);
  if (!account.ok()) return json(nullptr);
  QUARRY_ASSIGN(const auto miners, views.store.miners());
  const auto found = std::ranges::find(miners, *account, &MinerState::account_id);
  if (found == miners.end()) return json(nullptr);
  return miner_json(views, *found, weight_sum(miners));
}

Result<json> get_top_miners(const Views& views, const std::string&) {
  QUARRY_ASSIGN(const auto miners, sorted_miners(views.store));
  const double sum = weight_sum(miners);
  double others = 1;
  json list = json::array();
  for (const MinerState& miner : miners) {
    if (list.size() == kTopMiners) break;
    list.push_back(miner_json(views, miner, sum));
    others -= share_of(miner, sum);
  }
  return json{{"topMiners", std::move(list)}, {"othersShare", std::max(others, 0.0)}};
}

Result<json> get_config(const Views& views, const std::string&) {
  const PoolFacts& facts = views.facts;
  json object = {{"version", "quarry"},
                 {"poolAccount", std::to_string(facts.account_id)},
                 {"poolAccountRS", views.address(facts.account_id)},
                 {"nAvg", facts.window},
                 {"nMin", 1},
                 {"processLag", facts.confirmations},
                 {"poolFeePercentage", facts.fee_ppm / kPpmPerPercent},
                 {"winnerRewardPercentage", 0},
                 {"defaultMinimumPayout", signum::format_coins(facts.least_payout_planck)},
                 {"minimumMinimumPayout", signum::format_coins(facts.least_payout_planck)}};
  if (facts.most_deadline != 0) object["maxDeadline"] = facts.most_deadline;
  return object;
}

Result<json> get_current_round(const Views& views, const std::string&) {
  json object = {{"bestDeadline", nullptr}};
  const auto round = views.submissions.round();
  if (!round) return object;
  object["miningInfo"] = {
      {"height", std::to_string(round->height)},
      {"generationSignature", format_hex(round->generation_signature)},
      {"baseTarget", std::to_string(round->base_target)},
      {"averageCommitmentNQT", std::to_string(round->average_commitment_planck)}};
  if (const auto best = views.submissions.best())
    object["bestDeadline"] = {{"miner", std::to_string(best->account_id)},
                              {"minerRS", views.address(best->account_id)},
                              {"nonce", std::to_string(best->nonce)},
                              {"deadline", signum::legacy_deadline(best->hit, round->base_target)}};
  return object;
}

const char* state_name(WonBlock::State state) {
  switch (state) {
    case WonBlock::State::kPending: return "pending";
    case WonBlock::State::kCredited: return "credited";
    case WonBlock::State::kOrphaned: return "orphaned";
  }
  return "";
}

Result<json> get_won_blocks(const Views& views, const std::string&) {
  QUARRY_ASSIGN(const auto blocks, views.store.won_blocks(kMostBlocks));
  json list = json::array();
  for (const WonBlock& block : blocks)
    list.push_back({{"height", block.height},
                    {"id", std::to_string(block.id)},
                    {"generator", std::to_string(block.account_id)},
                    {"generatorRS", views.address(block.account_id)},
                    {"state", state_name(block.state)},
                    {"reward", views.coins(block.reward_planck)},
                    {"poolShare", views.coins(block.fee_planck)}});
  return json{{"wonBlocks", std::move(list)}};
}

struct View {
  std::string_view path;
  Result<json> (*make)(const Views& views, const std::string& rest);
  bool takes_rest = false;
};

constexpr View kViews[] = {
    {"/api/getMiners", get_miners},
    {"/api/getMiner/", get_miner, true},
    {"/api/getTop10Miners", get_top_miners},
    {"/api/getConfig", get_config},
    {"/api/getCurrentRound", get_current_round},
    {"/api/getWonBlocks", get_won_blocks},
};

}  // namespace

Result<json> view_of(const std::string& path, const PoolFacts& facts,
                     const Submissions& submissions, Store& store) {
  const Views views{facts, submissions, store};
  for (const View& view : kViews)
    if (view.takes_rest ? path.starts_with(view.path) : path == view.path)
      return view.make(views, path.substr(view.path.size()));
  return json(nullptr);
}

}  // namespace quarry::pool
