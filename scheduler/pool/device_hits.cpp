#include "scheduler/pool/device_hits.h"

#include <algorithm>
#include <condition_variable>
#include <map>
#include <mutex>
#include <vector>

#include "host/cancel.h"
#include "plotter/nonce_checker.h"

namespace quarry::pool {
namespace {

using Checkers = std::vector<std::unique_ptr<NonceChecker>>;

class DeviceHits {
 public:
  DeviceHits(std::shared_ptr<Device> device, Checkers checkers)
      : device_(std::move(device)), free_(std::move(checkers)) {}

  void compute(std::span<const NonceQuestion> questions, std::span<uint64_t> hits) {
    std::unique_ptr<NonceChecker> checker = take();
    // Nearly always one round, and so one scoop, is asked for.
    std::map<uint32_t, std::vector<size_t>> by_scoop;
    for (size_t i = 0; i < questions.size(); i++) by_scoop[questions[i].scoop].push_back(i);
    for (const auto& [scoop, places] : by_scoop)
      for (size_t first = 0; first < places.size(); first += checker->batch()) {
        const size_t count = std::min<size_t>(places.size() - first, checker->batch());
        compute(*checker, std::span(places).subspan(first, count), questions, hits);
      }
    give_back(std::move(checker));
  }

 private:
  // Questions number `places`, all about one scoop number.
  static void compute(NonceChecker& checker, std::span<const size_t> places,
                      std::span<const NonceQuestion> questions, std::span<uint64_t> hits) {
    std::vector<NonceOfAccount> nonces;
    for (const size_t i : places) nonces.push_back({questions[i].account_id, questions[i].nonce});
    std::vector<Scoop> scoops(nonces.size());
    const Status status = checker.compute(nonces, questions[places[0]].scoop, scoops, Cancel());
    for (size_t k = 0; k < places.size(); k++) {
      const size_t i = places[k];
      if (status.ok())
        hits[i] = signum::scoop_hit(questions[i].generation_signature, scoops[k]);
      else
        scalar_hits(questions.subspan(i, 1), hits.subspan(i, 1));
    }
  }

  std::unique_ptr<NonceChecker> take() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return !free_.empty(); });
    std::unique_ptr<NonceChecker> checker = std::move(free_.back());
    free_.pop_back();
    return checker;
  }

  void give_back(std::unique_ptr<NonceChecker> checker) {
    {
      const std::lock_guard lock(mutex_);
      free_.push_back(std::move(checker));
    }
    changed_.notify_one();
  }

  const std::shared_ptr<Device> device_;  // outlives the checkers
  std::mutex mutex_;
  std::condition_variable changed_;
  Checkers free_;
};

}  // namespace

uint32_t best_batch(const Device& device) { return device.info().interleave; }

Result<HitEngine> device_hits(std::shared_ptr<Device> device) {
  Checkers checkers;
  for (uint32_t i = 0; i < device->info().queues; i++) {
    // Not pinned: whoever opens a queue of a CPU would be, and all threads that it makes.
    QUARRY_ASSIGN(auto checker,
                  NonceChecker::open(*device, Device::kUnpinnedQueue, best_batch(*device)));
    checkers.push_back(std::move(checker));
  }
  auto hits = std::make_shared<DeviceHits>(std::move(device), std::move(checkers));
  return HitEngine([hits](std::span<const NonceQuestion> questions, std::span<uint64_t> answers) {
    hits->compute(questions, answers);
  });
}

}  // namespace quarry::pool
