// What a miner tells while it runs, for a terminal, a log, JSON or metrics.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <variant>
#include <vector>

#include "base/status.h"
#include "plotter/plot_scanner.h"
#include "scheduler/mining/pool_group.h"
#include "scheduler/mining/submission_queue.h"

namespace quarry::mining {

struct RoundBegun {
  std::string network;
  std::string pool;
  signum::MiningInfo info;
  uint32_t scoop = 0;
};

// The scan of a round ended: at its end, or because a newer round came.
struct RoundScanned {
  std::string network;
  uint64_t height = 0;
  ScanReport report;
  bool whole = false;
};

// An account's best deadline of the round so far.
struct DeadlineFound {
  std::string network;
  uint64_t height = 0;
  Deadline best;
  bool wanted = false;  // within every target: it will be submitted
};

// A pool answered, or could not be reached.
struct SubmissionAnswered {
  std::string network;
  Finding finding;
  signum::SubmitReply reply;
  bool will_retry = false;
};

// A pool computed another deadline than was found: the nonce was computed anew to
// see who is right.
struct MismatchJudged {
  std::string network;
  Finding finding;
  uint64_t theirs = 0;              // deadlines
  uint64_t computed = 0;            //
  bool file_is_wrong = false;       // else the pool is
  uint64_t mismatches_of_file = 0;  // so far
};

struct BlockWon {
  std::string network;
  uint64_t height = 0;
  uint64_t account_id = 0;
};

// Another pool is asked from now on, or the pools fail; told once.
struct PoolChanged {
  std::string network;
  std::string pool;
  std::string failure;  // "" if it answers
};

// A file or folder that cannot be mined, or only in part; told once for each reason.
struct PlotProblem {
  Status status;
};

using MinerEvent = std::variant<RoundBegun, RoundScanned, DeadlineFound, SubmissionAnswered,
                                MismatchJudged, BlockWon, PoolChanged, PlotProblem>;

// Called by the miner's threads, one at a time. Must not call the miner.
using MinerListener = std::function<void(const MinerEvent& event)>;

// An account in the round that runs.
struct AccountState {
  uint64_t best_deadline = 0;
  std::string last_answer;  // "", "waits", or an outcome's name
};

struct NetworkState {
  std::string name;
  std::vector<PoolState> pools;
  signum::MiningInfo round;  // height 0: none yet
  uint32_t scoop = 0;
  double round_seconds = 0;  // since it was seen
  bool scanning = false;
  bool scanned = false;
  double scan_seconds = 0;                    // of the last whole scan
  std::map<uint64_t, AccountState> accounts;  // that have found a deadline in this round
  uint64_t rounds = 0;                        // seen since the start
  uint64_t accepted = 0;
  uint64_t rejected = 0;    // for good; retries do not count
  uint64_t unanswered = 0;  // rounds ended before the pool could be reached
  uint64_t blocks_won = 0;
};

struct MinerState {
  std::vector<NetworkState> networks;
  std::vector<ScanDisk> disks;
  uint64_t nonces = 0;  // in all plots
};

}  // namespace quarry::mining
