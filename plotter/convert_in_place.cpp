#include "plotter/convert_in_place.h"

#include <algorithm>
#include <cstring>
#include <vector>

#include "plotter/discover.h"
#include "plotter/part_progress.h"
#include "plotter/plot_reader.h"
#include "plotter/poc2.h"
#include "plotter/swap_log.h"

namespace quarry {
namespace {

// One side of a step, at most: short syncs, and a log that fits on a full disk.
constexpr uint64_t kMostSideBytes = uint64_t{8} << 20;
constexpr uint64_t kLeastSideBytes = 4096;

// What one step exchanges: scoops low .. low + pairs - 1 with their mirrors, of
// nonces first .. first + count - 1.
struct SwapStep {
  uint64_t low = 0;
  uint64_t pairs = 0;
  uint64_t first = 0;
  uint64_t count = 0;

  uint64_t side_bytes() const { return pairs * count * kScoopBytes; }
  uint64_t low_offset(uint64_t nonces) const { return scoop_offset(nonces, low, first); }
  uint64_t high_offset(uint64_t nonces) const {
    return scoop_offset(nonces, mirror_scoop(low + pairs - 1), first);
  }
};

// Cuts a file into steps: whole rows together where they fit, else parts of one.
class SwapSteps {
 public:
  SwapSteps(uint64_t nonces, uint64_t side_bytes)
      : nonces_(nonces),
        pairs_(std::clamp<uint64_t>(side_bytes / (nonces * kScoopBytes), 1, kPairs)),
        part_(std::min(nonces, side_bytes / kScoopBytes)),
        parts_((nonces + part_ - 1) / part_) {}

  uint64_t size() const { return (kPairs + pairs_ - 1) / pairs_ * parts_; }

  SwapStep operator[](uint64_t number) const {
    SwapStep step;
    step.low = number / parts_ * pairs_;
    step.pairs = std::min(pairs_, kPairs - step.low);
    step.first = number % parts_ * part_;
    step.count = std::min(part_, nonces_ - step.first);
    return step;
  }

 private:
  static constexpr uint64_t kPairs = kScoopsPerNonce / 2;
  uint64_t nonces_;
  uint64_t pairs_;  // of one step; 1 where rows are cut
  uint64_t part_;   // nonces of one step
  uint64_t parts_;  // of a row
};

// `data` holds the low scoops of a step and behind them the high ones: both as
// they are in the file.
void exchange_second_halves(std::span<std::byte> data, const SwapStep& step) {
  constexpr uint64_t kHalf = kScoopBytes / 2;
  std::byte* const low = data.data();
  std::byte* const high = data.data() + step.side_bytes();
  for (uint64_t pair = 0; pair < step.pairs; pair++)
    for (uint64_t i = 0; i < step.count; i++) {
      std::byte* const a = low + scoop_offset(step.count, pair, i) + kHalf;
      std::byte* const b = high + scoop_offset(step.count, step.pairs - 1 - pair, i) + kHalf;
      std::swap_ranges(a, a + kHalf, b);
    }
}

bool exists(FileSystem& files, const std::string& path) { return files.info(path).ok(); }

class InPlace {
 public:
  InPlace(const ConvertRequest& request, const PlotName& name, std::string target,
          FileSystem& files)
      : request_(request),
        name_(name),
        working_(request.source + ".converting"),
        log_path_(request.source + ".swap"),
        target_(std::move(target)),
        folder_(folder_of(request.source)),
        files_(files) {}

  Status run(Progress& progress, const Cancel& cancel) {
    if (exists(files_, target_)) return finish_or_refuse();
    QUARRY_TRY(open());
    QUARRY_TRY(exchange(progress, cancel));
    QUARRY_TRY(files_.rename(working_, target_));
    QUARRY_TRY(files_.sync_folder(folder_));
    return remove_log();
  }

 private:
  Status finish_or_refuse() {
    if (exists(files_, request_.source) || exists(files_, working_))
      return {Code::kExists, target_ + " is there already"};
    if (!exists(files_, log_path_))
      return {Code::kExists,
              request_.source + " is not there but " + target_ + " is: it was converted already"};
    return remove_log();  // all else was done
  }

