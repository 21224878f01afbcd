// The miner: reads the rounds of one or several networks, scans the plots for
// each, and hands in what it finds.
//
//   QUARRY_ASSIGN(auto miner, Miner::create(options, *scanner, *http, clock, listener));
//   QUARRY_TRY(miner->run(cancel));
//
// Each network has a thread that asks its pools for rounds and threads that hand in;
// the thread that calls run() scans.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/secret.h"
#include "base/status.h"
#include "host/http/client.h"
#include "plotter/plot_scanner.h"
#include "scheduler/mining/miner_events.h"
#include "scheduler/mining/pool_group.h"
#include "scheduler/mining/submission_queue.h"
#include "scheduler/mining/time_share.h"

namespace quarry::mining {

// Pools that are asked for the same chain.
struct NetworkOptions {
  std::string name;                // for people; "" if there is one network
  std::vector<std::string> pools;  // URLs, by priority
  double share = 1;                // of the disks' time, beside other networks
};

// A key that mines alone: its passphrase goes to nodes on this machine only, with
// nonces of its own account.
struct SoloKey {
  uint64_t account_id = 0;
  Secret passphrase;
};

struct MinerOptions {
  std::vector<NetworkOptions> networks;
  std::optional<uint64_t> target_deadline;         // worse ones are not handed in
  std::map<uint64_t, uint64_t> account_deadlines;  // likewise, for single accounts
  uint64_t rounds = 0;  // ends when so many are over, in all networks; 0: never
  SubmissionPolicy submission;
  PoolGroupPolicy pools;
  signum::MinerIdentity identity;  // its capacity is filled in
  std::shared_ptr<const SoloKey> solo_key;
};

class MinedNetwork;

class Miner {
 public:
  // `scanner`, `http` and `clock` outlive it. kInvalidArgument: no network, a network
  // without pools, a share that is not above 0, a URL that is none.
  static Result<std::unique_ptr<Miner>> create(MinerOptions options, PlotScanner& scanner,
                                               HttpClient& http, Clock& clock,
                                               MinerListener listener);
  ~Miner();

  // Mines until `cancel`, or for options.rounds. What was found until then is still
  // handed in, for some seconds. Pools that fail, and plots that cannot be read, do not
  // end it. kDevice: no device is left to scan with. Once.
  Status run(const Cancel& cancel);

  MinerState state() const;  // any thread

 private:
  Miner(MinerOptions options, PlotScanner& scanner, Clock& clock, MinerListener listener);
  void tell(const MinerEvent& event);
  void wake();
  void stop();
  Status mine(const Cancel& cancel);
  Status scan_round(size_t network);
  void look_after_disks();
  void report_problem(const Status& problem);
  bool over() const;

  MinerOptions options_;
  PlotScanner& scanner_;
  Clock& clock_;
  const MinerListener listener_;
  std::mutex listener_mutex_;
  std::vector<std::unique_ptr<MinedNetwork>> networks_;
  TimeShare shares_;
  std::set<std::string> told_problems_;
  Clock::Time last_refresh_{};

  std::mutex mutex_;  // for all below
  std::condition_variable changed_;
  bool news_ = false;
  bool stopping_ = false;
  std::shared_ptr<Cancel> scan_;  // ends the scan that runs
};

}  // namespace quarry::mining
