// From a request to files and pools, without writing anything.
#include <algorithm>
#include <map>

#include "host/cpu/topology.h"
#include "plotter/journal.h"
#include "plotter/plot.h"
#include "plotter/poc2.h"

namespace quarry {
namespace {

// A pool of this many nonces costs 0.8 % for its check, and its extents of
// 128 KiB are long enough for flash.
constexpr uint64_t kSmallPool = 2048;
// Longer extents than 1 MiB gain nothing on flash; on a spinning disk they do.
constexpr uint64_t kFlashPool = 16384;
// The last pool of a file is written while nothing is computed; but the shorter
// the extents, the more the file system works for each byte.
constexpr uint64_t kPoolsPerFile = 32;
// What a file system needs for itself and the journal, when a disk is filled.
constexpr uint64_t kSpareBytes = uint64_t{64} << 20;

constexpr std::string_view kPlottingSuffix = ".plotting";

uint64_t round_down(uint64_t value, uint64_t unit) { return value / unit * unit; }

std::string mebibytes(uint64_t bytes) {
  return std::to_string((bytes + (1 << 20) - 1) >> 20) + " MiB";
}

std::string without_trailing_slash(std::string folder) {
  while (folder.size() > 1 && folder.back() == '/') folder.pop_back();
  return folder;
}

// Equal parts, multiples of a block where there are enough nonces for it.
std::vector<uint64_t> share_out(uint64_t nonces, size_t folders) {
  const uint64_t unit = nonces >= kNoncesPerBlock * folders ? kNoncesPerBlock : 1;
  const uint64_t units = nonces / unit;
  std::vector<uint64_t> shares;
  for (size_t i = 0; i < folders; i++)
    shares.push_back((units / folders + (i < units % folders ? 1 : 0)) * unit);
  shares.back() += nonces % unit;
  return shares;
}

// Reads the journal, if there is one that fits, for how far the file is.
uint64_t nonces_done(const PlotTarget& target, FileSystem& files) {
  auto info = files.info(target.journal_path());
  if (!info.ok() || info->size_bytes == 0 || info->size_bytes > (uint64_t{1} << 30)) return 0;
  auto file = files.open(target.journal_path(), {});
  if (!file.ok()) return 0;
  std::vector<std::byte> bytes(info->size_bytes);
  if (!(*file)->read_at(0, bytes).ok()) return 0;
  auto journal = parse_journal(bytes);
  if (!journal.ok() || journal->name != target.name) return 0;
  uint64_t open = 0;
  for (const NonceSpan& span : uncovered(target.name.nonces, journal->records)) open += span.count;
  return target.name.nonces - open;
}

// Files of one account in a folder: finished and unfinished.
struct Existing {
  std::vector<PlotName> finished;
  std::vector<PlotName> unfinished;
};

Result<Existing> find_existing(const std::string& folder, uint64_t account_id, FileSystem& files) {
  Existing existing;
  QUARRY_ASSIGN(const std::vector<std::string> names, files.list(folder));
  for (std::string_view text : names) {
    const bool unfinished = text.ends_with(kPlottingSuffix);
    if (unfinished) text.remove_suffix(kPlottingSuffix.size());
    auto name = parse_plot_name(text);
    if (!name.ok() || name->account_id != account_id || name->is_poc1()) continue;
    (unfinished ? existing.unfinished : existing.finished).push_back(*name);
  }
  return existing;
}

class Planner {
 public:
  Planner(const PlotRequest& request, FileSystem& files) : request_(request), files_(files) {}

  Result<PlotPlan> plan() {
    plan_.account_id = request_.account_id;
    plan_.verify_percent = request_.verify_percent;
    QUARRY_TRY(check_folders());
    QUARRY_TRY(request_.fill ? fill_targets() : share_targets());
    QUARRY_TRY(warn_of_overlap());
    QUARRY_TRY(check_space());
    QUARRY_TRY(size_pools());
    return std::move(plan_);
  }

 private:
  Status check_folders() {
    if (request_.folders.empty())
      return {Code::kInvalidArgument, "no folder to write to; name one with --out"};
    for (const std::string& given : request_.folders) {
      const std::string folder = without_trailing_slash(given);
      auto info = files_.info(folder);
      if (!info.ok() || !info->is_directory)
        return {Code::kNotFound,
                "there is no folder " + folder + "; create it, or mount the disk first"};
      if (std::find(folders_.begin(), folders_.end(), folder) != folders_.end())
        return {Code::kInvalidArgument, "folder " + folder + " is named twice"};
      folders_.push_back(folder);
    }
    return {};
  }

