#include "bench/probes.h"

#include <algorithm>
#include <chrono>
#include <string_view>
#include <vector>

#include "bench/median.h"
#include "kernels/cuda/probes.h"

namespace quarry::bench {
namespace {

constexpr uint64_t kMiB = uint64_t{1} << 20;
constexpr uint64_t kWindowBytes = 512 * kMiB;  // the largest one
constexpr uint64_t kSlotBytes = PROBE_SLOT_WORDS * 4;
constexpr uint64_t kPartBytes = PROBE_PART_WORDS * 4;
constexpr uint32_t kGroup = 1024;  // as many as a group can have
constexpr uint32_t kWarp = 32;
constexpr double kLongestSeconds = 0.1;
constexpr uint32_t kMostIterations = 1u << 24;

constexpr const char* kRate = "per clock and multiprocessor";
constexpr const char* kClocks = "clocks";
constexpr const char* kBytes = "bytes per clock";
constexpr uint64_t kAlone = PROBE_CHAINS * PROBE_ROUNDS;

constexpr Probe kProbes[] = {
    {"probe/lop3", kRate, "probe/lop3", "probe_lop3", kAlone},
    {"probe/shf", kRate, "probe/lop3", "probe_shf", kAlone},
    {"probe/iadd3", kRate, "probe/lop3", "probe_iadd3", kAlone},
    {"probe/imad", kRate, "probe/lop3", "probe_imad", kAlone},
    {"probe/imad.wide", kRate, "probe/lop3", "probe_imad_wide", kAlone},
    {"probe/shf+lop3", kRate, "probe/lop3", "probe_shf_lop3", 2 * kAlone},
    {"probe/iadd3+lop3", kRate, "probe/lop3", "probe_iadd3_lop3", 2 * kAlone},
    {"probe/imad+lop3", kRate, "probe/lop3", "probe_imad_lop3", 2 * kAlone},
    {"probe/imad.wide+lop3", kRate, "probe/lop3", "probe_imad_wide_lop3", 2 * kAlone},
    {"probe/step", kClocks, "probe/step", "probe_step", PROBE_STEPS},
    {"probe/load.16KiB", kClocks, "probe/load.16KiB", "probe_load", 0, kMiB / 64},
    {"probe/load.4MiB", kClocks, "probe/load.16KiB", "probe_load", 0, 4 * kMiB},
    {"probe/load.32MiB", kClocks, "probe/load.16KiB", "probe_load", 0, 32 * kMiB},
    {"probe/load.512MiB", kClocks, "probe/load.16KiB", "probe_load", 0, 512 * kMiB},
#define WINDOW_OF(mib, suffix, kept_quarters)                                                 \
  {                                                                                           \
    "probe/window." #mib "MiB" suffix, kBytes, "probe/window." #mib "MiB", "probe_window", 0, \
        (mib)*kMiB, kept_quarters                                                             \
  }
#define WINDOW(mib) WINDOW_OF(mib, "", 0), WINDOW_OF(mib, ".half", 2), WINDOW_OF(mib, ".all", 4)
    WINDOW(8),
    WINDOW(16),
    WINDOW(32),
    WINDOW(48),
    WINDOW(64),
    WINDOW(96),
    WINDOW(128),
    WINDOW(256),
#undef WINDOW
#undef WINDOW_OF
};

// One launch: its shape, and the clocks that it took.
struct Shape {
  uint32_t groups = 1;
  uint32_t group_size = kWarp;
  uint32_t items() const { return groups * group_size; }
};

class CudaProber : public Prober {
 public:
  CudaProber(Device& device, double seconds)
      : device_(device), seconds_(std::min(seconds, kLongestSeconds)) {}

  Status open() {
    QUARRY_ASSIGN(queue_, device_.open_queue(Device::kUnpinnedQueue));
    QUARRY_ASSIGN(window_, device_.allocate(kWindowBytes));
    clocks_.resize(uint64_t{whole_device().items()} * PROBE_RESULTS);
    QUARRY_ASSIGN(results_, device_.allocate(clocks_.size() * sizeof(uint64_t)));
    return {};
  }

  Result<double> sample(const Probe& probe, const Cancel& cancel) override {
    const std::string_view kernel = probe.kernel;
    if (kernel == "probe_load") return load(probe, cancel);
    if (kernel == "probe_window") return window(probe, cancel);
    if (kernel == "probe_step") return step(probe, cancel);
    return rate(probe, cancel);
  }

 private:
  // One group for each multiprocessor, and two where they shall all be busy with
  // memory. A device gives each multiprocessor its first group before a second.
  Shape each_multiprocessor() const { return {device_.info().multiprocessors, kGroup}; }
  Shape whole_device() const { return {2 * device_.info().multiprocessors, kGroup}; }

  Status launch(const char* kernel, const Shape& shape, std::span<const Argument> arguments) {
    QUARRY_TRY(queue_->launch(kernel, {.items = shape.items(), .group_size = shape.group_size},
                              arguments));
    return queue_->wait();
  }

