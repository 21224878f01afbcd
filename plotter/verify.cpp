#include "plotter/verify.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <thread>

#include "host/cpu/topology.h"
#include "plotter/device_feed.h"
#include "plotter/discover.h"
#include "plotter/part_progress.h"
#include "plotter/plot_reader.h"
#include "plotter/poc2.h"
#include "plotter/pool_queue.h"
#include "plotter/referee.h"
#include "plotter/verify_disk.h"

namespace quarry {
namespace {

constexpr uint64_t kMostMemory = uint64_t{4} << 30;
constexpr uint64_t kMostPoolNonces = 4096;  // rows of 256 KiB: a disk reads more than it seeks
constexpr uint64_t kSampleGroup = 16;       // neighbours cost little once the disk is there

// Groups of neighbours from the first nonce to the last one.
std::vector<NonceSpan> sample_spans(uint64_t nonces, uint64_t sample) {
  const uint64_t groups = std::max<uint64_t>(2, (sample + kSampleGroup - 1) / kSampleGroup);
  const uint64_t size = (sample + groups - 1) / groups;
  if (size * groups >= nonces) return {{0, nonces}};
  std::vector<NonceSpan> spans;
  for (uint64_t i = 0; i < groups; i++) {
    // i * (nonces - size) / (groups - 1), without a product that passes 64 bits
    const uint64_t room = nonces - size, steps = groups - 1;
    spans.push_back({room / steps * i + room % steps * i / steps, size});
  }
  return spans;
}

// Adds looks of at most `most` nonces. In PoC1 files of small stagger, they end
// with a group.
void add_looks(VerifyLooks& looks, const VerifyLook& model, std::span<const NonceSpan> spans,
               uint64_t most) {
  const uint64_t stagger = model.name.stagger;
  if (stagger > 0 && stagger <= most) most = most / stagger * stagger;
  for (const NonceSpan& span : spans)
    for (uint64_t done = 0; done < span.count; done += most) {
      VerifyLook look = model;
      look.span = {span.first + done, std::min(most, span.count - done)};
      looks.add(look);
    }
}

// An unfinished plot of engraver says how far it came in its last 8 bytes: a
// little-endian u32 of nonces, and this.
constexpr std::array<uint8_t, 4> kEngraverMark = {0xaf, 0xfe, 0xaf, 0xfe};

// OK if the file does not look like one.
Status check_engraver_mark(const PlotCandidate& file, FileSystem& files, const Cancel& cancel) {
  QUARRY_ASSIGN(const std::unique_ptr<PlotReader> reader, PlotReader::open(files, file.path));
  QUARRY_ASSIGN(const HostMemory buffer,
                HostMemory::allocate(PlotReader::buffer_bytes(kScoopBytes)));
  const PlotName& name = file.name;
  QUARRY_ASSIGN(const std::span<const std::byte> scoop,
                reader->read(name.size_bytes() - kScoopBytes, kScoopBytes, buffer.bytes()));
  const std::span<const std::byte> tail = scoop.last<8>();
  if (std::memcmp(tail.data() + 4, kEngraverMark.data(), kEngraverMark.size()) != 0) return {};
  // One finished plot in 2^32 ends like this.
  QUARRY_ASSIGN(const std::unique_ptr<Referee> referee, Referee::open());
  QUARRY_ASSIGN(const std::span<const std::byte> last,
                referee->compute({name.account_id, name.start + name.nonces - 1, 1}, cancel));
  const uint64_t second_half_of = name.is_poc1() ? 0 : kScoopsPerNonce - 1;
  const std::byte* expected = last.data() + scoop_offset(1, second_half_of, 0) + kScoopBytes - 8;
  if (std::memcmp(tail.data(), expected, tail.size()) == 0) return {};
  uint32_t done = 0;
  for (int i = 0; i < 4; i++) done |= std::to_integer<uint32_t>(tail[i]) << (8 * i);
  return {Code::kCorrupt, file.path + " is an unfinished engraver plot, " + std::to_string(done) +
                              " of " + std::to_string(name.nonces) +
                              " nonces: let engraver finish it, or verify it with --full --repair"};
}

// Makes a file that was cut short as long as its name says.
Status extend(const PlotCandidate& file, FileSystem& files) {
  QUARRY_ASSIGN(const std::unique_ptr<File> target, files.open(file.path, {.write = true}));
  QUARRY_TRY(target->lock());
  QUARRY_TRY(target->allocate(file.name.size_bytes()));
  return target->sync();
}

// Why the file cannot be checked, if so. With a full repair, what is missing is
// only extended here: its nonces will be found bad.
Status check_file(const VerifyRequest& request, const PlotCandidate& file, FileSystem& files,
                  const Cancel& cancel) {
  const bool complete = request.full && request.repair;
  if (!file.status.ok()) {
    const bool short_file =
        file.status.code() == Code::kCorrupt && file.size_bytes < file.name.size_bytes();
    if (short_file && complete) return extend(file, files);
    if (!short_file) return file.status;
    return {Code::kCorrupt, file.status.message() +
                                ": copy it again, or verify it with --full --repair to compute "
                                "what is missing"};
  }
  return complete ? Status() : check_engraver_mark(file, files, cancel);
}

// What one call of verify_plots does.
struct VerifyPlan {
  std::vector<VerifyFileReport> reports;  // by candidate
  std::vector<PlotDisk> disks;
  std::vector<VerifyLooks> looks;  // by disk
  uint64_t pool_nonces = 0;
  uint64_t memory_bytes = 0;

