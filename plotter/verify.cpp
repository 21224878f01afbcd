#include "plotter/verify.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <thread>

#include "host/cpu/topology.h"
#include "plotter/discover.h"
#include "plotter/part_progress.h"
#include "plotter/plot_reader.h"
#include "plotter/poc2.h"
#include "plotter/referee.h"
#include "plotter/verify_blocks.h"
#include "plotter/verify_disk.h"

namespace quarry {
namespace {

constexpr uint64_t kMostMemory = uint64_t{4} << 30;
constexpr uint64_t kMostBlockNonces =
    4096;                              // rows of 256 KiB: a spinning disk reads more than it seeks
constexpr uint64_t kSampleGroup = 16;  // neighbours cost little once the disk is there

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

// Cuts spans into jobs of at most `most` nonces. In PoC1 files of small stagger,
// jobs end with a group.
void add_jobs(std::vector<VerifyJob>& jobs, const VerifyJob& model,
              std::span<const NonceSpan> spans, uint64_t most) {
  const uint64_t stagger = model.name.stagger;
  if (stagger > 0 && stagger <= most) most = most / stagger * stagger;
  VerifyJob job = model;
  uint64_t room = most;
  for (NonceSpan span : spans) {
    while (span.count > 0) {
      const uint64_t count = std::min(span.count, room);
      job.spans.push_back({span.first, count});
      span.first += count;
      span.count -= count;
      room -= count;
      if (room > 0) continue;
      jobs.push_back(std::move(job));
      job = model;
      room = most;
    }
  }
  if (!job.spans.empty()) jobs.push_back(std::move(job));
}

// An unfinished plot of engraver says how far it came in its last 8 bytes: a
// little-endian u32 of nonces, and this.
constexpr std::array<uint8_t, 4> kEngraverMark = {0xaf, 0xfe, 0xaf, 0xfe};

// OK if the file does not look like one.
Status check_engraver_mark(const PlotCandidate& file, FileSystem& files, Referee& referee,
                           const Cancel& cancel) {
  QUARRY_ASSIGN(const std::unique_ptr<PlotReader> reader, PlotReader::open(files, file.path));
  QUARRY_ASSIGN(const HostMemory buffer,
                HostMemory::allocate(PlotReader::buffer_bytes(kScoopBytes)));
  const PlotName& name = file.name;
  QUARRY_ASSIGN(const std::span<const std::byte> scoop,
                reader->read(name.size_bytes() - kScoopBytes, kScoopBytes, buffer.bytes()));
  const std::span<const std::byte> tail = scoop.last<8>();
  if (std::memcmp(tail.data() + 4, kEngraverMark.data(), kEngraverMark.size()) != 0) return {};
  // One finished plot in 2^32 ends like this.
  QUARRY_ASSIGN(const HostMemory last,
                referee.compute(name.account_id, name.start + name.nonces - 1, 1, cancel));
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
                  Referee& referee, const Cancel& cancel) {
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
  return complete ? Status() : check_engraver_mark(file, files, referee, cancel);
}

// What one call of verify_plots does.
struct VerifyPlan {
  std::vector<VerifyFileReport> reports;
  std::vector<PlotDisk> disks;
  std::vector<VerifyJob> jobs;
  uint64_t block_nonces = kNoncesPerBlock;  // that blocks have room for
};

// Blocks: one for each disk to look at, and one for the devices to work on meanwhile.
size_t block_count(const VerifyPlan& plan) {
  return std::min(plan.disks.size() + 1, plan.jobs.size());
}

VerifyPlan make_plan(const VerifyRequest& request, std::span<const PlotCandidate> candidates,
                     FileSystem& files, Referee& referee, const Cancel& cancel) {
  VerifyPlan plan;
  std::vector<std::string> paths;
  for (const PlotCandidate& file : candidates) paths.push_back(file.path);
  plan.disks = group_by_disk(paths, files);
  uint64_t longest = 0;
  for (const PlotCandidate& file : candidates) longest = std::max(longest, file.name.nonces);
  const uint64_t memory = std::min(kMostMemory, available_memory_bytes() / 4);
  const uint64_t room = memory / (plan.disks.size() + 1) / kNonceBytes;
  plan.block_nonces = std::clamp(std::min(room, longest), kNoncesPerBlock, kMostBlockNonces);
  for (const PlotCandidate& file : candidates) {
    plan.reports.push_back({});
    plan.reports.back().path = file.path;
    plan.reports.back().status = check_file(request, file, files, referee, cancel);
  }
  for (size_t disk = 0; disk < plan.disks.size(); disk++) {
    for (const size_t index : plan.disks[disk].files) {
      if (!plan.reports[index].status.ok()) continue;
      const PlotName& name = candidates[index].name;
      const VerifyJob model = {.file = index, .disk = disk, .name = name, .spans = {}};
      const std::vector<NonceSpan> spans = request.full
                                               ? std::vector<NonceSpan>{{0, name.nonces}}
                                               : sample_spans(name.nonces, request.sample_nonces);
      add_jobs(plan.jobs, model, spans, plan.block_nonces);
    }
  }
  return plan;
}

ProgressReport describe(const VerifyPlan& plan) {
  ProgressReport report;
  report.task = "verify";
  report.unit = "nonces";
  report.bytes_per_unit = kNonceBytes;
  for (const PlotDisk& disk : plan.disks) report.parts.push_back({.name = disk.name, .note = ""});
  for (const VerifyJob& job : plan.jobs) report.total += job.nonces();
  return report;
}

// Blocks of one file may be done in any order.
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
                                                   const Cancel& cancel) {
  if (devices.empty()) return Status(Code::kInvalidArgument, "no device to verify with");
  if (!request.full && request.sample_nonces == 0)
    return Status(Code::kInvalidArgument, "a sample of 0 nonces verifies nothing");
  Referee referee;
  const std::vector<PlotCandidate> candidates = find_plot_candidates(request.paths, files);
  VerifyPlan plan = make_plan(request, candidates, files, referee, cancel);
  QUARRY_TRY(cancel.status());
  if (plan.jobs.empty()) return std::move(plan.reports);
  QUARRY_ASSIGN(const std::unique_ptr<VerifyBlocks> blocks,
                VerifyBlocks::create(devices, cancel, plan.block_nonces, block_count(plan)));
  blocks->add_jobs(plan.jobs, plan.disks.size());
  PartProgress meter(progress, describe(plan));
  std::vector<std::thread> threads;
  for (size_t i = 0; i < devices.size(); i++)
    for (uint32_t queue = 0; queue < devices[i]->info().queues; queue++) blocks->add_worker();
  for (size_t i = 0; i < devices.size(); i++)
    for (uint32_t queue = 0; queue < devices[i]->info().queues; queue++)
      threads.emplace_back([&, i, queue] { blocks->compute(i, queue); });
  for (size_t disk = 0; disk < plan.disks.size(); disk++)
    threads.emplace_back([&, disk] {
      DiskVerifier(files, *blocks, referee, cancel, request.repair).run(disk, plan.reports, meter);
    });
  for (std::thread& thread : threads) thread.join();
  for (const Status& failure : blocks->retired()) progress.notice(failure.message());
  QUARRY_TRY(blocks->status());
  meter.finish();
  for (VerifyFileReport& report : plan.reports) join_spans(report.bad_spans);
  return std::move(plan.reports);
}

}  // namespace quarry
