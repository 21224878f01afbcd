// The reference against golden vectors that third-party programs confirmed.
#include "tests/reference/poc2_reference.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <nlohmann/json.hpp>
#include <random>

#include "base/hex.h"
#include "tests/support/sha256.h"

namespace quarry::reference {
namespace {

const nlohmann::json& golden() {
  static const auto vectors =
      nlohmann::json::parse(std::ifstream(QUARRY_TEST_VECTORS "/poc2.json"));
  return vectors;
}

uint64_t number(const nlohmann::json& text) { return std::stoull(text.get<std::string>()); }

Digest digest(const nlohmann::json& hex) {
  Digest bytes{};
  auto parsed = parse_hex(hex.get<std::string>());
  EXPECT_TRUE(parsed.ok() && parsed->size() == bytes.size());
  std::copy(parsed->begin(), parsed->end(), bytes.begin());
  return bytes;
}

std::span<const std::byte> scoop_of(std::span<const std::byte> nonce, size_t scoop) {
  return nonce.subspan(scoop * 64, 64);
}

TEST(Poc2Reference, Shabal256) {
  ASSERT_EQ(golden()["shabal256"].size(), 5u);
  for (const auto& vector : golden()["shabal256"]) {
    std::string message = vector.value("ascii", "");
    if (vector.contains("hex")) {
      ASSERT_EQ(vector["hex"], "64 zero bytes");
      message.assign(64, '\0');
    }
    EXPECT_EQ(format_hex(shabal256(std::as_bytes(std::span(message)))), vector["digest"]);
  }
}

TEST(Poc2Reference, NoncesScoopsAndDeadlines) {
  ASSERT_EQ(golden()["nonces"].size(), 13u);
  for (const auto& vector : golden()["nonces"]) {
    SCOPED_TRACE(vector["account_id"].get<std::string>() + " " +
                 vector["nonce"].get<std::string>());
    auto nonce = poc1_nonce(number(vector["account_id"]), number(vector["nonce"]));
    EXPECT_EQ(tests::sha256_hex(nonce), vector["sha256_poc1"]);
    swap_poc2(nonce);
    EXPECT_EQ(tests::sha256_hex(nonce), vector["sha256_poc2"]);
    for (const size_t scoop : {0, 1234, 4095})
      EXPECT_EQ(format_hex(scoop_of(nonce, scoop)), vector["scoop_" + std::to_string(scoop)]);
    ASSERT_EQ(vector["deadlines"].size(), 3u);
    for (const auto& round : vector["deadlines"]) {
      const Digest signature = digest(round["gensig"]);
      const uint32_t scoop = scoop_number(signature, round["height"].get<uint64_t>());
      EXPECT_EQ(scoop, round["scoop"].get<uint32_t>());
      const uint64_t value = hit(signature, scoop_of(nonce, scoop));
      EXPECT_EQ(value, number(round["hit"]));
      EXPECT_EQ(value / round["base_target"].get<uint64_t>(), number(round["deadline"]));
    }
  }
}

TEST(Poc2Reference, MultiNonceFiles) {
  for (const char* name : {"stagger_example", "file_example_2"}) {
    const auto& vector = golden()[name];
    const auto file = vector["file"].get<std::string>();
    unsigned long long id = 0, start = 0, nonces = 0;
    ASSERT_EQ(sscanf(file.c_str(), "%llu_%llu_%llu", &id, &start, &nonces), 3);
    std::vector<std::byte> bytes(nonces * 262144);
    ASSERT_EQ(bytes.size(), vector["bytes"].get<size_t>());
    for (size_t index = 0; index < nonces; index++) {
      const auto nonce = poc2_nonce(id, start + index);
      for (size_t scoop = 0; scoop < 4096; scoop++) {
        const auto source = scoop_of(nonce, scoop);
        std::copy(source.begin(), source.end(),
                  bytes.begin() + static_cast<long>((scoop * nonces + index) * 64));
      }
    }
    EXPECT_EQ(tests::sha256_hex(bytes), vector["sha256"]) << file;
  }
}

TEST(Poc2Reference, RoundsOfTheNode) {
  for (const auto& vector : golden()["gensig_update"])
    EXPECT_EQ(format_hex(
                  next_generation_signature(digest(vector["old"]), number(vector["generator_id"]))),
              vector["new"]);
  const auto& node = golden()["signum_node_vectors"];
  // The node's test: the generation signature, repeated, in place of a scoop.
  const Digest signature = digest(golden()["gensig_update"][0]["old"]);
  std::vector<std::byte> repeated(signature.begin(), signature.end());
  repeated.insert(repeated.end(), signature.begin(), signature.end());
  EXPECT_EQ(hit(signature, repeated), number(golden()["hit_gensig_repeated_as_scoop"]));
  const auto nonce = poc2_nonce(4297397359864028267u, 0);
  EXPECT_EQ(hit(signature, scoop_of(nonce, 0)), number(node["expected"]));
}

TEST(Poc2Reference, TheSwapIsItsOwnInverse) {
  const unsigned seed = std::random_device()();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random(seed);
  std::vector<std::byte> nonce(262144);
  for (std::byte& byte : nonce) byte = static_cast<std::byte>(random());
  auto swapped = nonce;
  swap_poc2(swapped);
  EXPECT_NE(swapped, nonce);
  // First halves stay, second halves are mirrored.
  for (size_t scoop = 0; scoop < 4096; scoop++) {
    EXPECT_TRUE(
        std::ranges::equal(scoop_of(swapped, scoop).first(32), scoop_of(nonce, scoop).first(32)));
    EXPECT_TRUE(std::ranges::equal(scoop_of(swapped, scoop).last(32),
                                   scoop_of(nonce, 4095 - scoop).last(32)));
  }
  swap_poc2(swapped);
  EXPECT_EQ(swapped, nonce);
}

}  // namespace
}  // namespace quarry::reference
