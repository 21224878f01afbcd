// How hard a device may work: not above a temperature, and not more than a share
// of the time. The card's own settings are never touched; what Quarry holds back
// is the next kernel.
//
//   Pace pace({.temperature_limit_celsius = 80},
//             [sensors] { return sensors.temperature_celsius(); },
//             [&progress](std::string_view message) { progress.notice(message); });
//   QUARRY_TRY(pace.before_launch(cancel));
//   ... launch and wait ...
//   pace.after_launch(seconds);
//
// One Pace per device, shared by the threads of all its queues.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <string_view>

#include "base/status.h"
#include "host/cancel.h"
#include "host/clock.h"

namespace quarry {

struct PaceOptions {
  uint32_t duty_percent = 100;             // 1 to 100: share of time in which kernels run
  uint32_t temperature_limit_celsius = 0;  // here work pauses; 0: no limit
  uint32_t resume_below_celsius = 0;       // below this it goes on; 0: 5 below the limit
};

class Pace {
 public:
  // Degrees Celsius now; empty if the sensor does not answer. Called by the
  // launching threads, one at a time, at most once a second.
  using Thermometer = std::function<std::optional<uint32_t>()>;

  // Receives a sentence for the user; must not call the Pace. May be empty.
  using Notice = std::function<void(std::string_view message)>;

  // Without a thermometer (an empty function) there is no limit. The options
  // must be in their ranges, resume_below not above the limit; the clock outlives
  // the Pace. A limit that the card exceeds at rest would pause it for ever.
  Pace(const PaceOptions& options, Thermometer thermometer, Notice notice,
       Clock& clock = real_clock());

  // To be called before each launch: returns when the device may work, after
  // the rest that is due and once it is not too hot. kCancelled within a tenth
  // of a second of a request. A sensor that fails several times in a row is given up, with a
  // notice; work goes on without it.
  Status before_launch(const Cancel& cancel);

  // To be called when a launch has finished that took `seconds` until now.
  // Launches of several queues at the same time count once. Returns at once: the
  // rest is taken before the next launch, where it can be cancelled.
  void after_launch(double seconds);

  // True while the device is too hot, for a display. A rest is not a pause.
  bool paused() const { return paused_.load(std::memory_order_relaxed); }

  static constexpr uint32_t kFailuresToGiveUp = 5;

 private:
  Clock::Duration time_to_wait();
  bool too_hot(Clock::Time now);

  const PaceOptions options_;
  const Notice notice_;
  Clock& clock_;
  std::atomic<bool> paused_{false};

  std::mutex mutex_;
  Thermometer thermometer_;  // empty once given up
  std::optional<Clock::Time> read_at_;
  uint32_t failures_ = 0;
  Clock::Time busy_until_;      // end of the last launch
  Clock::Duration rest_due_{};  // from there on
};

}  // namespace quarry
