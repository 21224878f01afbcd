#include "plotter/disk_reader.h"

#include <algorithm>
#include <cstring>

namespace quarry {
namespace {

// The nonces of a file that the block which begins with nonce `first` takes.
uint64_t nonces_of_block(const PlotName& name, uint64_t scoop, uint64_t first) {
  uint64_t room = kScanBlockScoops;
  // All blocks of a PoC2 file but the first one then begin at a multiple of 4096.
  if (!name.is_poc1())
    room -= PlotLayout(name).offset(scoop, first) % kDirectAlignment / kScoopBytes;
  return std::min(room, name.nonces - first);
}

Status not_read(const Status& why, uint64_t missed, const PlotName& name) {
  return why.with_context(std::to_string(missed) + " of " + std::to_string(name.nonces) +
                          " nonces not read");
}

}  // namespace

DiskReader::DiskReader(FileSystem& files, Clock& clock, ScanQueue& queue, Bell& bell)
    : files_(files),
      clock_(clock),
      queue_(queue),
      bell_(bell),
      last_read_(clock.now()),
      thread_([this] { work(); }) {}

DiskReader::~DiskReader() {
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
  }
  changed_.notify_one();
  thread_.join();
}

void DiskReader::set_plots(std::string name, std::vector<PlotFile> plots) {
  const std::lock_guard lock(mutex_);
  name_ = std::move(name);
  plot_count_ = plots.size();
  nonces_ = 0;
  for (const PlotFile& plot : plots) nonces_ += plot.name.nonces;
  new_plots_ = std::move(plots);
}

void DiskReader::start(const ScanJob& job) {
  {
    const std::lock_guard lock(mutex_);
    new_job_ = job;
    started_ = job.number;
    problems_.clear();
    counts_.nonces = 0;
    counts_.bytes = 0;
    seconds_ = 0;
  }
  changed_.notify_one();
}

bool DiskReader::finished() const {
  const std::lock_guard lock(mutex_);
  return finished_ == started_;
}

bool DiskReader::idle() const {
  const std::lock_guard lock(mutex_);
  return idle_;
}

bool DiskReader::hangs() const {
  const std::lock_guard lock(mutex_);
  return hangs_locked();
}

bool DiskReader::hangs_locked() const {
  return reading_since_ && clock_.now() - *reading_since_ >= PlotScanner::kStuckAfter;
}

Status DiskReader::hanging() const {
  const std::lock_guard lock(mutex_);
  return {Code::kIo, name_ + " does not answer: a read of " + reading_ +
                         " does not come back; the disk is left out until it does"};
}

std::vector<Status> DiskReader::take_problems() {
  const std::lock_guard lock(mutex_);
  return std::exchange(problems_, {});
}

void DiskReader::keep_awake(Clock::Duration idle) {
  {
    const std::lock_guard lock(mutex_);
    if (!idle_ || clock_.now() - last_read_ < idle) return;
    shall_touch_ = true;
  }
  changed_.notify_one();
}

ScanDisk DiskReader::info() const {
  const std::lock_guard lock(mutex_);
  return {.name = name_,
          .plots = plot_count_,
          .nonces = nonces_,
          .nonces_scanned = counts_.nonces,
          .bytes_read = counts_.bytes,
          .seconds = seconds_,
          .stuck = hangs_locked()};
}

void DiskReader::work() {
  std::unique_lock lock(mutex_);
  for (;;) {
    idle_ = true;
    changed_.wait(lock, [this] { return stop_ || new_job_ || shall_touch_; });
    if (stop_) return;
    idle_ = false;
    if (new_plots_) plots_ = *std::exchange(new_plots_, {});
    shall_touch_ = false;
    const std::optional<ScanJob> job = std::exchange(new_job_, {});
    lock.unlock();
    if (job)
      read_round(*job);
    else
      (void)read_anything();  // what is wrong with the disk, the next round will say
    lock.lock();
    if (!job) continue;
    finished_ = job->number;
    bell_.ring();
  }
}

// Calls `call`, which asks the disk for something of the file and may not come back.
template <class Call>
auto DiskReader::access(const PlotFile& plot, Call call) {
  {
    const std::lock_guard lock(mutex_);
    reading_ = plot.path;
    reading_since_ = clock_.now();
  }
  auto result = call();
  const std::lock_guard lock(mutex_);
  last_read_ = clock_.now();
  seconds_ += std::chrono::duration<double>(last_read_ - *reading_since_).count();
  reading_since_.reset();
  return result;
}

