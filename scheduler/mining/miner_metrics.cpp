#include "scheduler/mining/miner_metrics.h"

#include <prometheus/gauge.h>
#include <prometheus/registry.h>

#include <algorithm>
#include <map>
#include <optional>

#include "host/metrics.h"

namespace quarry::mining {
namespace {

template <class Builder>
auto& family(Builder builder, prometheus::Registry& registry, const char* name, const char* help) {
  return builder.Name(std::string("quarry_mining_") + name).Help(help).Register(registry);
}

const prometheus::Histogram::BucketBoundaries kScanSeconds = {0.1, 0.3, 1,  3,  5,  10,
                                                              15,  20,  30, 45, 60, 120};

void gauge(prometheus::Registry& registry, const char* name, const char* help,
           const std::map<std::string, std::string>& labels, double value) {
  family(prometheus::BuildGauge(), registry, name, help).Add(labels).Set(value);
}

}  // namespace

using prometheus::BuildCounter;
using prometheus::BuildHistogram;

MinerMetrics::MinerMetrics()
    : registry_(std::make_shared<prometheus::Registry>()),
      rounds_(family(BuildCounter(), *registry_, "rounds_total", "Rounds seen")),
      scans_(family(BuildCounter(), *registry_, "scans_total",
                    "Scans, whole or ended by a newer round")),
      scanned_nonces_(
          family(BuildCounter(), *registry_, "scanned_nonces_total", "Nonces of whole scans")),
      read_bytes_(
          family(BuildCounter(), *registry_, "read_bytes_total", "Bytes read by whole scans")),
      scan_seconds_(family(BuildHistogram(), *registry_, "scan_seconds", "Time of whole scans")),
      deadlines_(family(BuildCounter(), *registry_, "deadlines_total",
                        "Deadlines found that were the best of their account")),
      submissions_(
          family(BuildCounter(), *registry_, "submissions_total", "Answers of pools, by outcome")),
      mismatches_(family(BuildCounter(), *registry_, "mismatches_total",
                         "Deadlines that a pool computed differently, by who was wrong")),
      blocks_won_(family(BuildCounter(), *registry_, "blocks_won_total", "Blocks won")),
      pool_failures_(family(BuildCounter(), *registry_, "pool_failures_total",
                            "Times that the active pool began to fail")),
      plot_problems_(family(BuildCounter(), *registry_, "plot_problems_total",
                            "Different problems of files and folders")) {}

void MinerMetrics::count(const MinerEvent& event) {
  std::visit([this](const auto& one) { count(one); }, event);
}

void MinerMetrics::count(const RoundBegun& event) {
  rounds_.Add({{"network", event.network}}).Increment();
}

void MinerMetrics::count(const RoundScanned& event) {
  scans_.Add({{"network", event.network}, {"whole", event.whole ? "yes" : "no"}}).Increment();
  if (!event.whole) return;
  scanned_nonces_.Add({{"network", event.network}})
      .Increment(static_cast<double>(event.report.nonces));
  read_bytes_.Add({{"network", event.network}}).Increment(static_cast<double>(event.report.bytes));
  scan_seconds_.Add({{"network", event.network}}, kScanSeconds).Observe(event.report.seconds);
}

void MinerMetrics::count(const DeadlineFound& event) {
  deadlines_.Add({{"network", event.network}, {"wanted", event.wanted ? "yes" : "no"}}).Increment();
}

void MinerMetrics::count(const SubmissionAnswered& event) {
  submissions_
      .Add({{"network", event.network},
            {"outcome", std::string(signum::outcome_name(event.reply.outcome))}})
      .Increment();
}

void MinerMetrics::count(const MismatchJudged& event) {
  mismatches_.Add({{"network", event.network}, {"wrong", event.file_is_wrong ? "file" : "pool"}})
      .Increment();
}

void MinerMetrics::count(const BlockWon& event) {
  blocks_won_.Add({{"network", event.network}}).Increment();
}

void MinerMetrics::count(const PoolChanged& event) {
  if (!event.failure.empty())
    pool_failures_.Add({{"network", event.network}, {"pool", event.pool}}).Increment();
}

void MinerMetrics::count(const PlotProblem&) { plot_problems_.Add({}).Increment(); }

namespace {

void put_network(prometheus::Registry& now, const NetworkState& network) {
  const std::map<std::string, std::string> labels = {{"network", network.name}};
  gauge(now, "height", "Height of the block that is mined", labels,
        static_cast<double>(network.round.height));
  gauge(now, "base_target", "Base target of the round", labels,
        static_cast<double>(network.round.base_target));
  std::optional<uint64_t> best;
  for (const auto& [account, found] : network.accounts)
    best = std::min(best.value_or(UINT64_MAX), found.best_deadline);
  if (best)
    gauge(now, "best_deadline_seconds", "Best deadline of the round", labels,
          static_cast<double>(*best));
  for (const PoolState& pool : network.pools)
    gauge(now, "pool_active", "1 for the pool that is asked",
          {{"network", network.name}, {"pool", pool.name}}, pool.active ? 1 : 0);
}

void put_disk(prometheus::Registry& now, const ScanDisk& disk) {
  const std::map<std::string, std::string> labels = {{"disk", disk.name}};
  gauge(now, "disk_nonces", "Nonces of the plots", labels, static_cast<double>(disk.nonces));
  gauge(now, "disk_bytes_per_second", "Rate of the last reading", labels,
        disk.seconds > 0 ? static_cast<double>(disk.bytes_read) / disk.seconds : 0);
  gauge(now, "disk_stuck", "1 where a read does not come back", labels, disk.stuck ? 1 : 0);
}

}  // namespace

HttpReply MinerMetrics::reply(const MinerState& state) const {
  prometheus::Registry now;
  for (const NetworkState& network : state.networks) put_network(now, network);
  for (const ScanDisk& disk : state.disks) put_disk(now, disk);
  return metrics_reply(*registry_, &now);
}

}  // namespace quarry::mining
