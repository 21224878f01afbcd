#include "plotter/verify_disk.h"

#include <algorithm>
#include <cstring>

#include "plotter/poc2.h"

namespace quarry {
namespace {

// Bad nonces of a block that the CPU computes again: this many runs of up to
// kRefereeRun neighbours.
constexpr size_t kRefereeRuns = 16;
constexpr uint32_t kRefereeRun = 32;

void add_bad_spans(const VerifyBlock& block, const std::vector<bool>& bad,
                   std::vector<NonceSpan>& spans) {
  uint64_t in_block = 0;
  for (const NonceSpan& span : block.job->spans)
    for (uint64_t i = 0; i < span.count; i++, in_block++) {
      if (!bad[in_block]) continue;
      if (!spans.empty() && spans.back().first + spans.back().count == span.first + i)
        spans.back().count++;
      else
        spans.push_back({span.first + i, 1});
    }
}

}  // namespace

void DiskVerifier::run(size_t disk, std::vector<VerifyFileReport>& reports,
                       PartProgress& progress) {
  while (VerifyBlock* block = blocks_.take(disk)) {
    VerifyFileReport& report = reports[block->job->file];
    // After a failure, the rest of the file is passed over.
    const Result<bool> checked = report.status.ok() ? check(*block, report) : true;
    if (checked.status().code() == Code::kCancelled) return blocks_.stop();
    if (!checked.ok()) report.status = checked.status();
    const bool again = checked.ok() && !*checked;
    if (!again) progress.add(disk, block->nonces);
    blocks_.give_back(block, again);
  }
}

// False: the block is wrong, not the file.
Result<bool> DiskVerifier::check(const VerifyBlock& block, VerifyFileReport& report) {
  QUARRY_ASSIGN(const std::unique_ptr<PlotReader> reader, PlotReader::open(files_, report.path));
  QUARRY_ASSIGN(const std::vector<bool> bad, rows_.find_bad(*reader, block, cancel_));
  const auto count = static_cast<uint64_t>(std::count(bad.begin(), bad.end(), true));
  if (count > 0) {
    QUARRY_ASSIGN(const bool confirmed, confirm(block, bad));
    if (!confirmed) return false;
  }
  report.checked_nonces += block.nonces;
  report.bad_nonces += count;
  add_bad_spans(block, bad, report.bad_spans);
  if (count > 0 && repair_) QUARRY_TRY(repair(block, *reader, count, report));
  return true;
}

Status DiskVerifier::repair(const VerifyBlock& block, PlotReader& reader, uint64_t bad_before,
                            VerifyFileReport& report) {
  QUARRY_ASSIGN(const std::unique_ptr<File> file, files_.open(report.path, {.write = true}));
  QUARRY_TRY(file->lock());
  QUARRY_TRY(rows_.repair(reader, block, *file, cancel_));
  QUARRY_ASSIGN(const std::vector<bool> bad, rows_.find_bad(reader, block, cancel_));
  const auto left = static_cast<uint64_t>(std::count(bad.begin(), bad.end(), true));
  report.repaired_nonces += bad_before - left;
  if (left == 0) return {};
  return {Code::kIo, report.path + ": " + std::to_string(left) +
                         " nonces are still wrong after they were written; the disk is failing"};
}

// Has the CPU the same opinion of the nonces that are said to be bad?
Result<bool> DiskVerifier::confirm(const VerifyBlock& block, const std::vector<bool>& bad) {
  struct Run {
    NonceSpan in_block;
    size_t device;
  };
  std::vector<Run> runs;
  for (const VerifyBlock::Part& part : block.computed) {
    if (blocks_.device(part.device).info().backend == "cpu") continue;
    for (uint64_t i = part.first; i < part.first + part.count; i++) {
      if (!bad[i]) continue;
      uint64_t end = i;
      while (end < part.first + part.count && end - i < kRefereeRun && bad[end]) end++;
      runs.push_back({{i, end - i}, part.device});
      i = end - 1;
    }
  }
  const size_t looks = std::min(runs.size(), kRefereeRuns);
  for (size_t look = 0; look < looks; look++) {
    const Run& run = runs[look * runs.size() / looks];
    QUARRY_ASSIGN(const bool right, cpu_agrees(block, run.in_block));
    if (right) continue;
    const DeviceInfo& info = blocks_.device(run.device).info();
    blocks_.retire(run.device, {Code::kDevice, info.id + " (" + info.name +
                                                   ") computed wrong nonces; it is not used any "
                                                   "more"});
    return false;
  }
  return true;
}

// `run` are nonces of the block, which may belong to several spans of the file.
Result<bool> DiskVerifier::cpu_agrees(const VerifyBlock& block, NonceSpan run) {
  uint64_t before = 0;
  for (const NonceSpan& span : block.job->spans) {
    const uint64_t begin = std::max(run.first, before);
    const uint64_t end = std::min(run.first + run.count, before + span.count);
    if (begin < end) {
      const auto count = static_cast<uint32_t>(end - begin);
      QUARRY_ASSIGN(
          const HostMemory right,
          referee_.compute(block.job->name.account_id,
                           block.job->name.start + span.first + begin - before, count, cancel_));
      for (uint64_t scoop = 0; scoop < kScoopsPerNonce; scoop++)
        if (std::memcmp(right.data() + scoop_offset(count, scoop, 0),
                        block.memory.data() + scoop_offset(block.nonces, scoop, begin),
                        count * kScoopBytes) != 0)
          return false;
    }
    before += span.count;
  }
  return true;
}

}  // namespace quarry
