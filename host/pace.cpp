#include "host/pace.h"

#include <algorithm>
#include <string>
#include <utility>

namespace quarry {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr Clock::Duration kReadInterval = seconds(1);
// A wait is cut into steps of this, so that a request to stop is soon seen.
constexpr Clock::Duration kStep = milliseconds(100);
constexpr uint32_t kHysteresisCelsius = 5;

PaceOptions completed(PaceOptions options) {
  QUARRY_CHECK(options.duty_percent >= 1 && options.duty_percent <= 100);
  const uint32_t limit = options.temperature_limit_celsius;
  QUARRY_CHECK(options.resume_below_celsius <= limit);
  if (options.resume_below_celsius == 0)
    options.resume_below_celsius = limit - std::min(limit, kHysteresisCelsius);
  return options;
}

}  // namespace

Pace::Pace(const PaceOptions& options, Thermometer thermometer, Notice notice, Clock& clock)
    : options_(completed(options)),
      notice_(std::move(notice)),
      clock_(clock),
      busy_until_(clock.now()) {
  if (options_.temperature_limit_celsius > 0) thermometer_ = std::move(thermometer);
}

Status Pace::before_launch(const Cancel& cancel) {
  while (true) {
    QUARRY_TRY(cancel.status());
    const Clock::Duration wait = time_to_wait();
    if (wait <= Clock::Duration::zero()) return {};
    clock_.sleep_for(std::min(wait, kStep));
  }
}

Clock::Duration Pace::time_to_wait() {
  const std::lock_guard lock(mutex_);
  const Clock::Time now = clock_.now();
  const Clock::Duration rest = busy_until_ + rest_due_ - now;
  return too_hot(now) ? std::max(rest, kStep) : rest;
}

bool Pace::too_hot(Clock::Time now) {
  if (!thermometer_) return false;
  if (read_at_ && now - *read_at_ < kReadInterval) return paused_;
  read_at_ = now;
  if (const auto celsius = thermometer_()) {
    failures_ = 0;
    paused_ =
        *celsius >= (paused_ ? options_.resume_below_celsius : options_.temperature_limit_celsius);
  } else if (++failures_ == kFailuresToGiveUp) {
    thermometer_ = nullptr;
    paused_ = false;
    if (notice_)
      notice_("the temperature cannot be read any more; going on without the limit of " +
              std::to_string(options_.temperature_limit_celsius) + " C");
  }
  return paused_;
}

// Time in which any launch ran asks for rest; time in which none ran is rest.
void Pace::after_launch(double seconds) {
  const std::lock_guard lock(mutex_);
  if (options_.duty_percent == 100) return;
  const Clock::Time now = clock_.now();
  const auto took = std::chrono::duration_cast<Clock::Duration>(
      std::chrono::duration<double>(std::max(seconds, 0.0)));
  const Clock::Time begin = std::max(now - took, busy_until_);
  rest_due_ = std::max(rest_due_ - (begin - busy_until_), Clock::Duration::zero());
  rest_due_ += (now - begin) * (100 - options_.duty_percent) / options_.duty_percent;
  busy_until_ = now;
}

}  // namespace quarry
