#include "base/shabal256.h"

#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <random>

#include "base/hex.h"
#include "tests/reference/poc2_reference.h"

namespace quarry {
namespace {

TEST(Shabal256, GoldenVectors) {
  const auto golden = nlohmann::json::parse(std::ifstream(QUARRY_TEST_VECTORS "/poc2.json"));
  ASSERT_EQ(golden["shabal256"].size(), 5u);
  for (const auto& vector : golden["shabal256"]) {
    const std::string message = vector.value("ascii", std::string(64, '\0'));
    EXPECT_EQ(format_hex(shabal256(std::as_bytes(std::span(message)))), vector["digest"]);
  }
}

// All lengths around the block's borders, and the longest message of a nonce.
TEST(Shabal256, EqualsTheReferenceAtEveryLength) {
  const unsigned seed = std::random_device()();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random(seed);
  std::vector<std::byte> message(262160);
  for (std::byte& byte : message) byte = static_cast<std::byte>(random());
  for (size_t length = 0; length <= 260; length++)
    EXPECT_EQ(shabal256(std::span(message).first(length)),
              reference::shabal256(std::span(message).first(length)))
        << length;
  for (const size_t length : {4080u, 4095u, 4096u, 4097u, 262160u})
    EXPECT_EQ(shabal256(std::span(message).first(length)),
              reference::shabal256(std::span(message).first(length)))
        << length;
}

TEST(Shabal256, PiecesOfAnyLengthGiveTheSameDigest) {
  const unsigned seed = std::random_device()();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random(seed);
  std::vector<std::byte> message(1000);
  for (std::byte& byte : message) byte = static_cast<std::byte>(random());
  const auto whole = shabal256(message);
  for (int round = 0; round < 200; round++) {
    Shabal256 hash;
    for (size_t done = 0; done < message.size();) {
      const size_t part = std::min<size_t>(random() % 150, message.size() - done);
      hash.update(std::span(message).subspan(done, part));
      done += part;
    }
    EXPECT_EQ(hash.digest(), whole);
  }
}

}  // namespace
}  // namespace quarry
