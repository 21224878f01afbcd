#include "host/telemetry.h"

#include <algorithm>
#include <array>

#include "host/nvml/nvml.h"

namespace quarry {
namespace {

constexpr std::string_view kPciPrefix = "pci:";

// Calls a getter that may be absent; empty unless it succeeds.
template <class Value = unsigned, class Getter, class... Arguments>
std::optional<Value> get(Getter getter, nvml::Card card, Arguments... arguments) {
  Value value{};
  if (getter == nullptr || getter(card, arguments..., &value) != nvml::kSuccess)
    return std::nullopt;
  return value;
}

// Virtual machines that hide the link say 0.
std::optional<uint32_t> get_link(nvml::Library::Number getter, nvml::Card card) {
  const auto value = get(getter, card);
  return value == 0u ? std::nullopt : value;
}

std::optional<double> get_watts(nvml::Library::Number getter, nvml::Card card) {
  const auto milliwatts = get(getter, card);
  if (!milliwatts) return std::nullopt;
  return *milliwatts / 1000.0;
}

std::optional<uint32_t> get_memory_temperature(const nvml::Library& library, nvml::Card card) {
  nvml::FieldValue field;
  field.field = nvml::kFieldMemoryTemperature;
  if (library.field_values == nullptr || library.field_values(card, 1, &field) != nvml::kSuccess ||
      field.error != nvml::kSuccess || field.type != nvml::kValueUnsigned)
    return std::nullopt;
  return field.value.number;
}

std::vector<std::string> throttle_words(uint64_t bits) {
  struct Reason {
    uint64_t bit;
    const char* words;
  };
  static constexpr Reason kReasons[] = {
      {nvml::kThrottleIdle, "idle"},
      {nvml::kThrottleApplicationClocks, "clocks set by the user"},
      {nvml::kThrottlePowerCap, "power limit"},
      {nvml::kThrottleHardware, "hardware slowdown"},
      {nvml::kThrottleSyncBoost, "in step with other cards"},
      {nvml::kThrottleDriverThermal, "temperature, by the driver"},
      {nvml::kThrottleHardwareThermal, "temperature, by the hardware"},
      {nvml::kThrottlePowerBrake, "power supply"},
      {nvml::kThrottleDisplayClocks, "clocks of the display"},
  };
  std::vector<std::string> words;
  for (const Reason& reason : kReasons) {
    if ((bits & reason.bit) != 0) words.emplace_back(reason.words);
    bits &= ~reason.bit;
  }
  if (bits != 0) words.emplace_back("a reason unknown to Quarry");
  return words;
}

// Generations above the last one that is listed count as that one.
double bytes_per_second_per_lane(uint32_t generation) {
  static constexpr std::array<double, 6> kGigabytes = {0, 0.25, 0.5, 0.985, 1.97, 3.94};
  return 1e9 * kGigabytes[std::min<size_t>(generation, kGigabytes.size() - 1)];
}

// Hardly a GPU is made with fewer lanes than this, so that fewer are the slot's,
// also where the driver counts the slot into what is possible.
constexpr uint32_t kFewestLanesOfAnyCard = 4;

}  // namespace

Result<Sensors> Sensors::open(std::string_view hardware) {
  if (!hardware.starts_with(kPciPrefix))
    return Status(Code::kUnsupported,
                  "no sensors for \"" + std::string(hardware) + "\": not a card on PCI");
  const Result<nvml::Library>& library = nvml::library();
  if (!library.ok()) return library.status();
  // The first function of the card is the GPU.
  const std::string bus_id = std::string(hardware.substr(kPciPrefix.size())) + ".0";
  nvml::Card card = nullptr;
  if (const nvml::Error error = library->card_by_bus_id(bus_id.c_str(), &card);
      error != nvml::kSuccess)
    return Status(Code::kUnsupported, "NVML: card " + bus_id + ": " + library->error_string(error));
  return Sensors(*library, card);
}

std::optional<uint32_t> Sensors::temperature_celsius() const {
  return get(library_->temperature, card_, nvml::kGpuDie);
}

Telemetry Sensors::read() const {
  const nvml::Library& library = *library_;
  const nvml::Card card = card_;
  Telemetry t;
  t.temperature_celsius = temperature_celsius();
  t.memory_temperature_celsius = get_memory_temperature(library, card);
  t.slowdown_celsius = get(library.temperature_threshold, card, nvml::kSlowdown);
  t.shutdown_celsius = get(library.temperature_threshold, card, nvml::kShutdown);
  t.power_watts = get_watts(library.power_milliwatts, card);
  t.power_limit_watts = get_watts(library.power_limit_milliwatts, card);
  t.graphics_clock_mhz = get(library.clock, card, nvml::kGraphicsClock);
  t.memory_clock_mhz = get(library.clock, card, nvml::kMemoryClock);
  if (const auto used = get<nvml::Utilization>(library.utilization, card))
    t.utilisation_percent = used->gpu_percent;
  t.throttle_reasons =
      throttle_words(get<unsigned long long>(library.throttle_reasons, card).value_or(0));
  t.pcie_generation = get_link(library.pcie_generation, card);
  t.pcie_width = get_link(library.pcie_width, card);
  t.max_pcie_generation = get_link(library.max_pcie_generation, card);
  t.max_pcie_width = get_link(library.max_pcie_width, card);
  t.card_pcie_generation = get_link(library.card_pcie_generation, card);
  return t;
}

std::string link_text(const Telemetry& telemetry) {
  if (!telemetry.max_pcie_generation || !telemetry.pcie_width) return "";
  return "PCIe " + std::to_string(*telemetry.max_pcie_generation) + " x" +
         std::to_string(*telemetry.pcie_width);
}

double link_bytes_per_second(const Telemetry& telemetry) {
  if (!telemetry.max_pcie_generation || !telemetry.pcie_width) return 0;
  return bytes_per_second_per_lane(*telemetry.max_pcie_generation) * *telemetry.pcie_width;
}

std::string link_warning(const Telemetry& telemetry, std::string_view unit,
                         uint64_t bytes_per_unit) {
  const double bytes = link_bytes_per_second(telemetry);
  if (bytes == 0) return "";
  const uint32_t card_generation = telemetry.card_pcie_generation.value_or(0);
  const uint32_t max_width = telemetry.max_pcie_width.value_or(0);
  std::string reason;
  if (*telemetry.pcie_width < max_width)
    reason = "the card has x" + std::to_string(max_width);
  else if (*telemetry.max_pcie_generation < card_generation)
    reason = "the card has PCIe " + std::to_string(card_generation);
  else if (*telemetry.pcie_width < kFewestLanesOfAnyCard)
    reason = "a narrow slot or riser";
  else
    return "";
  const auto units = static_cast<uint64_t>(bytes / static_cast<double>(bytes_per_unit));
  return link_text(telemetry) + " (" + reason + "): at most " + std::to_string(units) + " " +
         std::string(unit) + "/s can leave it";
}

}  // namespace quarry
