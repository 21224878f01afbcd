#include "plotter/pool_writer.h"

#include <algorithm>
#include <cmath>
#include <future>

#include "plotter/poc2.h"

namespace quarry {

Result<std::unique_ptr<PoolWriter>> PoolWriter::open(PlotFileWriter& file, const Options& options) {
  std::unique_ptr<PoolWriter> writer(new PoolWriter(file, options));
  QUARRY_ASSIGN(writer->checker_, PoolChecker::open());
  return writer;
}

Result<PoolWriter::Outcome> PoolWriter::write(const Pool& pool) {
  return pool.device ? write_slices(pool) : write_memory(pool);
}

// Not cancelled, here and below: a pool that is full is worth saving.
Result<PoolWriter::Outcome> PoolWriter::write_memory(const Pool& pool) {
  const ScoopBlock block = {pool.memory.data(), pool.span.count, nullptr};
  const auto percent =
      static_cast<uint64_t>(std::ceil(pool.span.count * options_.verify_percent / 100.0));
  const Cancel never;
  Outcome outcome;
  QUARRY_ASSIGN(outcome.wrong_nonce,
                checker_->check(options_.account_id, options_.start + pool.span.first, block,
                                std::max<uint64_t>(PoolChecker::kSamples, percent), never));
  if (outcome.wrong_nonce) return outcome;
  QUARRY_TRY(file_.write(pool.span, rows_of(block, 0)));
  QUARRY_TRY(file_.record(pool.span));
  return outcome;
}

Result<PoolWriter::Outcome> PoolWriter::write_slices(const Pool& pool) {
  const uint64_t row_bytes = pool.span.count * kScoopBytes;
  const auto most =
      static_cast<uint32_t>(std::min(options_.slices[0].size() / row_bytes, kScoopsPerNonce));
  QUARRY_CHECK(most > 0);
  const auto slice = [&](uint32_t first_scoop) {
    ScoopRows rows;
    rows.data = options_.slices[first_scoop / most % 2].data();
    rows.pitch_bytes = row_bytes;
    rows.first_scoop = first_scoop;
    rows.scoops = std::min(most, static_cast<uint32_t>(kScoopsPerNonce) - first_scoop);
    return rows;
  };
  const auto fetch = [&](uint32_t first_scoop) {
    return options_.fetch(pool, slice(first_scoop), options_.slices[first_scoop / most % 2]);
  };
  const Cancel never;
  QUARRY_TRY(checker_->expect(options_.account_id, options_.start + pool.span.first,
                              pool.span.count, never));
  Outcome outcome;
  outcome.lost = fetch(0);
  for (uint32_t scoop = 0; outcome.lost.ok() && scoop < kScoopsPerNonce; scoop += most) {
    const ScoopRows rows = slice(scoop);
    std::future<Status> next;
    if (scoop + most < kScoopsPerNonce) next = std::async(std::launch::async, fetch, scoop + most);
    outcome.wrong_nonce = checker_->compare(rows);
    const Status written = outcome.wrong_nonce ? Status() : file_.write(pool.span, rows);
    if (next.valid()) outcome.lost = next.get();
    QUARRY_TRY(written);
    if (outcome.wrong_nonce) return outcome;
  }
  if (outcome.recorded()) QUARRY_TRY(file_.record(pool.span));
  return outcome;
}

}  // namespace quarry
