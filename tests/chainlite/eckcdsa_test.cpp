#include "chainlite/signum/eckcdsa.h"

#include <gtest/gtest.h>

#include <random>

#include "base/hex.h"
#include "base/sha256.h"
#include "tests/support/vectors.h"

namespace quarry::signum {
namespace {

using nlohmann::json;

template <size_t kSize>
ByteArray<kSize> array_of(const std::string& hex) {
  const Bytes bytes = *parse_hex(hex);
  EXPECT_EQ(bytes.size(), kSize);
  ByteArray<kSize> array{};
  std::copy(bytes.begin(), bytes.end(), array.begin());
  return array;
}

KeyPair keys_of(std::string_view passphrase) {
  return KeyPair::from_passphrase(Secret::copy_of(passphrase));
}

TEST(EcKcdsa, KeysOfTheGoldenAccounts) {
  const json golden = tests::load_vectors("signum.json");
  ASSERT_EQ(golden["accounts"].size(), 10u);
  for (const json& account : golden["accounts"]) {
    const KeyPair keys = keys_of(account["passphrase"].get<std::string>());
    EXPECT_EQ(format_hex(keys.public_key()), account["publicKey"]) << account;
    EXPECT_EQ(format_hex(keys.agreement_key().bytes()), account["agreementPrivateKey"]);
    EXPECT_EQ(format_hex(keys.signing_key().bytes()), account["signPrivateKey"]);
    EXPECT_EQ(std::to_string(keys.account_id()), account["accountId"]);
  }
  // signum-node's own test constants.
  const json& constants = golden["testConstants"];
  const KeyPair keys = keys_of(constants["secretPhrase"].get<std::string>());
  EXPECT_EQ(format_hex(keys.public_key()), constants["publicKey"]);
  EXPECT_EQ(std::to_string(keys.account_id()), constants["id"]);
}

TEST(EcKcdsa, GoldenSignatures) {
  const json golden = tests::load_vectors("signum.json");
  for (const json& transaction : golden["transactions"]) {
    for (const json& account : golden["accounts"]) {
      if (account["accountId"] != transaction["signer"]) continue;
      const KeyPair keys = keys_of(account["passphrase"].get<std::string>());
      const Bytes message = *parse_hex(transaction["unsignedBytes"].get<std::string>());
      const auto signature = keys.sign(message);
      ASSERT_TRUE(signature.ok()) << signature.status().message();
      EXPECT_EQ(format_hex(*signature), transaction["signature"]);
    }
  }
}

TEST(EcKcdsa, AnyFlippedBitIsRefused) {
  const KeyPair keys = keys_of("flip");
  const Bytes message(100, std::byte{7});
  const Signature good = *keys.sign(message);
  ASSERT_TRUE(verify(good, message, keys.public_key()));
  for (size_t bit = 0; bit < 8 * good.size(); bit++) {
    Signature bad = good;
    bad[bit / 8] ^= static_cast<std::byte>(1 << bit % 8);
    EXPECT_FALSE(verify(bad, message, keys.public_key())) << bit;
  }
  for (size_t bit = 0; bit < 256; bit++) {
    PublicKey other = keys.public_key();
    other[bit / 8] ^= static_cast<std::byte>(1 << bit % 8);
    EXPECT_FALSE(verify(good, message, other)) << bit;
  }
  for (size_t bit = 0; bit < 8 * message.size(); bit += 13) {
    Bytes other = message;
    other[bit / 8] ^= static_cast<std::byte>(1 << bit % 8);
    EXPECT_FALSE(verify(good, other, keys.public_key())) << bit;
  }
  EXPECT_FALSE(verify(good, std::span(message).first(99), keys.public_key()));
}

// `number` + `addend`, as 32 little-endian bytes.
ByteArray<32> sum(std::span<const std::byte> number, const ByteArray<32>& addend) {
  ByteArray<32> result;
  unsigned carry = 0;
  for (size_t i = 0; i < 32; i++) {
    carry += static_cast<unsigned>(number[i]) + static_cast<unsigned>(addend[i]);
    result[i] = static_cast<std::byte>(carry & 255);
    carry >>= 8;
  }
  EXPECT_EQ(carry, 0u) << "no such form";
  return result;
}

// v + L and u + p name the same numbers and must not be a second signature.
TEST(EcKcdsa, OtherFormsOfTheSameNumbersAreRefused) {
  const auto order =
      array_of<32>("edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010");
  const KeyPair keys = keys_of("canonical");
  const Bytes message(3);
  const Signature good = *keys.sign(message);
  Signature other = good;
  const auto longer = sum(std::span(good).first<32>(), order);
  std::copy(longer.begin(), longer.end(), other.begin());
  EXPECT_FALSE(verify(other, message, keys.public_key()));
  EXPECT_TRUE(verify(other, message, keys.public_key(), SignatureForm::kAny)) << "the same v";

  PublicKey top_bit = keys.public_key();
  top_bit[31] |= std::byte{0x80};
  EXPECT_FALSE(verify(good, message, top_bit));
  EXPECT_TRUE(verify(good, message, top_bit, SignatureForm::kAny)) << "the same u";
}

TEST(EcKcdsa, KeysOutsideTheGroupAreRefused) {
  const KeyPair keys = keys_of("group");
  const Bytes message(5);
  const Signature signature = *keys.sign(message);
  // u of points of order 1, 2, 4, 8 on the curve, p - 1, and of a point on the twist.
  for (const char* hex : {"0000000000000000000000000000000000000000000000000000000000000000",
                          "0100000000000000000000000000000000000000000000000000000000000000",
                          "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
                          "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
                          "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
                          "0200000000000000000000000000000000000000000000000000000000000000"})
    EXPECT_FALSE(verify(signature, message, array_of<32>(hex), SignatureForm::kAny)) << hex;
}

TEST(EcKcdsa, RandomKeysAndMessages) {
  const auto seed = std::random_device()();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random(seed);
  for (int i = 0; i < 100; i++) {
    std::string passphrase(random() % 40, ' ');
    for (char& c : passphrase) c = static_cast<char>(random());
    const KeyPair keys = keys_of(passphrase);
    Bytes message(random() % 300);
    for (std::byte& b : message) b = static_cast<std::byte>(random());
    const auto signature = keys.sign(message);
    ASSERT_TRUE(signature.ok());
    EXPECT_TRUE(verify(*signature, message, keys.public_key()));
    EXPECT_EQ(*keys.sign(message), *signature) << "signing is deterministic";
    EXPECT_FALSE(verify(*signature, message, keys_of(passphrase + "x").public_key()));
  }
}

TEST(EcKcdsa, AccountIsTheHeadOfTheKeysHash) {
  EXPECT_EQ(account_of(PublicKey{}), load_le<uint64_t>(sha256(PublicKey{})));
}

}  // namespace
}  // namespace quarry::signum
