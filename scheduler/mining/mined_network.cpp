#include "scheduler/mining/mined_network.h"

#include <algorithm>

#include "chainlite/signum/consensus.h"

namespace quarry::mining {
namespace {

constexpr int kSenders = 2;  // one that waits for an answer does not stop the other
constexpr Clock::Duration kLeastPause = std::chrono::milliseconds(10);
constexpr Clock::Duration kMostPause = std::chrono::seconds(1);
constexpr int kMostScansAgain = 8;  // of a round

Finding finding_of(const Deadline& best, uint64_t height) {
  Finding finding;
  finding.nonce = {.account_id = best.account_id,
                   .nonce = best.nonce,
                   .height = height,
                   .hit = best.hit,
                   .deadline = best.deadline};
  finding.file = best.file;
  return finding;
}

// By code that shares nothing with the plotter's; 0.1 s.
uint64_t hit_anew(const Finding& finding, const signum::MiningInfo& info) {
  const uint32_t scoop = signum::scoop_number(info.generation_signature, info.height);
  return signum::hit(finding.nonce.account_id, finding.nonce.nonce, scoop,
                     info.generation_signature, signum::PocVersion::kPoc2);
}

}  // namespace

MinedNetwork::MinedNetwork(std::string name, std::vector<signum::MiningClient> pools,
                           MinerContext context)
    : name_(std::move(name)),
      context_(std::move(context)),
      pools_(std::move(pools), context_.options.pools, context_.clock),
      queue_(context_.options.submission, context_.clock) {}

MinedNetwork::~MinedNetwork() { stop({}); }

void MinedNetwork::start() {
  threads_.emplace_back([this] { ask(); });
  for (int i = 0; i < kSenders; i++) threads_.emplace_back([this] { hand_in(); });
}

void MinedNetwork::stop(Clock::Duration patience) {
  queue_.scan_finished();
  {
    std::unique_lock lock(mutex_);
    changed_.notify_all();
    const auto end = context_.clock.now() + patience;
    while (!threads_.empty() && queue_.pending() > 0 && context_.clock.now() < end)
      changed_.wait_for(lock, kLeastPause);
    stop_.request();
  }
  changed_.notify_all();
  for (std::thread& thread : threads_) thread.join();
  threads_.clear();
}

void MinedNetwork::ask() {
  while (!stop_.requested()) {
    look_at(pools_.poll(identity(), stop_));
    const Clock::Duration pause = pools_.pause();
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, pause, [this] { return ask_now_ || stop_.requested(); });
    ask_now_ = false;
  }
}

void MinedNetwork::look_at(const Result<signum::MiningInfo>& info) {
  if (info.status().code() == Code::kCancelled) return;
  tell_pool(info.status());
  if (!info.ok()) return;
  {
    const std::lock_guard lock(mutex_);
    if (round_.number > 0 && round_.info.same_round(*info)) {
      take_target(*info);
      return;
    }
  }
  begin_round(*info);
}

// Another pool may take what the one before did not. Locked.
void MinedNetwork::take_target(const signum::MiningInfo& info) {
  if (round_.info.target_deadline == info.target_deadline) return;
  round_.info.target_deadline = info.target_deadline;
  std::erase_if(round_.kept_back, [&](const auto& entry) {
    const auto& [account, best] = entry;
    if (!is_wanted(round_.info, best)) return false;
    if (queue_.offer(finding_of(best, info.height))) round_.accounts[account].last_answer = "waits";
    return true;
  });
  changed_.notify_all();
}

void MinedNetwork::begin_round(const signum::MiningInfo& info) {
  std::vector<Finding> unanswered;
  std::optional<BlockWon> won;
  const std::string pool = pools_.active();
  {
    const std::lock_guard lock(mutex_);
    if (round_.number > 0) {
      // Whose block it became can be computed: nobody need be asked or believed.
      for (const auto& [account, state] : round_.accounts)
        if (info.height == round_.info.height + 1 &&
            info.generation_signature ==
                signum::next_generation_signature(round_.info.generation_signature, account))
          won = BlockWon{name_, round_.info.height, account};
      if (won) blocks_won_++;
      if (!round_.over) rounds_over_++;
      round_.ended->request();
    }
    unanswered = queue_.begin_round(info.height);
    unanswered_ += unanswered.size();
    round_ = {};
    round_.number = ++rounds_;
    round_.info = info;
    round_.seen = context_.clock.now();
    round_.ended = std::make_shared<Cancel>();
  }
  context_.wake();
  for (Finding& finding : unanswered)
    context_.tell(SubmissionAnswered{name_,
                                     std::move(finding),
                                     {.outcome = signum::SubmitOutcome::kStaleRound,
                                      .deadline = {},
                                      .message = "the round ended before the pool answered"},
                                     false});
  if (won) context_.tell(*won);
  context_.tell(
      RoundBegun{name_, pool, info, signum::scoop_number(info.generation_signature, info.height)});
}