  void add_target(const std::string& folder, uint64_t start, uint64_t nonces) {
    PlotTarget target = {folder, {request_.account_id, start, nonces, 0}, 0};
    target.done_nonces = nonces_done(target, files_);
    if (files_.info(target.plotting_path()).ok())
      plan_.notices.push_back("continuing " + target.plotting_path() + ": " +
                              std::to_string(target.done_nonces) + " of " + std::to_string(nonces) +
                              " nonces are on the disk");
    plan_.targets.push_back(std::move(target));
  }

  Status share_targets() {
    if (!valid_nonce_range(request_.start, request_.nonces))
      return {Code::kInvalidArgument, request_.nonces == 0
                                          ? "--nonces must be at least 1"
                                          : "nonces from " + std::to_string(request_.start) +
                                                " on, " + std::to_string(request_.nonces) +
                                                " of them, pass the last one, 2^64 - 1"};
    if (request_.nonces < folders_.size())
      return {Code::kInvalidArgument, "fewer nonces than folders; name fewer folders"};
    if (request_.nonces > static_cast<uint64_t>(INT64_MAX) / kNonceBytes)
      return {Code::kInvalidArgument, std::to_string(request_.nonces) +
                                          " nonces are more than a file system can hold; "
                                          "the most is " +
                                          std::to_string(INT64_MAX / kNonceBytes)};
    const std::vector<uint64_t> shares = share_out(request_.nonces, folders_.size());
    uint64_t start = request_.start;
    std::string finished;
    for (size_t i = 0; i < folders_.size(); i++) {
      const PlotTarget target = {folders_[i], {request_.account_id, start, shares[i], 0}, 0};
      if (auto info = files_.info(target.final_path()); info.ok()) {
        if (info->size_bytes != target.name.size_bytes())
          return {Code::kExists, target.final_path() +
                                     " exists, but has the wrong size for its name; remove it or "
                                     "choose another --start"};
        finished += (finished.empty() ? "" : ", ") + target.final_path();
        plan_.notices.push_back(target.final_path() + " is finished already");
      } else {
        add_target(folders_[i], start, shares[i]);
      }
      start += shares[i];
    }
    if (plan_.targets.empty())
      return {Code::kExists,
              finished + " is plotted already; choose another --start, or remove it first"};
    return {};
  }

  Status fill_targets() {
    // New files begin behind everything that these folders hold of the account.
    uint64_t start = request_.start;
    std::vector<Existing> existing;
    for (const std::string& folder : folders_) {
      QUARRY_ASSIGN(Existing found, find_existing(folder, request_.account_id, files_));
      for (const auto* names : {&found.finished, &found.unfinished})
        for (const PlotName& name : *names) start = std::max(start, name.start + name.nonces);
      existing.push_back(std::move(found));
    }
    std::map<uint64_t, uint64_t> folders_on_device;
    for (size_t i = 0; i < folders_.size(); i++) {
      QUARRY_ASSIGN(const SpaceInfo space, files_.space(folders_[i]));
      if (existing[i].unfinished.empty()) folders_on_device[space.device]++;
    }
    for (size_t i = 0; i < folders_.size(); i++) {
      if (!existing[i].unfinished.empty()) {
        const PlotName& name = existing[i].unfinished.front();
        add_target(folders_[i], name.start, name.nonces);
        continue;
      }
      QUARRY_ASSIGN(const SpaceInfo space, files_.space(folders_[i]));
      const uint64_t usable = space.free_bytes - std::min(space.free_bytes, kSpareBytes);
      const uint64_t nonces =
          round_down(usable / folders_on_device[space.device] / kNonceBytes, kNoncesPerBlock);
      if (nonces == 0) {
        plan_.notices.push_back(folders_[i] + " is full");
        continue;
      }
      if (!valid_nonce_range(start, nonces))
        return {Code::kInvalidArgument, "the account's nonces up to 2^64 - 1 are used up"};
      add_target(folders_[i], start, nonces);
      start += nonces;
    }
    if (plan_.targets.empty())
      return {Code::kNoSpace, "no folder has room for 64 nonces (16 MiB and a reserve of " +
                                  mebibytes(kSpareBytes) + "); free some space"};
    return {};
  }

