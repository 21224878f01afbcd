// What tests that run on every device of the machine share.
#pragma once

#include <gtest/gtest.h>

#include <cctype>
#include <cstdlib>
#include <random>
#include <string>
#include <vector>

#include "host/cpu/kernel_set.h"
#include "host/device.h"
#include "host/isolated/isolated_device.h"

namespace quarry::tests {

// Ids of all CPU kernel sets that this machine runs, and of every other device.
inline std::vector<std::string> device_ids() {
  std::vector<std::string> ids;
  for (const CpuKernelSet* const* set = kCpuKernelSets; *set != nullptr; set++)
    if ((*set)->supported()) ids.push_back(std::string("cpu:") + (*set)->name);
  for (const DeviceInfo& info : list_devices())
    if (info.backend != "cpu") ids.push_back(info.id);
  return ids;
}

// The same devices, each in a process of its own.
inline constexpr std::string_view kIsolated = "isolated:";
inline std::vector<std::string> isolated_device_ids() {
  std::vector<std::string> ids = device_ids();
  for (std::string& id : ids) id.insert(0, kIsolated);
  return ids;
}

// "opencl:0" as a test's name.
inline std::string device_test_name(const testing::TestParamInfo<std::string>& info) {
  std::string name = info.param;
  for (char& c : name)
    if (!std::isalnum(static_cast<unsigned char>(c))) c = '_';
  return name;
}

// Another one in every run; QUARRY_TEST_SEED repeats a run.
inline uint64_t random_seed() {
  const char* text = std::getenv("QUARRY_TEST_SEED");
  return text != nullptr ? std::strtoull(text, nullptr, 10) : std::random_device{}();
}

// Opens an id of open_device(), or one of isolated_device_ids().
inline Result<std::unique_ptr<Device>> open_any(const std::string& id) {
#if defined(QUARRY_TEST_DEVICE_SERVER)
  if (id.starts_with(kIsolated))
    return open_isolated(id.substr(kIsolated.size()), {},
                         {.program = QUARRY_TEST_DEVICE_SERVER, .arguments = {}});
#endif
  return open_device(id);
}

inline std::unique_ptr<Device> open_or_fail(const std::string& id) {
  auto device = open_any(id);
  EXPECT_TRUE(device.ok()) << device.status().message();
  return device.ok() ? std::move(device).value() : nullptr;
}

inline std::unique_ptr<Buffer> allocate_or_fail(Device& device, uint64_t size_bytes) {
  auto buffer = device.allocate(size_bytes);
  EXPECT_TRUE(buffer.ok()) << buffer.status().message();
  return buffer.ok() ? std::move(buffer).value() : nullptr;
}

inline std::unique_ptr<Queue> queue_or_fail(Device& device, uint32_t index = 0) {
  auto queue = device.open_queue(index);
  EXPECT_TRUE(queue.ok()) << queue.status().message();
  return queue.ok() ? std::move(queue).value() : nullptr;
}

#define ASSERT_STATUS_OK(expression)                                       \
  do {                                                                     \
    const ::quarry::Status status_ = (expression);                         \
    ASSERT_TRUE(status_.ok()) << #expression << ": " << status_.message(); \
  } while (0)

}  // namespace quarry::tests