void MinedNetwork::tell_pool(const Status& status) {
  const std::string pool = pools_.active();
  {
    const std::lock_guard lock(mutex_);
    // The words may differ each time: they hold times.
    if (pool == told_pool_ && status.code() == told_code_) return;
    told_pool_ = pool;
    told_code_ = status.code();
  }
  context_.tell(PoolChanged{name_, pool, status.message()});
}

bool MinedNetwork::has_job() const {
  const std::lock_guard lock(mutex_);
  return round_.number > 0 && !round_.taken;
}

std::optional<ScanJob> MinedNetwork::take_job() {
  const std::lock_guard lock(mutex_);
  if (round_.number == 0 || round_.taken) return std::nullopt;
  round_.taken = true;
  round_.again = false;  // this scan knows what is distrusted
  return ScanJob{round_.number, round_.info, round_.ended};
}

bool MinedNetwork::is_wanted(const signum::MiningInfo& info, const Deadline& best) const {
  const MinerOptions& options = context_.options;
  if (info.target_deadline && best.deadline > *info.target_deadline) return false;
  if (options.target_deadline && best.deadline > *options.target_deadline) return false;
  const auto own = options.account_deadlines.find(best.account_id);
  return own == options.account_deadlines.end() || best.deadline <= own->second;
}

void MinedNetwork::found(const ScanJob& job, const Deadline& best) {
  bool wanted = false;
  {
    const std::lock_guard lock(mutex_);
    if (round_.number != job.number) return;
    wanted = is_wanted(round_.info, best);
    // A second scan of the round finds again what is known.
    if (wanted && !queue_.offer(finding_of(best, job.info.height))) return;
    const auto [account, is_first] = round_.accounts.try_emplace(best.account_id);
    if (!wanted) {
      if (!is_first && account->second.best_deadline <= best.deadline) return;
      round_.kept_back[best.account_id] = best;
    }
    account->second = {best.deadline, wanted ? "waits" : "above target"};
  }
  changed_.notify_all();
  context_.tell(DeadlineFound{name_, job.info.height, best, wanted});
}

void MinedNetwork::scanned(const ScanJob& job, const ScanReport& report, bool whole) {
  {
    const std::lock_guard lock(mutex_);
    if (round_.number == job.number) {
      round_.scanned = !round_.again;
      if (round_.again) round_.taken = round_.again = false;
      queue_.scan_finished();
    }
    if (whole) scan_seconds_ = report.seconds;
  }
  changed_.notify_all();
  context_.tell(RoundScanned{name_, job.info.height, report, whole});
  end_if_over();
  context_.wake();
}

void MinedNetwork::hand_in() {
  while (!stop_.requested()) {
    std::optional<Finding> finding;
    Round round;
    {
      std::unique_lock lock(mutex_);
      finding = queue_.take();
      if (!finding) {
        const auto due = queue_.next_due();
        const auto pause = due ? *due - context_.clock.now() : kMostPause;
        if (!stop_.requested()) changed_.wait_for(lock, std::clamp(pause, kLeastPause, kMostPause));
        continue;
      }
      round.number = round_.number;
      round.info = round_.info;
    }
    settle(*finding, round, submit(*finding, round));
  }
}

signum::SubmitReply MinedNetwork::submit(const Finding& finding, const Round& round) {
  bool believed;
  {
    const std::lock_guard lock(mutex_);
    believed = !mismatches_.contains(finding.file);
  }
  // Pools bar those who hand in what is wrong: a file that was, is not believed again.
  if (!believed && hit_anew(finding, round.info) != finding.nonce.hit)
    return {.outcome = signum::SubmitOutcome::kWrongDeadline,
            .deadline = {},
            .message = "not handed in: its file was wrong before, and is"};
  const SoloKey* key = context_.options.solo_key.get();
  const bool solo = key != nullptr && key->account_id == finding.nonce.account_id;
  return pools_.submit(finding.nonce, identity(), solo ? &key->passphrase : nullptr, stop_);
}

