// The verifier's nonce, against golden vectors and the independent reference.
#include "chainlite/signum/nonce.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "base/hex.h"
#include "tests/reference/poc2_reference.h"
#include "tests/support/vectors.h"

namespace quarry::signum {
namespace {

uint64_t number(const nlohmann::json& text) { return std::stoull(text.get<std::string>()); }

GenerationSignature signature(const std::string& hex) {
  auto parsed = parse_hex(hex);
  GenerationSignature bytes{};
  EXPECT_TRUE(parsed.ok() && parsed->size() == bytes.size());
  std::copy(parsed->begin(), parsed->end(), bytes.begin());
  return bytes;
}

TEST(SignumNonce, GoldenScoopsAndHits) {
  const auto vectors = tests::load_vectors("poc2.json");
  ASSERT_EQ(vectors["nonces"].size(), 13u);
  for (const auto& vector : vectors["nonces"]) {
    const uint64_t account = number(vector["account_id"]), nonce = number(vector["nonce"]);
    SCOPED_TRACE(std::to_string(account) + " " + std::to_string(nonce));
    EXPECT_EQ(format_hex(compute_scoop(account, nonce, 1234, PocVersion::kPoc2)),
              vector["scoop_1234"]);
    const auto& deadline = vector["deadlines"][0];
    EXPECT_EQ(hit(account, nonce, deadline["scoop"].get<uint32_t>(),
                  signature(deadline["gensig"].get<std::string>()), PocVersion::kPoc2),
              number(deadline["hit"]));
  }
}

TEST(SignumNonce, GoldenHitsOfBothOrders) {
  const auto chain = tests::load_vectors("signum.json")["chain"];
  const auto& own = chain["own"];
  const auto gensig = signature(own["genSig"].get<std::string>());
  for (const auto& [version, name] :
       {std::pair(PocVersion::kPoc1, "hitPoC1"), std::pair(PocVersion::kPoc2, "hitPoC2")})
    EXPECT_EQ(hit(number(own["generator"]), own["nonce"].get<uint64_t>(),
                  own["scoop"].get<uint32_t>(), gensig, version),
              number(own[name]));
}

// Constants of signum-node's own test of its generator.
TEST(SignumNonce, HitsOfTheNodesOwnTest) {
  const auto gensig = signature("6ec823b5fd86c4aee9f7c3453cacaf4a43296f48ede77e70060ca8225c2855d0");
  EXPECT_EQ(hit(4297397359864028267u, 0, 0, gensig, PocVersion::kPoc2), 14592422770739690569u);
  Scoop scoop;
  std::copy(gensig.begin(), gensig.end(), scoop.begin());
  std::copy(gensig.begin(), gensig.end(), scoop.begin() + 32);
  EXPECT_EQ(scoop_hit(gensig, scoop), 16142911724569013009u);
}

TEST(SignumNonce, RandomNoncesAsTheReferenceComputesThem) {
  const unsigned seed = std::random_device()();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937_64 random(seed);
  for (int round = 0; round < 2; round++) {
    const uint64_t account = random(), nonce = random();
    GenerationSignature gensig;
    for (std::byte& byte : gensig) byte = static_cast<std::byte>(random());
    auto expected = reference::poc1_nonce(account, nonce);
    for (const PocVersion version : {PocVersion::kPoc1, PocVersion::kPoc2}) {
      const uint32_t index = round == 0 ? (version == PocVersion::kPoc1 ? 0 : 4095)
                                        : static_cast<uint32_t>(random() % kScoopsPerNonce);
      const auto scoop = std::span(expected).subspan(index * kScoopBytes, kScoopBytes);
      const Scoop computed = compute_scoop(account, nonce, index, version);
      EXPECT_TRUE(std::equal(computed.begin(), computed.end(), scoop.begin())) << index;
      EXPECT_EQ(scoop_hit(gensig, computed), reference::hit(gensig, scoop));
      reference::swap_poc2(expected);
    }
  }
}

}  // namespace
}  // namespace quarry::signum
