// One network that is mined: asks its pools for rounds, keeps the one that runs, and
// hands in what was found for it.
#pragma once

#include <atomic>
#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "host/cancel.h"
#include "plotter/scan.h"
#include "scheduler/mining/miner.h"

namespace quarry::mining {

// What the networks of a miner share. All of it outlives them.
struct MinerContext {
  const MinerOptions& options;
  Clock& clock;
  std::function<void(const MinerEvent&)> tell;
  std::function<void()> wake;  // there is a round to scan, or one is over
  std::function<uint64_t()> capacity_gib;
  std::function<void(const Finding&)> distrust;  // its nonce stands wrong in its file
};

// A round that is scanned.
struct ScanJob {
  uint64_t number = 0;  // of the network's rounds
  signum::MiningInfo info;
  std::shared_ptr<Cancel> ended;  // requested when a newer round comes
};

class MinedNetwork {
 public:
  // `pools` by priority.
  MinedNetwork(std::string name, std::vector<signum::MiningClient> pools, MinerContext context);
  ~MinedNetwork();  // stop()

  // Starts to ask and to hand in.
  void start();

  // Hands in what is left, for at most `patience`, then ends all threads.
  void stop(Clock::Duration patience);

  // For the thread that scans.
  bool has_job() const;
  std::optional<ScanJob> take_job();
  void found(const ScanJob& job, const Deadline& best);
  void scanned(const ScanJob& job, const ScanReport& report, bool whole);

  // Rounds that are over: replaced, or scanned and answered.
  uint64_t rounds_over() const;

  NetworkState state() const;

 private:
  struct Round {
    uint64_t number = 0;
    signum::MiningInfo info;
    Clock::Time seen{};
    std::shared_ptr<Cancel> ended;
    bool taken = false;
    bool scanned = false;
    bool again = false;  // when the scan is done
    int scans_again = 0;
    bool over = false;
    std::map<uint64_t, AccountState> accounts;
    std::map<uint64_t, Deadline> kept_back;  // by account: above a target that may change
  };

  void ask();
  void look_at(const Result<signum::MiningInfo>& info);
  void begin_round(const signum::MiningInfo& info);
  void take_target(const signum::MiningInfo& info);
  void tell_pool(const Status& status);
  void hand_in();
  signum::SubmitReply submit(const Finding& finding, const Round& round);
  void settle(const Finding& finding, const Round& round, const signum::SubmitReply& reply);
  std::optional<MismatchJudged> judge(const Finding& finding, const signum::MiningInfo& info,
                                      const signum::SubmitReply& reply) const;
  uint64_t count_mismatch(const Finding& finding, const Round& round);
  bool is_wanted(const signum::MiningInfo& info, const Deadline& best) const;
  void end_if_over();
  signum::MinerIdentity identity() const;

  const std::string name_;
  const MinerContext context_;
  PoolGroup pools_;
  SubmissionQueue queue_;
  Cancel stop_;
  std::vector<std::thread> threads_;

  mutable std::mutex mutex_;  // for all below
  std::condition_variable changed_;
  Round round_;
  bool ask_now_ = false;  // the pool said that the round is over
  uint64_t rounds_ = 0;
  uint64_t rounds_over_ = 0;
  uint64_t accepted_ = 0;
  uint64_t rejected_ = 0;
  uint64_t unanswered_ = 0;
  uint64_t blocks_won_ = 0;
  double scan_seconds_ = 0;
  std::map<std::string, uint64_t> mismatches_;  // by file; those here are not believed
  std::string told_pool_;
  std::optional<Code> told_code_;
};

}  // namespace quarry::mining
