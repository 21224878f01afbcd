#include "scheduler/mining/miner.h"

#include <algorithm>
#include <atomic>
#include <thread>

#include "scheduler/mining/mined_network.h"

namespace quarry::mining {
namespace {

constexpr Clock::Duration kRefreshEvery = std::chrono::seconds(30);  // while there is time
constexpr Clock::Duration kRefreshAtLeast = std::chrono::minutes(5);
constexpr Clock::Duration kFirstPatience = std::chrono::seconds(2);  // with paths
constexpr Clock::Duration kPatience = std::chrono::milliseconds(200);
constexpr Clock::Duration kAwakeAfter = std::chrono::minutes(2);
constexpr Clock::Duration kLastWords = std::chrono::seconds(5);
constexpr Clock::Duration kIdle = std::chrono::seconds(1);
constexpr Clock::Duration kLookForStop = std::chrono::milliseconds(50);
constexpr size_t kMostToldProblems = 10'000;
constexpr uint64_t kNoncesPerGib = 4096;

std::vector<double> shares_of(const MinerOptions& options) {
  std::vector<double> shares;
  for (const NetworkOptions& network : options.networks) shares.push_back(network.share);
  return shares;
}

uint64_t nonces_of(const std::vector<ScanDisk>& disks) {
  uint64_t nonces = 0;
  for (const ScanDisk& disk : disks) nonces += disk.nonces;
  return nonces;
}

}  // namespace

Miner::Miner(MinerOptions options, PlotScanner& scanner, Clock& clock, MinerListener listener)
    : options_(std::move(options)),
      scanner_(scanner),
      clock_(clock),
      listener_(std::move(listener)),
      shares_(shares_of(options_)) {}

Miner::~Miner() = default;

Result<std::unique_ptr<Miner>> Miner::create(MinerOptions options, PlotScanner& scanner,
                                             HttpClient& http, Clock& clock,
                                             MinerListener listener) {
  if (options.networks.empty()) return Status(Code::kInvalidArgument, "no pool to mine for");
  for (const NetworkOptions& network : options.networks) {
    if (network.pools.empty())
      return Status(Code::kInvalidArgument, "network " + network.name + " has no pool");
    if (!(network.share > 0))
      return Status(Code::kInvalidArgument,
                    "the share of network " + network.name + " must be above 0");
  }
  std::unique_ptr<Miner> miner(new Miner(std::move(options), scanner, clock, std::move(listener)));
  for (const NetworkOptions& network : miner->options_.networks) {
    std::vector<signum::MiningClient> clients;
    for (const std::string& url : network.pools) {
      QUARRY_ASSIGN(auto client, signum::MiningClient::open(http, url));
      clients.push_back(std::move(client));
    }
    const std::string name = network.name.empty() ? clients[0].name() : network.name;
    miner->networks_.push_back(std::make_unique<MinedNetwork>(
        name, std::move(clients),
        MinerContext{
            .options = miner->options_,
            .clock = clock,
            .tell = [miner = miner.get()](const MinerEvent& event) { miner->tell(event); },
            .wake = [miner = miner.get()] { miner->wake(); },
            .capacity_gib = [&scanner] { return nonces_of(scanner.disks()) / kNoncesPerGib; },
            .distrust =
                [&scanner](const Finding& finding) {
                  scanner.distrust(finding.file, finding.nonce.nonce);
                }}));
  }
  return miner;
}

void Miner::tell(const MinerEvent& event) {
  const std::lock_guard lock(listener_mutex_);
  if (listener_) listener_(event);
}

void Miner::wake() {
  {
    const std::lock_guard lock(mutex_);
    news_ = true;
  }
  changed_.notify_all();
}

void Miner::stop() {
  const std::lock_guard lock(mutex_);
  stopping_ = true;
  if (scan_) scan_->request();
  changed_.notify_all();
}

Status Miner::run(const Cancel& cancel) {
  last_refresh_ = clock_.now();
  for (const Status& problem : scanner_.refresh(kFirstPatience)) report_problem(problem);
  for (auto& network : networks_) network->start();
  // A signal handler can set a flag and wake nobody: somebody has to look.
  std::atomic<bool> ended = false;
  std::thread watcher([&] {
    while (!ended) {
      if (cancel.requested()) return stop();
      std::this_thread::sleep_for(kLookForStop);
    }
  });
  const Status status = mine(cancel);
  ended = true;
  watcher.join();
  const auto end = clock_.now() + kLastWords;
  for (auto& network : networks_) network->stop(std::max(end - clock_.now(), Clock::Duration()));
  return status;
}

Status Miner::mine(const Cancel& cancel) {
  while (!cancel.requested()) {
    {
      const std::lock_guard lock(mutex_);
      news_ = false;
    }
    std::vector<bool> waiting;
    for (const auto& network : networks_) waiting.push_back(network->has_job());
    if (over()) break;  // behind has_job(): a new round ends the one before
    if (const auto next = shares_.next(waiting)) {
      QUARRY_TRY(scan_round(*next));
      continue;
    }
    look_after_disks();
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, kIdle, [this] { return news_ || stopping_; });
  }
  return {};
}

Status Miner::scan_round(size_t number) {
  MinedNetwork& network = *networks_[number];
  if (clock_.now() - last_refresh_ > kRefreshAtLeast) look_after_disks();
  const std::optional<ScanJob> job = network.take_job();
  if (!job) return {};
  {
    const std::lock_guard lock(mutex_);
    scan_ = job->ended;
    if (stopping_) scan_->request();
  }
  const Round round = {.generation_signature = job->info.generation_signature,
                       .height = job->info.height,
                       .base_target = job->info.base_target};
  const ScanEvents events = {.best = [&](const Deadline& best) { network.found(*job, best); },
                             .problem = [&](const Status& problem) { report_problem(problem); },
                             .progress = {}};
  const auto begin = clock_.now();
  const Result<ScanReport> report = scanner_.scan(round, events, *job->ended);
  const double seconds = std::chrono::duration<double>(clock_.now() - begin).count();
  shares_.charge(number, seconds);
  {
    const std::lock_guard lock(mutex_);
    scan_.reset();
  }
  if (report.ok()) {
    network.scanned(*job, *report, true);
    return {};
  }
  ScanReport partial;
  partial.scoop = scoop_of(round);
  partial.seconds = seconds;
  network.scanned(*job, partial, false);
  if (report.status().code() == Code::kCancelled) return {};
  if (report.status().code() == Code::kDevice) return report.status();
  report_problem(report.status());
  return {};
}

void Miner::look_after_disks() {
  const auto now = clock_.now();
  // Disks that sleep may not have answered yet.
  if (now - last_refresh_ < (scanner_.disks().empty() ? kIdle : kRefreshEvery)) return;
  last_refresh_ = now;
  for (const Status& problem : scanner_.refresh(kPatience)) report_problem(problem);
  scanner_.keep_awake(kAwakeAfter);
}

void Miner::report_problem(const Status& problem) {
  {
    const std::lock_guard lock(mutex_);
    if (told_problems_.size() >= kMostToldProblems) told_problems_.clear();
    if (!told_problems_.insert(problem.message()).second) return;
  }
  tell(PlotProblem{problem});
}

bool Miner::over() const {
  uint64_t rounds = 0;
  for (const auto& network : networks_) rounds += network->rounds_over();
  return options_.rounds > 0 && rounds >= options_.rounds;
}

MinerState Miner::state() const {
  MinerState state;
  for (const auto& network : networks_) state.networks.push_back(network->state());
  state.disks = scanner_.disks();
  state.nonces = nonces_of(state.disks);
  return state;
}

}  // namespace quarry::mining