void MinedNetwork::settle(const Finding& finding, const Round& round,
                          const signum::SubmitReply& reply) {
  using signum::SubmitOutcome;
  if (reply.outcome == SubmitOutcome::kUnreachable && stop_.requested()) return;
  std::optional<MismatchJudged> judged = judge(finding, round.info, reply);
  if (judged && judged->file_is_wrong) judged->mismatches_of_file = count_mismatch(finding, round);
  // A pool that found the nonce's true deadline too high says only that: the file is
  // wrong all the same, and the account's next best counts.
  const SubmitOutcome outcome = judged ? SubmitOutcome::kWrongDeadline : reply.outcome;
  const bool will_retry = queue_.settle(finding, outcome) == SubmissionQueue::Verdict::kRetry;
  const bool accepted = outcome == SubmitOutcome::kAccepted;
  bool is_told = false;
  {
    const std::lock_guard lock(mutex_);
    is_told = round_.number != round.number;  // begin_round() has, as unanswered
    const bool passed_over = outcome == SubmitOutcome::kUnreachable ||
                             outcome == SubmitOutcome::kRateLimited ||
                             outcome == SubmitOutcome::kStaleRound;
    if (accepted) accepted_++;
    if (accepted && is_told) unanswered_--;
    if (!accepted && !passed_over && !is_told) rejected_++;
    if (outcome == SubmitOutcome::kStaleRound) ask_now_ = true;
    if (round_.number == round.number) {
      AccountState& account = round_.accounts[finding.nonce.account_id];
      if (account.best_deadline == finding.nonce.deadline)
        account.last_answer = outcome_name(outcome);
    }
  }
  changed_.notify_all();
  if (accepted || !is_told) context_.tell(SubmissionAnswered{name_, finding, reply, will_retry});
  if (judged) context_.tell(*judged);
  end_if_over();
  context_.wake();
}

// Where a pool computed another deadline, or a longer one than it takes: who is wrong.
// None where nobody is.
std::optional<MismatchJudged> MinedNetwork::judge(const Finding& finding,
                                                  const signum::MiningInfo& info,
                                                  const signum::SubmitReply& reply) const {
  using signum::SubmitOutcome;
  const bool differs = reply.outcome == SubmitOutcome::kWrongDeadline;
  if (!differs && reply.outcome != SubmitOutcome::kDeadlineTooHigh) return std::nullopt;
  const uint64_t hit = hit_anew(finding, info);
  if (!differs && hit == finding.nonce.hit) return std::nullopt;
  return MismatchJudged{.network = name_,
                        .finding = finding,
                        .theirs = reply.deadline.value_or(hit / info.base_target),
                        .computed = hit / info.base_target,
                        .file_is_wrong = hit != finding.nonce.hit,
                        .mismatches_of_file = 0};
}

// The nonce does not count any more, and the round is scanned again: what it hid may
// count. Not for ever, where a file is wrong all over.
uint64_t MinedNetwork::count_mismatch(const Finding& finding, const Round& round) {
  context_.distrust(finding);
  const std::lock_guard lock(mutex_);
  if (round_.number == round.number && round_.scans_again < kMostScansAgain) {
    round_.scans_again++;
    if (round_.scanned)
      round_.taken = round_.scanned = false;
    else
      round_.again = true;
  }
  return ++mismatches_[finding.file];
}

void MinedNetwork::end_if_over() {
  const std::lock_guard lock(mutex_);
  if (round_.over || !round_.scanned || queue_.pending() > 0) return;
  round_.over = true;
  rounds_over_++;
}

uint64_t MinedNetwork::rounds_over() const {
  const std::lock_guard lock(mutex_);
  return rounds_over_;
}

signum::MinerIdentity MinedNetwork::identity() const {
  signum::MinerIdentity identity = context_.options.identity;
  identity.capacity_gib = context_.capacity_gib();
  return identity;
}

NetworkState MinedNetwork::state() const {
  NetworkState state;
  state.name = name_;
  state.pools = pools_.states();
  const std::lock_guard lock(mutex_);
  state.round = round_.info;
  if (round_.number > 0) {
    state.scoop = signum::scoop_number(round_.info.generation_signature, round_.info.height);
    state.round_seconds = std::chrono::duration<double>(context_.clock.now() - round_.seen).count();
  }
  state.scanning = round_.taken && !round_.scanned;
  state.scanned = round_.scanned;
  state.scan_seconds = scan_seconds_;
  state.accounts = round_.accounts;
  state.rounds = rounds_;
  state.accepted = accepted_;
  state.rejected = rejected_;
  state.unanswered = unanswered_;
  state.blocks_won = blocks_won_;
  return state;
}

}  // namespace quarry::mining
