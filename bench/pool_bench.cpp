// Google Benchmark: what a pool can take. Nonces computed again by so many threads;
// submissions kept, each durable; submissions that need no nonce.
#include <benchmark/benchmark.h>

#include <atomic>
#include <memory>

#include "host/device.h"
#include "host/scratch_folder.h"
#include "scheduler/pool/device_hits.h"
#include "scheduler/pool/submissions.h"

namespace quarry::pool {
namespace {

constexpr uint64_t kAccount = 1;

// As many ask at a time as there are threads; two compute.
void verify(benchmark::State& state, bool scalar) {
  static std::unique_ptr<Verifier> verifier;  // of the first thread; the loop waits for all
  if (state.thread_index() == 0) {
    VerifierOptions options;
    options.most_waiting = static_cast<size_t>(state.threads());
    if (!scalar) {
      const std::shared_ptr<Device> device = open_device("cpu").value();
      options.engine = device_hits(device).value();
      options.threads = device->info().queues;
      options.batch = best_batch(*device);
    }
    verifier = std::make_unique<Verifier>(std::move(options));
  }
  uint64_t nonce = static_cast<uint64_t>(state.thread_index()) << 32;
  for (auto _ : state) benchmark::DoNotOptimize(verifier->hit({kAccount, nonce++, 7, {}}));
  state.SetItemsProcessed(state.iterations());
  if (state.thread_index() == 0) verifier.reset();
}

// Hits that get better each time, so that each is kept.
void judge(benchmark::State& state, bool needs_nonce) {
  const auto folder = ScratchFolder::make(".");
  if (!folder.ok()) return state.SkipWithError(folder.status().message().c_str());
  auto store = Store::open((*folder)->path() + "/pool.sqlite", 7, 360);
  if (!store.ok()) return state.SkipWithError(store.status().message().c_str());
  std::atomic<uint64_t> hit{uint64_t{1} << 60};
  Verifier verifier({.engine = [&](auto, auto hits) { hits[0] = --hit; }, .threads = 1});
  Submissions submissions(**store, verifier, [](const Round&, const Submission&) {});
  Round round;
  round.height = 1;
  round.base_target = 1000;
  Status status = submissions.begin_round(round, {kAccount});
  Claim claim;
  claim.account_id = kAccount;
  for (auto _ : state) {
    if (status.ok()) status = submissions.judge(claim).status();
    if (!needs_nonce) claim.deadline = UINT64_MAX - 1;
    claim.nonce++;
  }
  if (!status.ok()) state.SkipWithError(status.message().c_str());
  state.SetItemsProcessed(state.iterations());
}

BENCHMARK_CAPTURE(verify, scalar, true)->Threads(4)->UseRealTime()->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(verify, simd, false)->Threads(64)->UseRealTime()->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(judge, kept, true)->UseRealTime();
BENCHMARK_CAPTURE(judge, without_a_nonce, false)->UseRealTime();

}  // namespace
}  // namespace quarry::pool

BENCHMARK_MAIN();