  uint64_t look_count() const {
    uint64_t count = 0;
    for (const VerifyLooks& list : looks) count += list.all().size();
    return count;
  }
};

// `wave_nonces`: what the largest device computes at once.
VerifyPlan make_plan(const VerifyRequest& request, std::span<const PlotCandidate> candidates,
                     uint64_t wave_nonces, FileSystem& files, const Cancel& cancel) {
  VerifyPlan plan;
  std::vector<std::string> paths;
  uint64_t longest = 1;
  for (const PlotCandidate& file : candidates) {
    paths.push_back(file.path);
    plan.reports.push_back({});
    plan.reports.back().path = file.path;
    plan.reports.back().status = check_file(request, file, files, cancel);
    longest = std::max(longest, file.name.nonces);
  }
  plan.disks = group_by_disk(paths, files);
  const uint64_t most = std::max(kMostPoolNonces, wave_nonces);
  const uint64_t useful = std::max(kMostMemory, (plan.disks.size() + 1) * most * kNonceBytes);
  plan.memory_bytes = std::min(useful, available_memory_bytes() / 4);
  const uint64_t room = plan.memory_bytes / (plan.disks.size() + 1) / kNonceBytes;
  if (!request.full) longest = std::min(longest, kSampleGroup);
  plan.pool_nonces = std::min(
      longest, std::clamp(room / kNoncesPerBlock * kNoncesPerBlock, kNoncesPerBlock, most));
  plan.looks.resize(plan.disks.size());
  for (size_t disk = 0; disk < plan.disks.size(); disk++)
    for (const size_t file : plan.disks[disk].files) {
      if (!plan.reports[file].status.ok()) continue;
      const PlotName& name = candidates[file].name;
      const std::vector<NonceSpan> spans = request.full
                                               ? std::vector<NonceSpan>{{0, name.nonces}}
                                               : sample_spans(name.nonces, request.sample_nonces);
      add_looks(plan.looks[disk], {.file = file, .name = name, .span = {}}, spans,
                plan.pool_nonces);
    }
  return plan;
}

ProgressReport describe(const VerifyPlan& plan) {
  ProgressReport report;
  report.task = "verify";
  report.unit = "nonces";
  report.bytes_per_unit = kNonceBytes;
  for (const PlotDisk& disk : plan.disks) report.parts.push_back({.name = disk.name, .note = ""});
  for (const VerifyLooks& looks : plan.looks) report.total += looks.nonces();
  return report;
}

// Pools: one for each disk to look at and one for the devices at least; as many
// as all threads together can work on, if memory allows.
Result<std::vector<std::unique_ptr<Pool>>> make_pools(
    const VerifyPlan& plan, std::span<const std::unique_ptr<Device>> devices) {
  uint64_t threads = plan.disks.size();
  for (const auto& device : devices) threads += device->info().queues;
  const uint64_t least = plan.disks.size() + 1;
  const uint64_t room = plan.memory_bytes / (plan.pool_nonces * kNonceBytes);
  const uint64_t count =
      std::min(plan.look_count(), std::clamp(room, least, std::max(least, threads)));
  std::vector<std::unique_ptr<Pool>> pools;
  for (uint64_t i = 0; i < count; i++) {
    auto pool = std::make_unique<Pool>();
    pool->capacity = plan.pool_nonces;
    QUARRY_ASSIGN(pool->memory, allocate_for(devices, plan.pool_nonces * kNonceBytes));
    pools.push_back(std::move(pool));
  }
  return pools;
}

NonceRange range_of(const VerifyPlan& plan, const Pool& pool, NonceSpan part) {
  const VerifyLook& look = plan.looks[pool.target].of(pool);
  return {look.name.account_id, look.name.start + look.span.first + part.first,
          static_cast<uint32_t>(part.count)};
}

// Pools of one file may be done in any order.
void join_spans(std::vector<NonceSpan>& spans) {
  std::sort(spans.begin(), spans.end(),
            [](const NonceSpan& a, const NonceSpan& b) { return a.first < b.first; });
  std::vector<NonceSpan> joined;
  for (const NonceSpan& span : spans) {
    if (!joined.empty() && joined.back().first + joined.back().count == span.first)
      joined.back().count += span.count;
    else
      joined.push_back(span);
  }
  spans = std::move(joined);
}

}  // namespace

Result<std::vector<VerifyFileReport>> verify_plots(const VerifyRequest& request,
                                                   std::span<const std::unique_ptr<Device>> devices,
                                                   FileSystem& files, Progress& progress,
                                                   const Cancel& cancel, const CareOptions& care) {
  if (devices.empty()) return Status(Code::kInvalidArgument, "no device to verify with");
  if (!request.full && request.sample_nonces == 0)
    return Status(Code::kInvalidArgument, "a sample of 0 nonces verifies nothing");
  uint64_t wave = 0;
  for (const auto& device : devices)
    wave = std::max(wave, wave_nonces(device->info(), choose_plot_kernel(device->info())));
  VerifyPlan plan =
      make_plan(request, find_plot_candidates(request.paths, files), wave, files, cancel);
  QUARRY_TRY(cancel.status());
  if (plan.look_count() == 0) return std::move(plan.reports);
  QUARRY_ASSIGN(auto pools, make_pools(plan, devices));
  std::vector<std::vector<NonceSpan>> open;
  for (const VerifyLooks& looks : plan.looks) open.push_back(looks.open());
  PoolQueue queue(std::move(open), std::move(pools), devices.size());
  PartProgress meter(progress, describe(plan));
  const VerifyShared shared = {devices, files, queue, meter, progress, cancel, request.repair};
  const FeedShared feed_shared = {
      queue, [&plan](const Pool& pool, NonceSpan part) { return range_of(plan, pool, part); },
      [&shared](size_t device, const Status& why) { shared.retire(device, why); }, cancel};
  std::vector<std::unique_ptr<DeviceFeed>> feeds;
  for (size_t i = 0; i < devices.size(); i++) {
    FeedOptions options;
    options.most_nonces = plan.pool_nonces;
    options.care = care;
    options.notice = [&progress](std::string_view text) { progress.notice(text); };
    feeds.push_back(std::make_unique<DeviceFeed>(*devices[i], i, options));
  }
  std::vector<std::thread> threads;
  for (const auto& feed : feeds)
    threads.emplace_back([&] {
      feed->run(feed_shared);
      if (cancel.requested()) queue.stop();
    });
  for (size_t disk = 0; disk < plan.disks.size(); disk++)
    threads.emplace_back(
        [&, disk] { DiskVerifier(shared, disk, plan.looks[disk], plan.reports).run(); });
  for (std::thread& thread : threads) thread.join();
  QUARRY_TRY(cancel.status());
  for (size_t disk = 0; disk < plan.disks.size(); disk++)
    if (!queue.finished(disk)) return Status(Code::kDevice, "no device is left to verify with");
  meter.finish();
  for (VerifyFileReport& report : plan.reports) join_spans(report.bad_spans);
  return std::move(plan.reports);
}

}  // namespace quarry
