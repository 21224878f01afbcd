// Sensors over the fake NVML (tests/support/fake_nvml.cpp), and what is said of links.
#include "host/telemetry.h"

#include <gtest/gtest.h>

#include <cstdlib>

#include "host/nvml/nvml.h"
#include "host/pace.h"
#include "tests/support/fake_clock.h"

namespace quarry {
namespace {

// Before the library is loaded.
const bool kFake = setenv("QUARRY_NVML_LIBRARY", QUARRY_FAKE_NVML, 1) == 0;
const char* const kCard = "pci:0000:64:00";

class TelemetryTest : public testing::Test {
 protected:
  void TearDown() override {
    for (const char* name : {"FAKE_NVML_INIT_ERROR", "FAKE_NVML_ERROR", "FAKE_NVML_ABSENT",
                             "FAKE_NVML_TEMPERATURES", "FAKE_NVML_LINK", "FAKE_NVML_THROTTLE"})
      unsetenv(name);
  }

  static Telemetry read() {
    auto sensors = Sensors::open(kCard);
    EXPECT_TRUE(sensors.ok()) << sensors.status().message();
    return sensors.ok() ? sensors->read() : Telemetry();
  }
};

TEST_F(TelemetryTest, ReadsEveryValueInItsUnit) {
  const Telemetry t = read();
  EXPECT_EQ(t.temperature_celsius, 50u);
  EXPECT_EQ(t.memory_temperature_celsius, 61u);
  EXPECT_EQ(t.slowdown_celsius, 90u);
  EXPECT_EQ(t.shutdown_celsius, 95u);
  EXPECT_EQ(t.power_watts, 250.5);
  EXPECT_EQ(t.power_limit_watts, 700);
  EXPECT_EQ(t.graphics_clock_mhz, 1980u);
  EXPECT_EQ(t.memory_clock_mhz, 3201u);
  EXPECT_EQ(t.utilisation_percent, 97u);
  EXPECT_EQ(t.throttle_reasons, std::vector<std::string>{"power limit"});
  EXPECT_EQ(t.pcie_generation, 1u);
  EXPECT_EQ(t.pcie_width, 16u);
  EXPECT_EQ(t.max_pcie_generation, 4u);
  EXPECT_EQ(t.max_pcie_width, 16u);
  EXPECT_EQ(t.card_pcie_generation, 4u);
}

TEST_F(TelemetryTest, WhatACardDoesNotHaveIsEmptyAndTheRestIsThere) {
  setenv("FAKE_NVML_ABSENT", "temperature,memory_temperature,power,clocks", 1);
  Telemetry t = read();
  EXPECT_FALSE(t.temperature_celsius || t.memory_temperature_celsius || t.power_watts ||
               t.power_limit_watts || t.graphics_clock_mhz || t.memory_clock_mhz);
  EXPECT_EQ(t.slowdown_celsius, 90u);
  EXPECT_EQ(t.utilisation_percent, 97u);
  EXPECT_EQ(t.pcie_width, 16u);
  setenv("FAKE_NVML_ABSENT", "thresholds,fields,throttle,utilisation,link", 1);
  t = read();
  EXPECT_EQ(t.temperature_celsius, 50u);
  EXPECT_FALSE(t.slowdown_celsius || t.shutdown_celsius || t.memory_temperature_celsius ||
               t.utilisation_percent || t.pcie_generation || t.pcie_width ||
               t.max_pcie_generation || t.max_pcie_width || t.card_pcie_generation);
  EXPECT_TRUE(t.throttle_reasons.empty());
}

TEST_F(TelemetryTest, ACardThatIsLostSaysNothing) {
  auto sensors = Sensors::open(kCard);
  ASSERT_TRUE(sensors.ok());
  setenv("FAKE_NVML_ERROR", "15", 1);
  EXPECT_FALSE(sensors->temperature_celsius());
  const Telemetry t = sensors->read();
  EXPECT_FALSE(t.temperature_celsius || t.power_watts || t.graphics_clock_mhz || t.pcie_width ||
               t.memory_temperature_celsius || t.utilisation_percent);
}

TEST_F(TelemetryTest, AWidthOfZeroIsUnknown) {
  setenv("FAKE_NVML_LINK", "0x0 0x0 0", 1);
  const Telemetry t = read();
  EXPECT_FALSE(t.pcie_generation || t.pcie_width || t.max_pcie_generation || t.max_pcie_width ||
               t.card_pcie_generation);
}

TEST_F(TelemetryTest, ReasonsAreWords) {
  const std::vector<std::string> all = {"idle",
                                        "clocks set by the user",
                                        "power limit",
                                        "hardware slowdown",
                                        "in step with other cards",
                                        "temperature, by the driver",
                                        "temperature, by the hardware",
                                        "power supply",
                                        "clocks of the display",
                                        "a reason unknown to Quarry"};
  for (size_t bit = 0; bit < all.size(); bit++) {
    setenv("FAKE_NVML_THROTTLE", std::to_string(1u << bit).c_str(), 1);
    EXPECT_EQ(read().throttle_reasons, std::vector<std::string>{all[bit]}) << bit;
  }
  setenv("FAKE_NVML_THROTTLE", "0x3ff", 1);
  EXPECT_EQ(read().throttle_reasons, all);
  setenv("FAKE_NVML_THROTTLE", "0", 1);
  EXPECT_TRUE(read().throttle_reasons.empty());
}

TEST_F(TelemetryTest, HardwareWithoutSensorsIsUnsupported) {
  for (const char* hardware : {"", "cpu", "pci:0000:01:00", "pci:0001:64:00", "pci:nonsense"}) {
    const auto sensors = Sensors::open(hardware);
    ASSERT_FALSE(sensors.ok()) << hardware;
    EXPECT_EQ(sensors.status().code(), Code::kUnsupported) << hardware;
  }
  const Status status = Sensors::open("pci:0000:01:00").status();
  for (const char* words : {"0000:01:00", "words of the fake library"})
    EXPECT_NE(status.message().find(words), std::string::npos) << status.message();
}

TEST_F(TelemetryTest, LibrariesThatDoNotWorkAreExplained) {
  const auto refused = [](const char* file, const char* words) {
    const auto library = nvml::load(file);
    ASSERT_FALSE(library.ok()) << file;
    EXPECT_EQ(library.status().code(), Code::kUnsupported);
    EXPECT_NE(library.status().message().find(words), std::string::npos)
        << library.status().message();
  };
  refused("/no/such/library.so", "/no/such/library.so");
  refused("libm.so.6", "libm.so.6 is too old");
  setenv("FAKE_NVML_INIT_ERROR", "9", 1);
  refused(QUARRY_FAKE_NVML, "words of the fake library");
}

Telemetry link(uint32_t generation, uint32_t width, uint32_t max_width, uint32_t card_generation) {
  Telemetry t;
  t.pcie_generation = 1;  // at rest
  t.max_pcie_generation = generation;
  t.pcie_width = width;
  t.max_pcie_width = max_width;
  t.card_pcie_generation = card_generation;
  return t;
}

TEST_F(TelemetryTest, LinksOfARestingCardAreThoseUnderLoad) {
  EXPECT_EQ(link_text(link(4, 16, 16, 4)), "PCIe 4 x16");
  EXPECT_DOUBLE_EQ(link_bytes_per_second(link(4, 16, 16, 4)), 31.52e9);
  EXPECT_DOUBLE_EQ(link_bytes_per_second(link(1, 1, 1, 1)), 0.25e9);
  EXPECT_DOUBLE_EQ(link_bytes_per_second(link(2, 4, 4, 2)), 2e9);
  EXPECT_DOUBLE_EQ(link_bytes_per_second(link(3, 16, 16, 3)), 15.76e9);
  EXPECT_DOUBLE_EQ(link_bytes_per_second(link(5, 16, 16, 5)), 63.04e9);
  EXPECT_DOUBLE_EQ(link_bytes_per_second(link(6, 16, 16, 6)), 63.04e9);  // not known: at least
  EXPECT_EQ(link_warning(link(4, 16, 16, 4), "nonces", 262144), "");
}

TEST_F(TelemetryTest, SlowLinksAreWarnedOf) {
  EXPECT_EQ(link_warning(link(3, 1, 16, 4), "nonces", 262144),
            "PCIe 3 x1 (the card has x16): at most 3757 nonces/s can leave it");
  EXPECT_EQ(link_warning(link(4, 8, 16, 4), "nonces", 262144),
            "PCIe 4 x8 (the card has x16): at most 60119 nonces/s can leave it");
  EXPECT_EQ(link_warning(link(3, 16, 16, 4), "nonces", 262144),
            "PCIe 3 x16 (the card has PCIe 4): at most 60119 nonces/s can leave it");
  // A driver that counts the slot into what is possible.
  EXPECT_EQ(link_warning(link(2, 1, 1, 2), "nonces", 262144),
            "PCIe 2 x1 (a narrow slot or riser): at most 1907 nonces/s can leave it");
  // A card that is made so.
  EXPECT_EQ(link_warning(link(3, 4, 4, 3), "nonces", 262144), "");
}

TEST_F(TelemetryTest, OfUnknownLinksNothingIsSaid) {
  Telemetry t;
  EXPECT_EQ(link_text(t), "");
  EXPECT_EQ(link_warning(t, "nonces", 262144), "");
  t.pcie_generation = 1;
  t.pcie_width = 1;  // of which generation under load?
  t.max_pcie_width = 16;
  EXPECT_EQ(link_text(t), "");
  EXPECT_EQ(link_bytes_per_second(t), 0);
  EXPECT_EQ(link_warning(t, "nonces", 262144), "");
  t.max_pcie_generation = 3;
  t.max_pcie_width.reset();
  EXPECT_NE(link_warning(t, "nonces", 262144), "");
}

// The two together, as plotting uses them.
TEST_F(TelemetryTest, SensorsDriveAPace) {
  setenv("FAKE_NVML_TEMPERATURES", "79,80,x,76,75,74", 1);
  auto opened = Sensors::open(kCard);
  ASSERT_TRUE(opened.ok());
  tests::FakeClock clock;
  Pace pace(
      {.temperature_limit_celsius = 80},
      [sensors = *opened] { return sensors.temperature_celsius(); }, {}, clock);
  const Cancel cancel;
  EXPECT_TRUE(pace.before_launch(cancel).ok());
  EXPECT_EQ(clock.seconds(), 0);
  clock.advance(1);
  EXPECT_TRUE(pace.before_launch(cancel).ok());
  EXPECT_EQ(clock.seconds(), 5);  // a reading at 1 s, and four more
}

}  // namespace
}  // namespace quarry
