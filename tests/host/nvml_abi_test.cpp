// Our declarations of NVML against those of NVIDIA's nvml.h. Compiling it is
// the test.
#include <nvml.h>

#include <cstddef>
#include <type_traits>

#include "host/nvml/nvml.h"

// Newer headers call some getters that every driver has deprecated.
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"

namespace quarry::nvml {

static_assert(sizeof(Card) == sizeof(nvmlDevice_t) && sizeof(Error) == sizeof(nvmlReturn_t));
static_assert(sizeof(TemperatureSensor) == sizeof(nvmlTemperatureSensors_t));
static_assert(sizeof(Threshold) == sizeof(nvmlTemperatureThresholds_t));
static_assert(sizeof(ClockKind) == sizeof(nvmlClockType_t));

#define SAME_NUMBER(ours, theirs) \
  static_assert(static_cast<unsigned long long>(ours) == static_cast<unsigned long long>(theirs))
SAME_NUMBER(kSuccess, NVML_SUCCESS);
SAME_NUMBER(kUninitialized, NVML_ERROR_UNINITIALIZED);
SAME_NUMBER(kInvalidArgument, NVML_ERROR_INVALID_ARGUMENT);
SAME_NUMBER(kNotSupported, NVML_ERROR_NOT_SUPPORTED);
SAME_NUMBER(kNotFound, NVML_ERROR_NOT_FOUND);
SAME_NUMBER(kDriverNotLoaded, NVML_ERROR_DRIVER_NOT_LOADED);
SAME_NUMBER(kGpuIsLost, NVML_ERROR_GPU_IS_LOST);
SAME_NUMBER(kGpuDie, NVML_TEMPERATURE_GPU);
SAME_NUMBER(kShutdown, NVML_TEMPERATURE_THRESHOLD_SHUTDOWN);
SAME_NUMBER(kSlowdown, NVML_TEMPERATURE_THRESHOLD_SLOWDOWN);
SAME_NUMBER(kGraphicsClock, NVML_CLOCK_GRAPHICS);
SAME_NUMBER(kMemoryClock, NVML_CLOCK_MEM);
SAME_NUMBER(kThrottleIdle, nvmlClocksThrottleReasonGpuIdle);
SAME_NUMBER(kThrottleApplicationClocks, nvmlClocksThrottleReasonApplicationsClocksSetting);
SAME_NUMBER(kThrottlePowerCap, nvmlClocksThrottleReasonSwPowerCap);
SAME_NUMBER(kThrottleHardware, nvmlClocksThrottleReasonHwSlowdown);
SAME_NUMBER(kThrottleSyncBoost, nvmlClocksThrottleReasonSyncBoost);
SAME_NUMBER(kThrottleDriverThermal, nvmlClocksThrottleReasonSwThermalSlowdown);
SAME_NUMBER(kThrottleHardwareThermal, nvmlClocksThrottleReasonHwThermalSlowdown);
SAME_NUMBER(kThrottlePowerBrake, nvmlClocksThrottleReasonHwPowerBrakeSlowdown);
SAME_NUMBER(kThrottleDisplayClocks, nvmlClocksThrottleReasonDisplayClockSetting);
SAME_NUMBER(kFieldMemoryTemperature, NVML_FI_DEV_MEMORY_TEMP);
SAME_NUMBER(kValueUnsigned, NVML_VALUE_TYPE_UNSIGNED_INT);

static_assert(sizeof(Utilization) == sizeof(nvmlUtilization_t));
static_assert(offsetof(Utilization, gpu_percent) == offsetof(nvmlUtilization_t, gpu));
static_assert(sizeof(FieldValue) == sizeof(nvmlFieldValue_t));
static_assert(offsetof(FieldValue, field) == offsetof(nvmlFieldValue_t, fieldId));
static_assert(offsetof(FieldValue, type) == offsetof(nvmlFieldValue_t, valueType));
static_assert(offsetof(FieldValue, error) == offsetof(nvmlFieldValue_t, nvmlReturn));
static_assert(offsetof(FieldValue, value) == offsetof(nvmlFieldValue_t, value));

// Each of their parameters as ours would be declared.
template <class T>
struct Ours {
  using Type = T;
};
// clang-format off
template <> struct Ours<nvmlReturn_t> { using Type = Error; };
template <> struct Ours<nvmlDevice_t> { using Type = Card; };
template <> struct Ours<nvmlDevice_t*> { using Type = Card*; };
template <> struct Ours<nvmlTemperatureSensors_t> { using Type = TemperatureSensor; };
template <> struct Ours<nvmlTemperatureThresholds_t> { using Type = Threshold; };
template <> struct Ours<nvmlClockType_t> { using Type = ClockKind; };
template <> struct Ours<nvmlUtilization_t*> { using Type = Utilization*; };
template <> struct Ours<nvmlFieldValue_t*> { using Type = FieldValue*; };
// clang-format on
template <class R, class... P>
struct Ours<R(P...)> {
  using Type = typename Ours<R>::Type(typename Ours<P>::Type...);
};
#define SAME_CALL(ours, theirs) \
  static_assert(std::is_same_v<decltype(Library::ours), Ours<decltype(theirs)>::Type*>)
SAME_CALL(init, nvmlInit_v2);
SAME_CALL(error_string, nvmlErrorString);
SAME_CALL(card_by_bus_id, nvmlDeviceGetHandleByPciBusId_v2);
SAME_CALL(temperature, nvmlDeviceGetTemperature);
SAME_CALL(temperature_threshold, nvmlDeviceGetTemperatureThreshold);
SAME_CALL(field_values, nvmlDeviceGetFieldValues);
SAME_CALL(clock, nvmlDeviceGetClockInfo);
SAME_CALL(throttle_reasons, nvmlDeviceGetCurrentClocksThrottleReasons);
SAME_CALL(utilization, nvmlDeviceGetUtilizationRates);
SAME_CALL(power_milliwatts, nvmlDeviceGetPowerUsage);
SAME_CALL(power_limit_milliwatts, nvmlDeviceGetEnforcedPowerLimit);
SAME_CALL(pcie_generation, nvmlDeviceGetCurrPcieLinkGeneration);
SAME_CALL(pcie_width, nvmlDeviceGetCurrPcieLinkWidth);
SAME_CALL(max_pcie_generation, nvmlDeviceGetMaxPcieLinkGeneration);
SAME_CALL(max_pcie_width, nvmlDeviceGetMaxPcieLinkWidth);
SAME_CALL(card_pcie_generation, nvmlDeviceGetGpuMaxPcieLinkGeneration);

}  // namespace quarry::nvml
