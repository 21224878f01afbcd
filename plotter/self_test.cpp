#include "plotter/self_test.h"

#include <algorithm>

#include "base/crc32c.h"
#include "host/memory.h"
#include "plotter/generator.h"
#include "plotter/poc2.h"

namespace quarry {
namespace {

// The plot 10282355196851764065_4294967290_16: its nonces cross 2^32, and its
// id has the top bit set. tests/plotter/self_test_test.cpp holds the CRC-32C
// against the golden file.
constexpr NonceRange kKnownNonces = {UINT64_C(10282355196851764065), UINT64_C(4294967290), 16};
constexpr uint32_t kKnownCrc = 0x5e5ba01a;

Status check_plotting(Device& device) {
  QUARRY_ASSIGN(std::unique_ptr<NonceGenerator> generator,
                NonceGenerator::open(device, Device::kUnpinnedQueue, kKnownNonces.count));
  QUARRY_ASSIGN(HostMemory memory, HostMemory::allocate(kKnownNonces.count * kNonceBytes));
  const ScoopBlock block = {memory.data(), kKnownNonces.count, nullptr};
  const Cancel never;
  for (uint32_t done = 0; done < kKnownNonces.count;) {
    NonceRange part = kKnownNonces;
    part.start += done;
    part.count = std::min(kKnownNonces.count - done, generator->batch_nonces());
    QUARRY_TRY(generator->generate(part, block, done, never));
    done += part.count;
  }
  if (crc32c(memory.bytes()) != kKnownCrc)
    return {Code::kDevice, "it computes plots wrongly; its driver or memory is not to be trusted"};
  return {};
}

}  // namespace

Status self_test(Device& device) {
  return check_plotting(device).with_context("self-test of " + device.info().id + " failed");
}

Result<TestedDevices> open_tested_devices(std::string_view list, const DeviceOptions& options) {
  QUARRY_ASSIGN(const std::vector<std::string> ids, parse_device_list(list, options));
  TestedDevices tested;
  for (const std::string& id : ids) {
    auto device = open_device(id, options);
    Status status = device.status();
    if (device.ok()) status = self_test(**device);
    if (status.ok())
      tested.devices.push_back(std::move(*device));
    else
      tested.failures.push_back(std::move(status));
  }
  if (tested.devices.empty()) return tested.failures.front();
  return tested;
}

}  // namespace quarry
