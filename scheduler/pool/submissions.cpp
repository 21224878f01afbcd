#include "scheduler/pool/submissions.h"

#include <algorithm>
#include <utility>

#include "chainlite/signum/consensus.h"

namespace quarry::pool {
namespace {

Judgement refused(std::string words, Verdict verdict = Verdict::kRefused) {
  return {.verdict = verdict, .words = std::move(words)};
}

Judgement accepted(uint64_t deadline) {
  return {.verdict = Verdict::kAccepted, .words = "success", .deadline = deadline};
}

// Words of the live pool, which miners look for.
constexpr const char* kNoRound = "Pool does not have mining info";
constexpr const char* kOtherHeight = "Submission for another block height";
constexpr const char* kNotMember = "Reward recipient not set to pool";
constexpr const char* kTooHigh = "Deadline exceeds maximum allowed deadline";

// True if the claim is that of the hit: undivided, divided, or none.
bool claims(const Claim& claim, const Round& round, uint64_t hit) {
  return !claim.deadline || *claim.deadline == hit ||
         *claim.deadline == signum::legacy_deadline(hit, round.base_target);
}

std::string ban_words(uint32_t until) {
  return "Banned until block " + std::to_string(until) +
         ": deadlines from this address for this account were not those of their nonces; a plot "
         "may be corrupt: verify it";
}

}  // namespace

Status Submissions::begin_round(const Round& round, std::set<uint64_t> members) {
  std::map<uint64_t, uint32_t> refused;
  {
    const std::lock_guard lock(mutex_);
    refused.swap(refused_);
  }
  QUARRY_TRY(store_.begin_round(round, refused));
  QUARRY_ASSIGN(const auto known,
                store_.bests(round));  // none but after a restart, or when a round returns
  const std::lock_guard lock(mutex_);
  if (round_ && !round_->same_as(round)) previous_ = round_;
  round_ = round;
  members_ = std::move(members);
  bests_.clear();
  for (const Submission& submission : known) bests_[submission.account_id] = submission;
  return Status();
}

std::optional<Round> Submissions::round() const {
  const std::lock_guard lock(mutex_);
  return round_;
}

std::optional<Submission> Submissions::best() const {
  const std::lock_guard lock(mutex_);
  const auto best =
      std::ranges::min_element(bests_, {}, [](const auto& entry) { return entry.second.hit; });
  return best == bests_.end() ? std::nullopt : std::optional(best->second);
}

std::vector<Submission> Submissions::bests() const {
  const std::lock_guard lock(mutex_);
  std::vector<Submission> all;
  for (const auto& [account, submission] : bests_) all.push_back(submission);
  return all;
}

std::optional<Submission> Submissions::best_of(uint64_t account_id) const {
  const std::lock_guard lock(mutex_);
  const auto found = bests_.find(account_id);
  return found == bests_.end() ? std::nullopt : std::optional(found->second);
}

void Submissions::count_refusal(uint64_t account_id) {
  const std::lock_guard lock(mutex_);
  if (members_.contains(account_id)) refused_[account_id]++;
}

Result<Judgement> Submissions::judge(const Claim& claim) {
  const std::optional<Round> round = this->round();
  if (!round) return refused(kNoRound);
  if (auto cheap = judge_cheaply(claim, *round)) {
    if (cheap->verdict == Verdict::kRefused) count_refusal(claim.account_id);
    return std::move(*cheap);
  }
  QUARRY_ASSIGN(const auto banned,
                store_.banned_until(claim.address, claim.account_id, round->height));
  if (banned) {
    count_refusal(claim.account_id);
    return refused(ban_words(*banned));
  }
  const auto hit = hit_of(claim, *round);
  if (!hit) return refused("limit exceeded", Verdict::kBusy);
  QUARRY_ASSIGN(Judgement judgement, judge_hit(claim, *round, *hit));
  judgement.computed = true;
  if (judgement.verdict == Verdict::kRefused) count_refusal(claim.account_id);
  return judgement;
}

// As the verifier computes it; none if it has too much to do.
std::optional<uint64_t> Submissions::hit_of(const Claim& claim, const Round& round) {
  return verifier_.hit({claim.account_id, claim.nonce,
                        signum::scoop_number(round.generation_signature, round.height),
                        round.generation_signature});
}

// What can be said without the nonce.
std::optional<Judgement> Submissions::judge_cheaply(const Claim& claim, const Round& round) {
  if (claim.height && *claim.height != round.height) return refused(kOtherHeight);
  const std::lock_guard lock(mutex_);
  if (!members_.contains(claim.account_id)) return refused(kNotMember);
  if (!claim.deadline) return std::nullopt;
  // A deadline that was divided already is smaller yet: it is computed, at worst.
  if (*claim.deadline >= round.most_hit) return refused(kTooHigh);
  const auto best = bests_.find(claim.account_id);
  if (best == bests_.end()) return std::nullopt;
  if (best->second.nonce == claim.nonce)
    return accepted(signum::legacy_deadline(best->second.hit, round.base_target));
  // It cannot count, true or not.
  if (*claim.deadline > best->second.hit)
    return accepted(signum::legacy_deadline(*claim.deadline, round.base_target));
  return std::nullopt;
}

Result<Judgement> Submissions::judge_hit(const Claim& claim, const Round& round, uint64_t hit) {
  const uint64_t deadline = signum::legacy_deadline(hit, round.base_target);
  if (!claims(claim, round, hit)) return judge_lie(claim, round, hit);
  if (hit >= round.most_hit) return refused(kTooHigh);
  const Submission submission = {claim.account_id, claim.nonce, hit};
  const auto is_best = store_.record(round, submission, claim.words);
  if (is_best.status().code() == Code::kInvalidArgument) return refused(kOtherHeight);
  QUARRY_TRY(is_best.status());
  if (*is_best) {
    {
      const std::lock_guard lock(mutex_);
      if (!round_->same_as(round)) return refused(kOtherHeight);
      const auto [best, is_first] = bests_.try_emplace(claim.account_id, submission);
      if (!is_first && hit < best->second.hit) best->second = submission;
    }
    improved_(round, submission);
  }
  return accepted(deadline);
}

Result<Judgement> Submissions::judge_lie(const Claim& claim, const Round& round, uint64_t hit) {
  std::optional<Round> previous;
  {
    const std::lock_guard lock(mutex_);
    previous = previous_;
  }
  // Of the same height after a fork, or without one.
  if (previous && (!claim.height || *claim.height == previous->height)) {
    const auto hit_before = hit_of(claim, *previous);
    if (!hit_before) return refused("limit exceeded", Verdict::kBusy);
    if (claims(claim, *previous, *hit_before)) return refused(kOtherHeight);
  }
  QUARRY_ASSIGN(const auto banned,
                store_.record_lie(claim.address, claim.account_id, round.height));
  if (banned) return refused(ban_words(*banned), Verdict::kBanned);
  return refused("Deadline mismatch: " + std::to_string(*claim.deadline) +
                     " was sent, but the nonce has hit " + std::to_string(hit) + ", deadline " +
                     std::to_string(signum::legacy_deadline(hit, round.base_target)) +
                     "; a plot may be corrupt: verify it",
                 Verdict::kMismatch);
}

}  // namespace quarry::pool