void DiskReader::read_round(const ScanJob& job) {
  for (const PlotFile& plot : plots_) {
    Status status = read_plot(job, plot);
    if (status.code() == Code::kCancelled) return;
    if (status.ok()) continue;
    const std::lock_guard lock(mutex_);
    if (started_ != job.number) return;
    problems_.push_back(std::move(status));
    bell_.ring();
  }
}

// Files are open only while they are read: a disk can be taken out between rounds,
// and a plot that was deleted gives its space back.
Status DiskReader::read_plot(const ScanJob& job, const PlotFile& plot) {
  const PlotName& name = plot.name;
  const auto reader = access(plot, [&] { return PlotReader::open(files_, plot.path); });
  if (!reader.ok()) return not_read(reader.status(), name.nonces, name);
  Status failure;
  uint64_t missed = 0;
  uint32_t bad_blocks = 0;
  for (uint64_t first = 0; first < name.nonces;) {
    ScanBlock* block = queue_.take_free(job.number);
    if (block == nullptr) return {Code::kCancelled, "the round is over"};
    const uint64_t count = nonces_of_block(name, job.scoop, first);
    block->job = job;
    block->plot = &plot;
    block->first = first;
    block->counts = &counts_;
    block->scoops = block->memory.bytes().first(count * kScoopBytes);
    Status filled = name.is_poc1() ? fill_poc1(*block, **reader) : fill(*block, **reader);
    first += count;
    if (filled.ok()) {
      queue_.put_ready(block);
      continue;
    }
    queue_.give_back(block);
    failure = std::move(filled);
    missed += count;
    if (++bad_blocks < PlotScanner::kMostBadBlocks) continue;
    missed += name.nonces - first;
    break;
  }
  return bad_blocks == 0 ? Status() : not_read(failure, missed, name);
}

// The fill functions read the scoops of a block that says which these are, and how
// many.
Status DiskReader::fill(ScanBlock& block, PlotReader& reader) {
  const uint64_t offset = PlotLayout(block.plot->name).offset(block.job.scoop, block.first);
  QUARRY_ASSIGN(block.scoops, access(*block.plot, [&] {
                  return reader.read(offset, block.scoops.size(), block.memory.bytes());
                }));
  block.bytes_read = block.scoops.size();
  return {};
}

Status DiskReader::fill_poc1(ScanBlock& block, PlotReader& reader) {
  if (memory_.size_bytes() < PlotReader::buffer_bytes(kScanBlockBytes)) {
    QUARRY_ASSIGN(memory_, HostMemory::allocate(PlotReader::buffer_bytes(kScanBlockBytes)));
  }
  const PlotLayout layout(block.plot->name);
  const auto read = [&](uint64_t scoop, const NonceSpan& piece) {
    return access(*block.plot, [&] {
      return reader.read(layout.offset(scoop, piece.first), piece.count * kScoopBytes,
                         memory_.bytes());
    });
  };
  for (const NonceSpan& piece : layout.pieces({block.first, block.scoops.size() / kScoopBytes})) {
    std::byte* target = block.memory.data() + (piece.first - block.first) * kScoopBytes;
    QUARRY_ASSIGN(const std::span<std::byte> scoops, read(block.job.scoop, piece));
    std::memcpy(target, scoops.data(), scoops.size());
    QUARRY_ASSIGN(const std::span<std::byte> mirrored, read(mirror_scoop(block.job.scoop), piece));
    take_second_halves(target, mirrored.data(), piece.count);
  }
  block.bytes_read = 2 * block.scoops.size();
  return {};
}

// A page at a place that no cache holds.
Status DiskReader::read_anything() {
  if (plots_.empty()) return {};
  if (memory_.size_bytes() == 0) {
    QUARRY_ASSIGN(memory_, HostMemory::allocate(PlotReader::buffer_bytes(kDirectAlignment)));
  }
  const auto draw = [this](uint64_t count) {
    return std::uniform_int_distribution<uint64_t>(0, count - 1)(random_);
  };
  const PlotFile& plot = plots_[draw(plots_.size())];
  return access(plot, [&]() -> Status {
    QUARRY_ASSIGN(const auto reader, PlotReader::open(files_, plot.path));
    const uint64_t page = draw(plot.name.size_bytes() / kDirectAlignment);
    return reader->read(page * kDirectAlignment, kDirectAlignment, memory_.bytes()).status();
  });
}

}  // namespace quarry