  Status remove_log() {
    log_.reset();
    QUARRY_TRY(files_.remove(log_path_));
    return files_.sync_folder(folder_);
  }

  // As long as the file has its old name, nothing of it was changed.
  Status open() {
    const bool untouched = exists(files_, request_.source);
    if (untouched && exists(files_, working_))
      return {Code::kExists, working_ + " is there beside " + request_.source +
                                 ": remove the one that is not wanted"};
    const std::string& path = untouched ? request_.source : working_;
    QUARRY_ASSIGN(plot_, files_.open(path, {.write = true}));
    QUARRY_TRY(plot_->lock());
    QUARRY_ASSIGN(const uint64_t size, plot_->size());
    if (size != name_.size_bytes())
      return {Code::kCorrupt, path + " has " + std::to_string(size) + " bytes instead of " +
                                  std::to_string(name_.size_bytes())};
    if (!untouched) {
      QUARRY_ASSIGN(log_, SwapLog::open(files_, log_path_, name_));
      return {};
    }
    const uint64_t side = std::clamp(request_.memory_bytes / 2 / kScoopBytes * kScoopBytes,
                                     kLeastSideBytes, kMostSideBytes);
    QUARRY_ASSIGN(log_, SwapLog::create(files_, log_path_, name_, 2 * side));
    QUARRY_TRY(files_.rename(request_.source, working_));
    return files_.sync_folder(folder_);
  }

  Status exchange(Progress& progress, const Cancel& cancel) {
    const SwapSteps steps(name_.nonces, log_->data_bytes() / 2);
    uint64_t next = 0;
    QUARRY_ASSIGN(const std::optional<SwapLog::Step> last, log_->last());
    if (last) {
      // It may be half done; from what it overwrites it can be done again.
      if (last->number >= steps.size() || last->size_bytes != 2 * steps[last->number].side_bytes())
        return {Code::kCorrupt, log_path_ + " is not the journal of this plot"};
      QUARRY_TRY(overwrite(steps[last->number]));
      next = last->number + 1;
      progress.notice("going on with " + working_);
    }
    PartProgress meter(progress, {.task = "convert",
                                  .unit = "steps",
                                  .done = next,
                                  .total = steps.size(),
                                  .bytes_per_unit = 2 * steps[0].side_bytes(),
                                  .parts = {{.name = folder_, .note = ""}}});
    for (; next < steps.size(); next++) {
      QUARRY_TRY(cancel.status());
      const SwapStep step = steps[next];
      const uint64_t side = step.side_bytes();
      const std::span<std::byte> data = log_->data();
      QUARRY_TRY(plot_->read_at(step.low_offset(name_.nonces), data.first(side)));
      QUARRY_TRY(plot_->read_at(step.high_offset(name_.nonces), data.subspan(side, side)));
      QUARRY_TRY(log_->write({next, 2 * side}));
      QUARRY_TRY(overwrite(step));
      meter.add(0, 1);
    }
    meter.finish();
    return {};
  }

  // The log's data is what the file held before the step.
  Status overwrite(const SwapStep& step) {
    const uint64_t side = step.side_bytes();
    const std::span<std::byte> data = log_->data();
    exchange_second_halves(data, step);
    QUARRY_TRY(plot_->write_at(step.low_offset(name_.nonces), data.first(side)));
    QUARRY_TRY(plot_->write_at(step.high_offset(name_.nonces), data.subspan(side, side)));
    return plot_->sync();
  }

  const ConvertRequest& request_;
  const PlotName name_;
  const std::string working_, log_path_, target_, folder_;
  FileSystem& files_;
  std::unique_ptr<File> plot_;
  std::unique_ptr<SwapLog> log_;
};

}  // namespace

Status convert_in_place(const ConvertRequest& request, const PlotName& name,
                        const std::string& target, FileSystem& files, Progress& progress,
                        const Cancel& cancel) {
  return InPlace(request, name, target, files).run(progress, cancel);
}

}  // namespace quarry
