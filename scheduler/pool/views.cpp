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

constexpr std::chrono::seconds kReadEvery{1};

std::string address_of(const ViewSources& sources, uint64_t account) {
  return signum::format_address(account, sources.facts.chain.address_prefix);
}

std::string coins_of(const ViewSources& sources, uint64_t planck) {
  return signum::format_coins(planck) + " " + sources.facts.chain.coin;
}

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

json miner_json(const ViewSources& sources, const MinerState& miner, double sum) {
  json object = {{"address", std::to_string(miner.account_id)},
                 {"addressRS", address_of(sources, miner.account_id)},
                 {"pendingBalance", coins_of(sources, miner.owed_planck)},
                 {"paid", coins_of(sources, miner.paid_planck)},
                 {"minimumPayout", coins_of(sources, sources.facts.least_payout_planck)},
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
  const auto round = sources.submissions.round();
  const auto best = sources.submissions.best_of(miner.account_id);
  if (round && best)
    object["currentRoundBestDeadline"] =
        std::to_string(signum::legacy_deadline(best->hit, round->base_target));
  return object;
}

Result<json> get_miners(const ViewSources& sources, const std::string&) {
  QUARRY_ASSIGN(const auto miners, sources.miners.get());
  const double sum = weight_sum(*miners);
  double capacity = 0;
  json list = json::array();
  for (const MinerState& miner : *miners) {
    capacity += capacity_tib(miner);
    if (list.size() < kMostMiners) list.push_back(miner_json(sources, miner, sum));
  }
  return json{{"miners", std::move(list)}, {"poolCapacity", capacity}};
}

Result<json> get_miner(const ViewSources& sources, const std::string& name) {
  const auto account = signum::parse_account(name);
  if (!account.ok()) return json(nullptr);
  QUARRY_ASSIGN(const auto miners, sources.miners.get());
  const auto found = std::ranges::find(*miners, *account, &MinerState::account_id);
  if (found == miners->end()) return json(nullptr);
  return miner_json(sources, *found, weight_sum(*miners));
}

Result<json> get_top_miners(const ViewSources& sources, const std::string&) {
  QUARRY_ASSIGN(const auto miners, sources.miners.get());
  const double sum = weight_sum(*miners);
  double others = 1;
  json list = json::array();
  for (const MinerState& miner : *miners) {
    if (list.size() == kTopMiners) break;
    list.push_back(miner_json(sources, miner, sum));
    others -= share_of(miner, sum);
  }
  return json{{"topMiners", std::move(list)}, {"othersShare", std::max(others, 0.0)}};
}

Result<json> get_config(const ViewSources& sources, const std::string&) {
  const PoolFacts& facts = sources.facts;
  json object = {{"version", "quarry"},
                 {"poolAccount", std::to_string(facts.account_id)},
                 {"poolAccountRS", address_of(sources, facts.account_id)},
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

Result<json> get_current_round(const ViewSources& sources, const std::string&) {
  json object = {{"bestDeadline", nullptr}};
  const auto round = sources.submissions.round();
  if (!round) return object;
  object["miningInfo"] = {
      {"height", std::to_string(round->height)},
      {"generationSignature", format_hex(round->generation_signature)},
      {"baseTarget", std::to_string(round->base_target)},
      {"averageCommitmentNQT", std::to_string(round->average_commitment_planck)}};
  if (const auto best = sources.submissions.best())
    object["bestDeadline"] = {{"miner", std::to_string(best->account_id)},
                              {"minerRS", address_of(sources, best->account_id)},
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

Result<json> get_won_blocks(const ViewSources& sources, const std::string&) {
  QUARRY_ASSIGN(const auto blocks, sources.store.won_blocks(kMostBlocks));
  json list = json::array();
  for (const WonBlock& block : blocks)
    list.push_back({{"height", block.height},
                    {"id", std::to_string(block.id)},
                    {"generator", std::to_string(block.account_id)},
                    {"generatorRS", address_of(sources, block.account_id)},
                    {"state", state_name(block.state)},
                    {"reward", coins_of(sources, block.reward_planck)},
                    {"poolShare", coins_of(sources, block.fee_planck)}});
  return json{{"wonBlocks", std::move(list)}};
}

struct View {
  std::string_view path;
  Result<json> (*make)(const ViewSources& sources, const std::string& rest);
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

Result<std::shared_ptr<const std::vector<MinerState>>> MinerList::get() {
  const std::lock_guard lock(mutex_);
  const Clock::Time now = clock_.now();
  if (miners_ != nullptr && now < read_at_ + kReadEvery) return miners_;
  QUARRY_ASSIGN(auto miners, store_.miners());
  std::ranges::sort(miners, std::ranges::greater(), &MinerState::weight);
  miners_ = std::make_shared<const std::vector<MinerState>>(std::move(miners));
  read_at_ = now;
  return miners_;
}

Result<json> view_of(const std::string& path, const ViewSources& sources) {
  for (const View& view : kViews)
    if (view.takes_rest ? path.starts_with(view.path) : path == view.path)
      return view.make(sources, path.substr(view.path.size()));
  return json(nullptr);
}

}  // namespace quarry::pool
