#include "plotter/verify_disk.h"

#include <algorithm>
#include <cstring>

#include "plotter/poc2.h"

namespace quarry {
namespace {

// Bad nonces of a pool that the CPU computes again: so many runs of neighbours,
// spread over all that are bad.
constexpr size_t kRefereeRuns = 16;

void add_bad_spans(uint64_t first, const std::vector<bool>& bad, std::vector<NonceSpan>& spans) {
  for (uint64_t i = 0; i < bad.size(); i++) {
    if (!bad[i]) continue;
    if (!spans.empty() && spans.back().first + spans.back().count == first + i)
      spans.back().count++;
    else
      spans.push_back({first + i, 1});
  }
}

}  // namespace

void VerifyLooks::add(const VerifyLook& look) {
  looks_.push_back(look);
  firsts_.push_back(nonces_);
  nonces_ += look.span.count;
}

std::vector<NonceSpan> VerifyLooks::open() const {
  std::vector<NonceSpan> open;
  for (size_t i = 0; i < looks_.size(); i++) open.push_back({firsts_[i], looks_[i].span.count});
  return open;
}

const VerifyLook& VerifyLooks::of(const Pool& pool) const {
  const auto next = std::upper_bound(firsts_.begin(), firsts_.end(), pool.span.first);
  return looks_[static_cast<size_t>(next - firsts_.begin()) - 1];
}

void VerifyShared::retire(size_t device, const Status& why) const {
  if (pools.retire(device))
    progress.notice(devices[device]->info().id + " is retired: " + why.message());
}

void DiskVerifier::run() {
  while (Pool* pool = shared_.pools.take_full(disk_)) {
    const VerifyLook& look = looks_.of(*pool);
    VerifyFileReport& report = reports_[look.file];
    // After a failure, the rest of the file is passed over.
    const Result<bool> checked = report.status.ok() ? check(look, *pool, report) : true;
    if (checked.status().code() == Code::kCancelled) return shared_.pools.stop();
    if (!checked.ok()) report.status = checked.status();
    if (checked.ok() && !*checked) {
      shared_.pools.redo(pool);
      continue;
    }
    shared_.meter.add(disk_, look.span.count);
    shared_.pools.recorded(pool);
  }
}

// False: the pool is wrong, not the file.
Result<bool> DiskVerifier::check(const VerifyLook& look, const Pool& pool,
                                 VerifyFileReport& report) {
  const ExpectedNonces right = {look.name, look.span, pool.memory.data()};
  QUARRY_ASSIGN(const std::unique_ptr<PlotReader> reader,
                PlotReader::open(shared_.files, report.path));
  QUARRY_ASSIGN(const std::vector<bool> bad, rows_.find_bad(*reader, right, shared_.cancel));
  const auto count = static_cast<uint64_t>(std::count(bad.begin(), bad.end(), true));
  if (count > 0) {
    QUARRY_ASSIGN(const bool confirmed, confirm(right, pool, bad));
    if (!confirmed) return false;
  }
  report.checked_nonces += look.span.count;
  report.bad_nonces += count;
  add_bad_spans(look.span.first, bad, report.bad_spans);
  if (count > 0 && shared_.repair) QUARRY_TRY(repair(right, *reader, count, report));
  return true;
}

Status DiskVerifier::repair(const ExpectedNonces& right, PlotReader& reader, uint64_t bad_before,
                            VerifyFileReport& report) {
  QUARRY_ASSIGN(const std::unique_ptr<File> file, shared_.files.open(report.path, {.write = true}));
  QUARRY_TRY(file->lock());
  QUARRY_TRY(rows_.repair(reader, right, *file, shared_.cancel));
  QUARRY_ASSIGN(const std::vector<bool> bad, rows_.find_bad(reader, right, shared_.cancel));
  const auto left = static_cast<uint64_t>(std::count(bad.begin(), bad.end(), true));
  report.repaired_nonces += bad_before - left;
  if (left == 0) return {};
  return {Code::kIo, report.path + ": " + std::to_string(left) +
                         " nonces are still wrong after they were written; the disk is failing"};
}

// Has the CPU the same opinion of the nonces that are said to be bad?
Result<bool> DiskVerifier::confirm(const ExpectedNonces& right, const Pool& pool,
                                   const std::vector<bool>& bad) {
  struct Run {
    NonceSpan span;  // of the pool
    size_t device;
  };
  std::vector<Run> runs;
  for (const Pool::Part& part : pool.parts) {
    if (shared_.devices[part.device]->info().backend == "cpu") continue;
    const uint64_t part_end = part.span.first + part.span.count;
    for (uint64_t i = part.span.first; i < part_end; i++) {
      if (!bad[i]) continue;
      uint64_t end = i + 1;
      while (end < part_end && end - i < Referee::kMostNonces && bad[end]) end++;
      runs.push_back({{i, end - i}, part.device});
      i = end - 1;
    }
  }
  const size_t looks = std::min(runs.size(), kRefereeRuns);
  for (size_t i = 0; i < looks; i++) {
    const Run& run = runs[i * runs.size() / looks];
    QUARRY_ASSIGN(const bool agreed, cpu_agrees(right, run.span));
    if (agreed) continue;
    const uint64_t nonce = right.name.start + right.span.first + run.span.first;
    shared_.retire(run.device, {Code::kDevice, "it computed nonce " + std::to_string(nonce) +
                                                   " wrongly; its nonces are computed again"});
    return false;
  }
  return true;
}

Result<bool> DiskVerifier::cpu_agrees(const ExpectedNonces& right, NonceSpan run) {
  if (referee_ == nullptr) {
    QUARRY_ASSIGN(referee_, Referee::open());
  }
  QUARRY_ASSIGN(
      const std::span<const std::byte> again,
      referee_->compute({right.name.account_id, right.name.start + right.span.first + run.first,
                         static_cast<uint32_t>(run.count)},
                        shared_.cancel));
  for (uint64_t scoop = 0; scoop < kScoopsPerNonce; scoop++)
    if (std::memcmp(again.data() + scoop_offset(run.count, scoop, 0),
                    right.scoops + scoop_offset(right.span.count, scoop, run.first),
                    run.count * kScoopBytes) != 0)
      return false;
  return true;
}

}  // namespace quarry
