// The reading half of a scan: one thread per disk fills blocks with scoops, the
// threads of the devices empty them.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <span>
#include <vector>

#include "base/status.h"
#include "host/cancel.h"
#include "host/file.h"
#include "host/memory.h"
#include "plotter/discover.h"
#include "plotter/plot_reader.h"

namespace quarry {

// Long enough for a spinning disk to stay at its sequential rate, short enough
// to stop promptly.
inline constexpr uint64_t kScanBlockBytes = uint64_t{4} << 20;

// Scoops of neighbouring nonces of one file, in PoC2 form.
struct ScanBlock {
  HostMemory memory;
  std::span<const std::byte> scoops;  // in `memory`
  const PlotFile* plot = nullptr;
  uint64_t first = 0;       // index in the file of the first scoop
  uint64_t bytes_read = 0;  // of the file, for this block
  size_t disk = 0;
};

// Blocks on their way: free -> a reader -> ready -> a scanner -> free. All
// methods may be called from any thread.
class ScanQueue {
 public:
  // kOutOfMemory.
  static Result<std::unique_ptr<ScanQueue>> create(size_t blocks, size_t readers);

  // The memory of every block, so that devices can pin it.
  std::vector<std::span<std::byte>> memories() const;

  // Waits for a block to fill. Null once closed.
  ScanBlock* take_free();
  void put_ready(ScanBlock* block);
  void reader_done();

  // Waits for a block to scan. Null once closed, or when all readers are done
  // and all blocks taken.
  ScanBlock* take_ready();
  void put_free(ScanBlock* block);

  // Ends all waiting, for good.
  void close();

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<ScanBlock> blocks_;
  std::vector<ScanBlock*> free_;
  std::deque<ScanBlock*> ready_;
  size_t readers_ = 0;
  bool closed_ = false;
};

// Reads one scoop number of the files of disk number `disk` into blocks of `queue`.
class ScanReader {
 public:
  ScanReader(FileSystem& files, ScanQueue& queue, uint32_t scoop, size_t disk, const Cancel& cancel)
      : files_(files), queue_(queue), scoop_(scoop), disk_(disk), cancel_(cancel) {}

  // Reads those of `plots` whose numbers are `files`. Returns when all is read, or the scan is
  // cancelled or closed. A Status for each file that could not be read to its end.
  std::vector<Status> run(std::span<const PlotFile> plots, std::span<const size_t> files);

 private:
  Status read_plot(const PlotFile& plot);
  Result<uint64_t> fill(ScanBlock& block, PlotReader& reader, uint64_t first);
  Result<uint64_t> fill_poc1(ScanBlock& block, PlotReader& reader, uint64_t first);

  FileSystem& files_;
  ScanQueue& queue_;
  const uint32_t scoop_;
  const size_t disk_;
  const Cancel& cancel_;
  HostMemory run_;  // one run of a PoC1 file
};

}  // namespace quarry
