// libnvidia-ml.so.1 without a GPU: the getters that host/nvml/nvml.h names, for
// cards at the places where the fake CUDA driver has its own. A shared library,
// loaded through QUARRY_NVML_LIBRARY.
//
// Faults by environment variables, read at each use:
//   FAKE_NVML_INIT_ERROR    initialising fails with this number
//   FAKE_NVML_ERROR         every getter fails with this number
//   FAKE_NVML_ABSENT        getters that the card does not support, by the names
//                           below: "power,link"
//   FAKE_NVML_TEMPERATURES  what the temperature is at each reading, the last one
//                           from then on; "x" is a failure: "80,85,x,79" (50)
//   FAKE_NVML_LINK          generation and width now, at most, and generation of
//                           the card alone: "1x16 4x16 4" is the default
//   FAKE_NVML_THROTTLE      bits of reasons (4)
#include <array>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>

#include "host/nvml/nvml.h"

using namespace quarry::nvml;  // NOLINT: this file is nothing else

namespace {

constexpr Error kUnknown = static_cast<Error>(999);
constexpr unsigned kFirstBus = 100;  // of fake_cuda.cpp
constexpr unsigned kCards = 3;

std::mutex mutex;
bool initialized = false;
std::string temperatures;         // the script that is being read,
size_t temperature_readings = 0;  // and how far
std::array<char, kCards> cards;   // their addresses are the handles

std::string setting(const char* name, const char* otherwise) {
  const char* text = std::getenv(name);
  return text == nullptr ? otherwise : text;
}

Error error_setting(const char* name) {
  return static_cast<Error>(std::atoi(setting(name, "0").c_str()));
}

// What every getter checks before it answers.
Error check(Card card, std::string_view getter, const void* target) {
  if (!initialized) return kUninitialized;
  const auto* handle = reinterpret_cast<const char*>(card);
  if (handle < cards.begin() || handle >= cards.end() || target == nullptr) return kInvalidArgument;
  const std::string absent = "," + setting("FAKE_NVML_ABSENT", "") + ",";
  if (absent.find("," + std::string(getter) + ",") != std::string::npos) return kNotSupported;
  return error_setting("FAKE_NVML_ERROR");
}

Error answer(Card card, std::string_view getter, unsigned* target, unsigned value) {
  const std::lock_guard lock(mutex);
  if (const Error error = check(card, getter, target); error != kSuccess) return error;
  *target = value;
  return kSuccess;
}

struct Link {
  unsigned generation = 0, width = 0, max_generation = 0, max_width = 0, card_generation = 0;
};

Link link() {
  Link l;
  (void)std::sscanf(setting("FAKE_NVML_LINK", "1x16 4x16 4").c_str(), "%ux%u %ux%u %u",
                    &l.generation, &l.width, &l.max_generation, &l.max_width, &l.card_generation);
  return l;
}

}  // namespace

// NOLINTBEGIN(readability-identifier-naming): the library's names
extern "C" {

Error nvmlInit_v2() {
  const Error error = error_setting("FAKE_NVML_INIT_ERROR");
  initialized = initialized || error == kSuccess;
  return error;
}

const char* nvmlErrorString(Error) { return "words of the fake library"; }

// "domain:bus:device.function" or "domain:bus:device", in hexadecimal digits.
Error nvmlDeviceGetHandleByPciBusId_v2(const char* bus_id, Card* card) {
  if (!initialized) return kUninitialized;
  unsigned domain = 0, bus = 0, device = 0, function = 0;
  if (std::sscanf(bus_id, "%x:%x:%x.%x", &domain, &bus, &device, &function) < 3)
    return kInvalidArgument;
  if (domain != 0 || device != 0 || function != 0 || bus < kFirstBus || bus >= kFirstBus + kCards)
    return kNotFound;
  *card = reinterpret_cast<Card>(&cards[bus - kFirstBus]);
  return kSuccess;
}

Error nvmlDeviceGetTemperature(Card card, TemperatureSensor sensor, unsigned* celsius) {
  const std::lock_guard lock(mutex);
  if (sensor != kGpuDie) return kInvalidArgument;
  if (const Error error = check(card, "temperature", celsius); error != kSuccess) return error;
  const std::string script = setting("FAKE_NVML_TEMPERATURES", "50");
  if (std::exchange(temperatures, script) != script) temperature_readings = 0;
  size_t begin = 0;
  for (size_t i = 0; i < temperature_readings; i++) {
    const size_t comma = script.find(',', begin);
    if (comma == std::string::npos) break;
    begin = comma + 1;
  }
  temperature_readings++;
  if (script[begin] == 'x') return kUnknown;
  *celsius = static_cast<unsigned>(std::atoi(&script[begin]));
  return kSuccess;
}

Error nvmlDeviceGetTemperatureThreshold(Card card, Threshold threshold, unsigned* celsius) {
  return answer(card, "thresholds", celsius, threshold == kSlowdown ? 90 : 95);
}

Error nvmlDeviceGetFieldValues(Card card, int count, FieldValue* values) {
  const std::lock_guard lock(mutex);
  if (const Error error = check(card, "fields", values); error != kSuccess) return error;
  for (int i = 0; i < count; i++) {
    values[i].type = kValueUnsigned;
    values[i].value.number = 12345;  // undefined after a failure, as the real one says
    values[i].error = values[i].field == kFieldMemoryTemperature
                          ? check(card, "memory_temperature", values)
                          : kNotSupported;
    if (values[i].error == kSuccess) values[i].value.number = 61;
  }
  return kSuccess;
}

Error nvmlDeviceGetClockInfo(Card card, ClockKind kind, unsigned* mhz) {
  return answer(card, "clocks", mhz, kind == kGraphicsClock ? 1980 : 3201);
}

Error nvmlDeviceGetCurrentClocksThrottleReasons(Card card, unsigned long long* bits) {
  const std::lock_guard lock(mutex);
  if (const Error error = check(card, "throttle", bits); error != kSuccess) return error;
  *bits = std::strtoull(setting("FAKE_NVML_THROTTLE", "4").c_str(), nullptr, 0);
  return kSuccess;
}

Error nvmlDeviceGetUtilizationRates(Card card, Utilization* utilization) {
  const std::lock_guard lock(mutex);
  if (const Error error = check(card, "utilisation", utilization); error != kSuccess) return error;
  *utilization = {97, 31};
  return kSuccess;
}

Error nvmlDeviceGetPowerUsage(Card card, unsigned* milliwatts) {
  return answer(card, "power", milliwatts, 250500);
}

Error nvmlDeviceGetEnforcedPowerLimit(Card card, unsigned* milliwatts) {
  return answer(card, "power", milliwatts, 700000);
}

Error nvmlDeviceGetCurrPcieLinkGeneration(Card card, unsigned* generation) {
  return answer(card, "link", generation, link().generation);
}

Error nvmlDeviceGetCurrPcieLinkWidth(Card card, unsigned* width) {
  return answer(card, "link", width, link().width);
}

Error nvmlDeviceGetMaxPcieLinkGeneration(Card card, unsigned* generation) {
  return answer(card, "link", generation, link().max_generation);
}

Error nvmlDeviceGetMaxPcieLinkWidth(Card card, unsigned* width) {
  return answer(card, "link", width, link().max_width);
}

Error nvmlDeviceGetGpuMaxPcieLinkGeneration(Card card, unsigned* generation) {
  return answer(card, "link", generation, link().card_generation);
}

}  // extern "C"
// NOLINTEND(readability-identifier-naming)