  Status warn_of_overlap() {
    for (const PlotTarget& target : plan_.targets) {
      QUARRY_ASSIGN(const Existing existing,
                    find_existing(target.folder, request_.account_id, files_));
      for (const PlotName& other : existing.finished)
        if (other.start - target.name.start < target.name.nonces ||
            target.name.start - other.start < other.nonces)
          plan_.notices.push_back(format_plot_name(target.name) + " repeats nonces of " +
                                  format_plot_name(other) +
                                  "; repeated nonces never win anything twice");
    }
    return {};
  }

  Status check_space() {
    struct Need {
      uint64_t bytes = 0;
      SpaceInfo space;
      std::string folder;
    };
    std::map<uint64_t, Need> needs;
    for (const PlotTarget& target : plan_.targets) {
      QUARRY_ASSIGN(const SpaceInfo space, files_.space(target.folder));
      Need& need = needs[space.device];
      need.space = space;
      need.folder = target.folder;
      uint64_t reserved = 0;
      if (auto info = files_.info(target.plotting_path()); info.ok())
        reserved = info->allocated_bytes;
      const uint64_t size = target.name.size_bytes();
      need.bytes += size - std::min(size, reserved);
    }
    for (const auto& [device, need] : needs)
      if (need.bytes > need.space.free_bytes)
        return {Code::kNoSpace, "not enough space in " + need.folder + ": " +
                                    mebibytes(need.bytes) + " are needed, " +
                                    mebibytes(need.space.free_bytes) +
                                    " are free; plot fewer nonces, or use --fill"};
    return {};
  }

  Status size_pools() {
    uint64_t largest = 0;
    bool rotational = false, blocks = request_.direct;
    for (const PlotTarget& target : plan_.targets) {
      largest = std::max(largest, target.name.nonces);
      QUARRY_ASSIGN(const SpaceInfo space, files_.space(target.folder));
      rotational = rotational || space.rotational;
      blocks = blocks && target.name.nonces % kNoncesPerBlock == 0;
    }
    plan_.direct = blocks;
    if (request_.direct && !blocks)
      plan_.notices.emplace_back(
          "a file whose nonces are no multiple of 64 is written through the page cache");
    plan_.pool_count = plan_.targets.size() + 1;
    const uint64_t available = available_memory_bytes();
    const uint64_t memory = request_.memory_bytes > 0 ? request_.memory_bytes : available / 2;
    const uint64_t smallest_pool = std::min(kNoncesPerBlock, largest);
    const uint64_t smallest = plan_.pool_count * smallest_pool * kNonceBytes;
    if (memory < smallest)
      return {Code::kInvalidArgument, "--memory " + mebibytes(memory) +
                                          " is too small: " + mebibytes(smallest) +
                                          " are needed for " + std::to_string(plan_.pool_count) +
                                          " pools of " + std::to_string(smallest_pool) + " nonces"};
    if (memory > available)
      return {Code::kInvalidArgument, "--memory " + mebibytes(memory) + " is more than the " +
                                          mebibytes(available) + " that are free"};
    uint64_t useful = std::max(kSmallPool, largest / kPoolsPerFile);
    if (!rotational) useful = std::min(useful, kFlashPool);
    uint64_t nonces = std::min({memory / plan_.pool_count / kNonceBytes, useful, largest});
    if (nonces > kNoncesPerBlock) nonces = round_down(nonces, kNoncesPerBlock);
    plan_.pool_nonces = std::max(nonces, smallest_pool);
    plan_.most_pool_nonces = std::min(std::max(useful, smallest_pool), largest);
    plan_.memory_bytes = memory;
    return {};
  }

  const PlotRequest& request_;
  FileSystem& files_;
  std::vector<std::string> folders_;
  PlotPlan plan_;
};

}  // namespace

void fit_pools(PlotPlan& plan, uint64_t wave_nonces) {
  uint64_t largest = 0;
  for (const PlotTarget& target : plan.targets) largest = std::max(largest, target.name.nonces);
  // Pools of odd sizes would cost direct I/O.
  if (wave_nonces == 0 || wave_nonces % kNoncesPerBlock != 0) return;
  const uint64_t room = plan.memory_bytes / plan.pool_count / kNonceBytes;
  const uint64_t up = (plan.pool_nonces + wave_nonces - 1) / wave_nonces * wave_nonces;
  const uint64_t down = plan.pool_nonces / wave_nonces * wave_nonces;
  if (up <= std::min(room, largest))
    plan.pool_nonces = up;
  else if (down > 0)
    plan.pool_nonces = down;
}

Result<PlotPlan> plan_plot(const PlotRequest& request, FileSystem& files) {
  return Planner(request, files).plan();
}

}  // namespace quarry
