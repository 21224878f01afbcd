// Google Benchmark: how long a new round takes from the pool to the disk. A pool on this
// machine changes its round; the clock stops at the first read of a plot for it. The
// median of the repetitions is what counts: a miner asks now and then, and a change
// falls anywhere between two questions.
#include <benchmark/benchmark.h>

#include <atomic>
#include <condition_variable>
#include <fstream>
#include <mutex>
#include <random>
#include <thread>

#include "host/http/server.h"
#include "host/scratch_folder.h"
#include "plotter/poc2.h"
#include "scheduler/mining/miner.h"

namespace quarry::mining {
namespace {

constexpr uint64_t kNonces = 64;

// Tells when a file is read.
class WatchedFile : public File {
 public:
  WatchedFile(std::unique_ptr<File> file, std::function<void()> on_read)
      : file_(std::move(file)), on_read_(std::move(on_read)) {}
  Status read_at(uint64_t offset, std::span<std::byte> target) override {
    on_read_();
    return file_->read_at(offset, target);
  }
  Status write_at(uint64_t offset, std::span<const std::byte> source) override {
    return file_->write_at(offset, source);
  }
  Status sync() override { return file_->sync(); }
  Status allocate(uint64_t size_bytes) override { return file_->allocate(size_bytes); }
  Status truncate(uint64_t size_bytes) override { return file_->truncate(size_bytes); }
  Result<uint64_t> size() override { return file_->size(); }
  bool direct() const override { return file_->direct(); }
  Status lock() override { return file_->lock(); }

 private:
  const std::unique_ptr<File> file_;
  const std::function<void()> on_read_;
};

class WatchedFiles : public FileSystem {
 public:
  Result<std::unique_ptr<File>> open(const std::string& path, OpenOptions options) override {
    QUARRY_ASSIGN(auto file, files_.open(path, options));
    return std::unique_ptr<File>(new WatchedFile(std::move(file), [this] { note_read(); }));
  }
  Result<FileInfo> info(const std::string& path) override { return files_.info(path); }
  Result<std::vector<std::string>> list(const std::string& folder) override {
    return files_.list(folder);
  }
  Status rename(const std::string& from, const std::string& to) override {
    return files_.rename(from, to);
  }
  Status rename_to_new(const std::string& from, const std::string& to) override {
    return files_.rename_to_new(from, to);
  }
  Status make_folder(const std::string& path) override { return files_.make_folder(path); }
  Status remove(const std::string& path) override { return files_.remove(path); }
  Status sync_folder(const std::string& folder) override { return files_.sync_folder(folder); }
  Result<SpaceInfo> space(const std::string& folder) override { return files_.space(folder); }

  uint64_t reads() const { return reads_; }
  // Waits for a read after the first `reads`.
  void wait_for_read(uint64_t reads) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return reads_ > reads; });
  }

 private:
  void note_read() {
    {
      const std::lock_guard lock(mutex_);
      reads_++;
    }
    changed_.notify_all();
  }

  FileSystem& files_ = posix_file_system();
  std::mutex mutex_;
  std::condition_variable changed_;
  std::atomic<uint64_t> reads_ = 0;
};

void new_round_to_first_read(benchmark::State& state) {
  const auto folder = ScratchFolder::make(".");
  if (!folder.ok()) return state.SkipWithError(folder.status().message().c_str());
  // What stands in the plot does not matter here.
  std::ofstream((*folder)->path() + "/1_0_" + std::to_string(kNonces))
      << std::string(kNonces * kNonceBytes, 'q');
  std::atomic<uint64_t> height = 1;
  auto server = HttpServer::listen({}, [&](const IncomingRequest& request) {
    const std::string* type = request.parameter("requestType");
    if (type != nullptr && *type == "submitNonce")
      return HttpReply{.body = R"({"result":"success"})"};
    return HttpReply{.body = R"({"generationSignature":")" + std::string(64, 'a') +
                             R"(","baseTarget":"1000","height":)" + std::to_string(height) + "}"};
  });
  if (!server.ok()) return state.SkipWithError(server.status().message().c_str());
  std::vector<std::unique_ptr<Device>> devices;
  devices.push_back(open_device("cpu").value());
  WatchedFiles files;
  const auto http = make_http_client();
  auto scanner = PlotScanner::open({(*folder)->path()}, devices, files, real_clock()).value();
  MinerOptions options;
  options.networks = {{.name = "bench", .pools = {(*server)->url()}}};
  auto miner = Miner::create(std::move(options), *scanner, *http, real_clock(), {}).value();
  Cancel cancel;
  std::thread thread([&] { (void)miner->run(cancel).ok(); });
  files.wait_for_read(0);
  static std::minstd_rand random(20261121);  // goes on from repetition to repetition
  for (auto _ : state) {
    std::this_thread::sleep_for(std::chrono::milliseconds(100 + random() % 60));
    const uint64_t reads = files.reads();
    const auto begin = std::chrono::steady_clock::now();
    height++;
    files.wait_for_read(reads);
    state.SetIterationTime(
        std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count());
  }
  cancel.request();
  thread.join();
}

BENCHMARK(new_round_to_first_read)
    ->UseManualTime()
    ->Unit(benchmark::kMillisecond)
    ->Iterations(1)
    ->Repetitions(41)
    ->ReportAggregatesOnly();

}  // namespace
}  // namespace quarry::mining

BENCHMARK_MAIN();
