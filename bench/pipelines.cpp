#include "bench/pipelines.h"

#include <algorithm>
#include <chrono>

#include "host/file.h"
#include "host/memory.h"
#include "host/progress.h"
#include "plotter/plot.h"
#include "plotter/poc2.h"

namespace quarry::bench {
namespace {

constexpr uint64_t kWriteBytes = uint64_t{16} << 20;

double seconds_since(std::chrono::steady_clock::time_point begin) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

Status write_and_sync(File& file, uint64_t bytes, const Cancel& cancel) {
  QUARRY_ASSIGN(HostMemory memory, HostMemory::allocate(kWriteBytes));
  std::fill(memory.bytes().begin(), memory.bytes().end(), std::byte{0x5a});
  QUARRY_TRY(file.allocate(bytes));
  for (uint64_t offset = 0; offset < bytes; offset += kWriteBytes) {
    QUARRY_TRY(cancel.status());
    QUARRY_TRY(file.write_at(offset, memory.bytes().first(std::min(kWriteBytes, bytes - offset))));
  }
  return file.sync();
}

}  // namespace

Result<double> sample_plot_file(const std::string& folder, uint64_t nonces, const Devices& devices,
                                const Cancel& cancel) {
  FileSystem& files = posix_file_system();
  PlotRequest request;
  request.account_id = 1;
  request.nonces = nonces;
  request.folders = {folder};
  QUARRY_ASSIGN(const PlotPlan plan, plan_plot(request, files));
  const auto begin = std::chrono::steady_clock::now();
  QUARRY_ASSIGN(const PlotReport report, run_plot(plan, devices, files, silent_progress(), cancel));
  const double seconds = seconds_since(begin);
  for (const PlotFileReport& file : report.files) QUARRY_TRY(files.remove(file.path));
  return static_cast<double>(nonces) / seconds;
}

Result<double> sample_disk_write(const std::string& folder, uint64_t bytes, const Cancel& cancel) {
  FileSystem& files = posix_file_system();
  const std::string path = folder + "/write-test";
  QUARRY_ASSIGN(const std::unique_ptr<File> file,
                files.open(path, {.write = true, .create = true, .direct = true}));
  const auto begin = std::chrono::steady_clock::now();
  const Status status = write_and_sync(*file, bytes, cancel);
  const double seconds = seconds_since(begin);
  QUARRY_TRY(files.remove(path));
  QUARRY_TRY(status);
  return static_cast<double>(bytes) / seconds;
}

}  // namespace quarry::bench
