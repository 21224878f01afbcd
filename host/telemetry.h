// What a GPU's sensors say: temperature, power, clocks, and the link to the
// host. Sensors only read; nothing in Quarry changes a card's settings.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"

namespace quarry {

namespace nvml {
struct Library;
struct NvmlCardTag;
}  // namespace nvml

// One reading. What the card, its driver or this user's rights do not give
// stays empty.
struct Telemetry {
  std::optional<uint32_t> temperature_celsius;  // of the GPU itself
  std::optional<uint32_t> memory_temperature_celsius;
  std::optional<uint32_t> slowdown_celsius;  // from here on the card slows itself down
  std::optional<uint32_t> shutdown_celsius;  // from here on it turns itself off
  std::optional<double> power_watts;
  std::optional<double> power_limit_watts;
  std::optional<uint32_t> graphics_clock_mhz;
  std::optional<uint32_t> memory_clock_mhz;
  std::optional<uint32_t> utilisation_percent;  // share of time with a kernel, lately

  // Why clocks are lower than they could be, in plain words ("idle", "power
  // limit"). Empty: no reason, or not known.
  std::vector<std::string> throttle_reasons;

  // The link. A card at rest lowers the generation by itself, but not the width:
  // a generation is judged by "max", which is that under load, a width by "now".
  std::optional<uint32_t> pcie_generation;       // now
  std::optional<uint32_t> pcie_width;            // now; lanes
  std::optional<uint32_t> max_pcie_generation;   // of card and slot together
  std::optional<uint32_t> max_pcie_width;        // of card and slot together
  std::optional<uint32_t> card_pcie_generation;  // of the card in the best of slots
};

// The sensors of one card, through NVIDIA's NVML. A small value to be copied at
// will; any thread may call its methods. A call takes up to some milliseconds.
class Sensors {
 public:
  // The card of DeviceInfo::hardware ("pci:0000:01:00"). kUnsupported, with
  // the reason, where there is no NVML or it does not know the card; work goes on
  // without.
  static Result<Sensors> open(std::string_view hardware);

  Telemetry read() const;

  // Telemetry::temperature_celsius alone.
  std::optional<uint32_t> temperature_celsius() const;

 private:
  Sensors(const nvml::Library& library, nvml::NvmlCardTag* card)
      : library_(&library), card_(card) {}

  const nvml::Library* library_;
  nvml::NvmlCardTag* card_;
};

// "PCIe 4 x16": the width now and the generation under load. Empty if either is
// not known.
std::string link_text(const Telemetry& telemetry);

// Bytes per second that such a link carries at most in one direction; 0 if not known.
double link_bytes_per_second(const Telemetry& telemetry);

// Where the link is narrower or slower than the card's own: "PCIe 3 x1 (the card
// has x16): at most 3757 nonces/s can leave it", for the unit "nonces" of 262144
// bytes. Empty if the link is good, or not known.
std::string link_warning(const Telemetry& telemetry, std::string_view unit,
                         uint64_t bytes_per_unit);

}  // namespace quarry
