// The part of NVIDIA's management library (NVML) that Quarry uses, from
// libnvidia-ml.so.1 at run time. Getters only: nothing here can change a card.
//
// Types and numbers are those of nvml.h; tests/host/nvml_abi_test.cpp compares
// them where that header is installed.
#pragma once

#include <cstdint>
#include <string>

#include "base/status.h"

namespace quarry::nvml {

using Card = struct NvmlCardTag*;  // nvmlDevice_t

// nvmlReturn_t.
enum Error : int {
  kSuccess = 0,
  kUninitialized = 1,
  kInvalidArgument = 2,
  kNotSupported = 3,
  kNotFound = 6,
  kDriverNotLoaded = 9,
  kGpuIsLost = 15,
};

enum TemperatureSensor : int { kGpuDie = 0 };                   // nvmlTemperatureSensors_t
enum Threshold : int { kShutdown = 0, kSlowdown = 1 };          // nvmlTemperatureThresholds_t
enum ClockKind : int { kGraphicsClock = 0, kMemoryClock = 2 };  // nvmlClockType_t

// Bits of nvmlDeviceGetCurrentClocksThrottleReasons.
inline constexpr uint64_t kThrottleIdle = 0x1;
inline constexpr uint64_t kThrottleApplicationClocks = 0x2;
inline constexpr uint64_t kThrottlePowerCap = 0x4;
inline constexpr uint64_t kThrottleHardware = 0x8;
inline constexpr uint64_t kThrottleSyncBoost = 0x10;
inline constexpr uint64_t kThrottleDriverThermal = 0x20;
inline constexpr uint64_t kThrottleHardwareThermal = 0x40;
inline constexpr uint64_t kThrottlePowerBrake = 0x80;
inline constexpr uint64_t kThrottleDisplayClocks = 0x100;

// nvmlUtilization_t.
struct Utilization {
  unsigned gpu_percent = 0;
  unsigned memory_percent = 0;
};

inline constexpr unsigned kFieldMemoryTemperature = 82;  // NVML_FI_DEV_MEMORY_TEMP
inline constexpr int kValueUnsigned = 1;                 // NVML_VALUE_TYPE_UNSIGNED_INT

// nvmlFieldValue_t.
struct FieldValue {
  unsigned field = 0;
  unsigned scope = 0;
  long long timestamp_us = 0;
  long long latency_us = 0;
  int type = 0;  // which member of `value` holds
  Error error = kSuccess;
  union {
    double real;
    unsigned number;
  } value = {};
};

// The library's calls, each under the symbol that nvml.cpp names. Any thread
// may use them. Getters that this version of the library lacks are null.
struct Library {
  using Number = Error (*)(Card card, unsigned* value);

  Error (*init)();
  const char* (*error_string)(Error error);
  Error (*card_by_bus_id)(const char* bus_id, Card* card);

  Error (*temperature)(Card card, TemperatureSensor sensor, unsigned* celsius);
  Error (*temperature_threshold)(Card card, Threshold threshold, unsigned* celsius);
  Error (*field_values)(Card card, int count, FieldValue* values);
  Error (*clock)(Card card, ClockKind kind, unsigned* mhz);
  Error (*throttle_reasons)(Card card, unsigned long long* bits);
  Error (*utilization)(Card card, Utilization* utilization);
  Number power_milliwatts;
  Number power_limit_milliwatts;
  Number pcie_generation;
  Number pcie_width;
  Number max_pcie_generation;
  Number max_pcie_width;
  Number card_pcie_generation;
};

// Opens and initialises the library `file`, which then stays open until the
// process ends. kUnsupported says why it cannot be used.
Result<Library> load(const std::string& file);

// The library of this machine, loaded at the first call. QUARRY_NVML_LIBRARY
// names another file (for tests).
const Result<Library>& library();

}  // namespace quarry::nvml
