#include "plotter/scan_devices.h"

#include <gtest/gtest.h>

#include <map>

#include "tests/support/devices.h"
#include "tests/support/fake_device.h"

namespace quarry {
namespace {

// A CPU that goes by the name of another device.
class Renamed : public tests::FakeDevice {
 public:
  Renamed(const std::string& id, uint32_t queues)
      : FakeDevice(tests::open_or_fail("cpu"), {}), renamed_(FakeDevice::info()) {
    renamed_.id = id;
    renamed_.backend = id.substr(0, id.find(':'));
    renamed_.queues = queues;
  }
  const DeviceInfo& info() const override { return renamed_; }

 private:
  DeviceInfo renamed_;
};

std::vector<std::string> kept(const std::vector<std::string>& ids, std::string& words,
                              const std::map<std::string, double>& rates) {
  std::vector<std::unique_ptr<Device>> devices;
  for (const std::string& id : ids) devices.push_back(std::make_unique<Renamed>(id, 2));
  keep_fast_scanners(
      devices, [&](std::string_view text) { words += std::string(text) + "\n"; },
      [&](Device& device) -> Result<double> {
        const auto rate = rates.find(device.info().id);
        if (rate == rates.end()) return Status(Code::kDevice, "no answer");
        return rate->second;
      });
  std::vector<std::string> left;
  for (const auto& device : devices) left.push_back(device->info().id);
  return left;
}

TEST(ScanDevices, OnlyWhatIsFasterThanACoreStays) {
  std::string words;
  const std::vector<std::string> expected = {"cpu", "cuda:0", "opencl:1"};
  EXPECT_EQ(kept({"cpu", "cuda:0", "cuda:1", "opencl:0", "opencl:1"}, words,
                 {{"cpu", 30e6}, {"cuda:0", 800e6}, {"opencl:0", 14e6}, {"opencl:1", 15e6}}),
            expected);
  EXPECT_NE(words.find("cuda:1 does not scan: no answer"), std::string::npos) << words;
  EXPECT_NE(words.find("opencl:0 does not scan: 28.0 million"), std::string::npos) << words;
}

TEST(ScanDevices, WithoutACpuAllStay) {
  std::string words;
  EXPECT_EQ(kept({"cuda:0", "cuda:1"}, words, {{"cuda:0", 1.0}}).size(), 2u);
  EXPECT_EQ(words, "");
}

TEST(ScanDevices, EveryDeviceCanBeMeasured) {
  for (const std::string& id : tests::device_ids()) {
    const auto device = tests::open_or_fail(id);
    const auto rate = measure_scanning(*device);
    ASSERT_TRUE(rate.ok()) << id << ": " << rate.status().message();
    EXPECT_GT(*rate, 0) << id;
  }
}

}  // namespace
}  // namespace quarry
