// Small plots for tests, and what PoC1 files of them look like.
#pragma once

#include <gtest/gtest.h>

#include <cstring>
#include <fstream>
#include <span>
#include <string>
#include <vector>

#include "host/memory.h"
#include "plotter/generator.h"
#include "plotter/poc2.h"
#include "tests/reference/poc2_reference.h"
#include "tests/support/sha256.h"
#include "tests/support/temp_folder.h"

namespace quarry::tests {

using Bytes = std::vector<std::byte>;

// The PoC2 file of these nonces, by the CPU.
inline Bytes make_plot(uint64_t account_id, uint64_t start, uint32_t nonces) {
  auto device = open_device("cpu");
  auto generator = NonceGenerator::open(
      **device, {.queue_index = Device::kUnpinnedQueue, .slot_nonces = nonces});
  Bytes plot(nonces * kNonceBytes);
  const Cancel cancel;
  for (uint32_t done = 0; done < nonces;) {
    NonceRange range;
    range.account_id = account_id;
    range.start = start + done;
    range.count = std::min(nonces - done, (*generator)->batch_nonces());
    const Status status =
        (*generator)->generate(range, {plot.data(), nonces, nullptr}, done, cancel);
    EXPECT_TRUE(status.ok()) << status.message();
    done += range.count;
  }
  return plot;
}

// The same nonces as a PoC1 file of this stagger.
inline Bytes as_poc1(const Bytes& poc2, uint64_t stagger) {
  const uint64_t nonces = poc2.size() / kNonceBytes;
  Bytes poc1(poc2.size());
  Bytes nonce(kNonceBytes);
  for (uint64_t i = 0; i < nonces; i++) {
    for (uint64_t scoop = 0; scoop < kScoopsPerNonce; scoop++)
      std::memcpy(&nonce[scoop * kScoopBytes], &poc2[(scoop * nonces + i) * kScoopBytes],
                  kScoopBytes);
    reference::swap_poc2(nonce);
    std::byte* const group = &poc1[i / stagger * stagger * kNonceBytes];
    for (uint64_t scoop = 0; scoop < kScoopsPerNonce; scoop++)
      std::memcpy(group + (scoop * stagger + i % stagger) * kScoopBytes,
                  &nonce[scoop * kScoopBytes], kScoopBytes);
  }
  return poc1;
}

inline void write_file(const std::string& path, std::span<const std::byte> bytes) {
  std::ofstream file(path, std::ios::binary);
  file.write(reinterpret_cast<const char*>(bytes.data()),
             static_cast<std::streamsize>(bytes.size()));
  ASSERT_TRUE(file.good()) << path;
}

// Changes part of a file.
inline void patch_file(const std::string& path, uint64_t offset, std::span<const std::byte> bytes) {
  std::fstream file(path, std::ios::binary | std::ios::in | std::ios::out);
  file.seekp(static_cast<std::streamoff>(offset));
  file.write(reinterpret_cast<const char*>(bytes.data()),
             static_cast<std::streamsize>(bytes.size()));
  ASSERT_TRUE(file.good()) << path;
}

inline std::string sha256_of_file(const std::string& path) {
  const std::string text = read_file(path);
  return sha256_hex(std::as_bytes(std::span(text)));
}

// One CPU device of two threads.
inline std::vector<std::unique_ptr<Device>> cpu_devices() {
  std::vector<std::unique_ptr<Device>> devices;
  devices.push_back(open_device("cpu", {.cpu_threads = 2}).value());
  return devices;
}

}  // namespace quarry::tests
