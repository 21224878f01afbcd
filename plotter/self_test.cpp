#include "plotter/self_test.h"

#include <algorithm>

#include "base/crc32c.h"
#include "host/memory.h"
#include "plotter/generator.h"
#include "plotter/poc2.h"
#include "plotter/scan.h"

namespace quarry {
namespace {

// The plot 10282355196851764065_4294967290_16: its nonces cross 2^32, and its
// id has the top bit set. tests/plotter/self_test_test.cpp holds the CRC-32C
// against the golden file.
constexpr NonceRange kKnownNonces = {UINT64_C(10282355196851764065), UINT64_C(4294967290), 16};
constexpr uint32_t kKnownCrc = 0x5e5ba01a;

// Not a multiple of any number of lanes.
constexpr uint32_t kKnownScoops = 1021;

Status check_plotting(Device& device, HostMemory& memory) {
  QUARRY_ASSIGN(std::unique_ptr<NonceGenerator> generator,
                NonceGenerator::open(device, {.queue_index = Device::kUnpinnedQueue,
                                              .slot_nonces = kKnownNonces.count}));
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

// Scans all scoops of the known nonces, as if they were scoops of one number,
// and compares with what plain scalar code finds.
Status check_scanning(Device& device, const HostMemory& memory) {
  Round round;
  round.generation_signature.fill(std::byte{0x5a});
  round.base_target = 1;
  const auto scoops = memory.bytes().first(kKnownScoops * kScoopBytes);
  ScoopScanner::Best expected;
  for (uint64_t i = 0; i < kKnownScoops; i++) {
    const uint64_t hit = hit_of(round, scoops.subspan(i * kScoopBytes).first<kScoopBytes>());
    if (hit < expected.hit) expected = {hit, i};
  }
  QUARRY_ASSIGN(std::unique_ptr<ScoopScanner> scanner,
                ScoopScanner::open(device, Device::kUnpinnedQueue, kKnownScoops));
  QUARRY_ASSIGN(const ScoopScanner::Best best, scanner->scan(round, scoops));
  if (best.hit != expected.hit || best.index != expected.index)
    return {Code::kDevice,
            "it finds the wrong deadline; its driver or memory is not to be trusted"};
  return {};
}

Status check(Device& device) {
  QUARRY_ASSIGN(HostMemory memory, HostMemory::allocate(kKnownNonces.count * kNonceBytes));
  QUARRY_TRY(check_plotting(device, memory));
  return check_scanning(device, memory);
}

}  // namespace

Status self_test(Device& device) {
  return check(device).with_context("self-test of " + device.info().id + " failed");
}

Result<TestedDevices> open_tested_devices(std::string_view list, const DeviceOptions& options,
                                          OpenDevice open) {
  QUARRY_ASSIGN(const std::vector<std::string> ids, parse_device_list(list, options));
  TestedDevices tested;
  for (const std::string& id : ids) {
    auto device = open(id, options);
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