  // Calls `once` with twice the iterations until it takes long enough. The last
  // call counts; those before it warm the device. Returns its iterations.
  template <class Once>
  Result<uint32_t> repeat(const Cancel& cancel, const Once& once) {
    for (uint32_t iterations = 1;; iterations *= 2) {
      QUARRY_TRY(cancel.status());
      const auto begin = std::chrono::steady_clock::now();
      QUARRY_TRY(once(iterations));
      const std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - begin;
      if (elapsed.count() >= seconds_ || iterations >= kMostIterations) return iterations;
    }
  }

  // Clocks from the first work item's begin to the last one's end, in one group;
  // the median of the groups, each of which has its multiprocessor's own clock.
  Result<double> clocks_of(const Shape& shape) {
    const auto bytes = std::as_writable_bytes(std::span(clocks_))
                           .first(uint64_t{shape.items()} * PROBE_RESULTS * sizeof(uint64_t));
    QUARRY_TRY(queue_->read(*results_, 0, bytes));
    QUARRY_TRY(queue_->wait());
    std::vector<double> durations;
    for (uint32_t group = 0; group < shape.groups; group++) {
      uint64_t begin = UINT64_MAX, end = 0;
      for (uint32_t i = 0; i < shape.group_size; i++) {
        const uint64_t item = uint64_t{group} * shape.group_size + i;
        begin = std::min(begin, clocks_[item * PROBE_RESULTS]);
        end = std::max(end, clocks_[item * PROBE_RESULTS + 1]);
      }
      durations.push_back(static_cast<double>(end - begin));
    }
    return median(std::move(durations));
  }

  Result<double> rate(const Probe& probe, const Cancel& cancel) {
    const Shape shape = each_multiprocessor();
    QUARRY_ASSIGN(const uint32_t iterations, repeat(cancel, [&](uint32_t count) {
                    return launch(probe.kernel, shape, std::array<Argument, 2>{*results_, count});
                  }));
    QUARRY_ASSIGN(const double clocks, clocks_of(shape));
    const auto all = static_cast<double>(probe.instructions * iterations * shape.group_size);
    return clocks > 0 ? all / clocks : 0;
  }

  Result<double> step(const Probe& probe, const Cancel& cancel) {
    const Shape shape;
    QUARRY_ASSIGN(const uint32_t iterations, repeat(cancel, [&](uint32_t count) {
                    return launch(probe.kernel, shape, std::array<Argument, 2>{*results_, count});
                  }));
    QUARRY_ASSIGN(const double clocks, clocks_of(shape));
    return clocks / static_cast<double>(probe.instructions * iterations);
  }

  Result<double> load(const Probe& probe, const Cancel& cancel) {
    const auto slots = static_cast<uint32_t>(probe.window_bytes / kSlotBytes);
    const Shape shape;
    QUARRY_TRY(
        launch("probe_fill", {slots / kWarp, kWarp}, std::array<Argument, 2>{*window_, slots}));
    uint32_t first = 0;
    QUARRY_ASSIGN(const uint32_t iterations, repeat(cancel, [&](uint32_t count) {
                    // Elsewhere in each launch: a cache shall not know the way.
                    first = (first + slots / 2 + slots / 16) % slots;
                    return launch(probe.kernel, shape,
                                  std::array<Argument, 4>{*results_, *window_, count, first});
                  }));
    QUARRY_ASSIGN(const double clocks, clocks_of(shape));
    return clocks / iterations;
  }

  Result<double> window(const Probe& probe, const Cancel& cancel) {
    const Shape shape = whole_device();
    const auto parts = static_cast<uint32_t>(probe.window_bytes / kPartBytes);
    const uint32_t hints = probe.kept_quarters > 0 ? 1 : 0;
    const uint32_t kept = parts / 4 * probe.kept_quarters;
    QUARRY_ASSIGN(const uint32_t iterations, repeat(cancel, [&](uint32_t count) {
                    return launch(probe.kernel, shape,
                                  std::array<Argument, 7>{*results_, *window_, count, shape.items(),
                                                          parts, hints, kept});
                  }));
    QUARRY_ASSIGN(const double clocks, clocks_of(shape));
    const auto all = static_cast<double>(probe.window_bytes * iterations);
    return clocks > 0 ? all / clocks : 0;
  }

  Device& device_;
  double seconds_;  // of one launch
  std::unique_ptr<Queue> queue_;
  std::unique_ptr<Buffer> window_, results_;
  std::vector<uint64_t> clocks_;
};

}  // namespace

std::span<const Probe> probes() { return kProbes; }

const Probe& reference_of(const Probe& probe) {
  const auto found = std::find_if(
      std::begin(kProbes), std::end(kProbes),
      [&probe](const Probe& other) { return std::string_view(other.name) == probe.reference; });
  return found == std::end(kProbes) ? probe : *found;
}

Result<std::unique_ptr<Prober>> Prober::open(Device& device, double seconds) {
  auto prober = std::make_unique<CudaProber>(device, seconds);
  QUARRY_TRY(prober->open());
  return std::unique_ptr<Prober>(std::move(prober));
}

}  // namespace quarry::bench
