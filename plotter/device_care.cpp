#include "plotter/device_care.h"

#include <cmath>

#include "plotter/poc2.h"

namespace quarry {

using namespace std::string_literals;

DeviceCare::DeviceCare(const DeviceInfo& info, const PaceOptions& pace,
                       const Pace::Notice& notice) {
  if (info.backend == "cpu") return;
  auto sensors = Sensors::open(info.hardware);
  if (sensors.ok()) {
    sensors_ = *sensors;
    const std::string warning = link_warning(sensors_->read(), "nonces", kNonceBytes);
    if (!warning.empty()) notice(info.id + ": " + warning);
  } else if (pace.temperature_limit_celsius > 0) {
    notice(info.id + ": its temperature is not watched: " + sensors.status().message());
  }
  if (pace.duty_percent >= 100 && pace.temperature_limit_celsius == 0) return;
  Pace::Thermometer thermometer;
  if (sensors_) thermometer = [card = *sensors_] { return card.temperature_celsius(); };
  pace_ = std::make_unique<Pace>(pace, thermometer, [notice, id = info.id](std::string_view text) {
    notice(id + ": " + std::string(text));
  });
}

std::string DeviceCare::note() const {
  if (pace_ != nullptr && pace_->paused()) return "too hot";
  if (!sensors_) return {};
  const Telemetry now = sensors_->read();
  std::string note;
  if (now.temperature_celsius) note = std::to_string(*now.temperature_celsius) + " C";
  if (now.power_watts)
    note += (note.empty() ? "" : ", ") + std::to_string(std::lround(*now.power_watts)) + " W";
  for (const std::string& reason : now.throttle_reasons)
    if (reason.starts_with("temperature")) note += (note.empty() ? "" : ", ") + "slowed by heat"s;
  return note;
}

}  // namespace quarry
