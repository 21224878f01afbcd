#include "chainlite/signum/encryption.h"

#include <gtest/gtest.h>
#include <zlib.h>

#include <random>

#include "base/hex.h"
#include "tests/support/raw_message.h"
#include "tests/support/vectors.h"

namespace quarry::signum {
namespace {

constexpr int kGzip = MAX_WBITS + 16, kZlib = MAX_WBITS, kRawDeflate = -MAX_WBITS;

template <size_t kSize>
ByteArray<kSize> hex_array(const nlohmann::json& hex) {
  auto parsed = parse_hex(hex.get<std::string>());
  ByteArray<kSize> bytes{};
  EXPECT_TRUE(parsed.ok() && parsed->size() == bytes.size());
  std::copy(parsed->begin(), parsed->end(), bytes.begin());
  return bytes;
}

std::string as_text(const Bytes& bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

Bytes packed(std::span<const std::byte> plaintext, int window_bits) {
  z_stream stream{};
  EXPECT_EQ(deflateInit2(&stream, 9, Z_DEFLATED, window_bits, 8, Z_DEFAULT_STRATEGY), Z_OK);
  Bytes output(deflateBound(&stream, plaintext.size()));
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<std::byte*>(plaintext.data()));
  stream.avail_in = static_cast<uInt>(plaintext.size());
  stream.next_out = reinterpret_cast<Bytef*>(output.data());
  stream.avail_out = static_cast<uInt>(output.size());
  EXPECT_EQ(deflate(&stream, Z_FINISH), Z_STREAM_END);
  output.resize(stream.total_out);
  deflateEnd(&stream);
  return output;
}

// Two parties with random keys.
class SignumEncryption : public testing::Test {
 protected:
  SignumEncryption() {
    for (auto* bytes : {&mine_, &theirs_, &nonce_})
      for (std::byte& byte : *bytes) byte = static_cast<std::byte>(random_());
    my_key_ = Secret::copy_of(mine_);
    their_key_ = Secret::copy_of(theirs_);
    my_public_ = tests::public_key_of(mine_);
    their_public_ = tests::public_key_of(theirs_);
  }

  // What the other side makes of bytes that were encrypted as they are.
  Result<Bytes> receive_raw(std::span<const std::byte> plaintext,
                            size_t max_bytes = kMaxUnpackedBytes) {
    return decrypt_message(their_key_, my_public_,
                           tests::encrypt_raw(mine_, their_public_, nonce_, plaintext), max_bytes);
  }

  const unsigned seed_ = std::random_device()();
  testing::ScopedTrace trace_{__FILE__, __LINE__, "seed " + std::to_string(seed_)};
  std::mt19937_64 random_{seed_};
  ByteArray<32> mine_, theirs_, nonce_, my_public_, their_public_;
  Secret my_key_, their_key_;
};

TEST(SignumEncryptionGolden, MessagesOfJavaAndSignumJs) {
  const auto vectors = tests::load_vectors("signum.json");
  const auto private_key = [&](const nlohmann::json& public_key) {
    for (const auto& account : vectors["accounts"])
      if (account["publicKey"] == public_key)
        return Secret::copy_of(hex_array<32>(account["agreementPrivateKey"]));
    return Secret();
  };
  ASSERT_EQ(vectors["messages"].size(), 2u);  // one packed by zlib, one by gzip
  for (const auto& vector : vectors["messages"]) {
    const EncryptedMessage message{*parse_hex(vector["data"].get<std::string>()),
                                   hex_array<32>(vector["nonce"])};
    for (const auto& [me, them] : {std::pair("to", "from"), std::pair("from", "to")}) {
      auto plaintext =
          decrypt_message(private_key(vector[me]), hex_array<32>(vector[them]), message);
      ASSERT_TRUE(plaintext.ok()) << plaintext.status().message();
      EXPECT_EQ(as_text(*plaintext), vector["plaintext"]);
    }
  }
}

TEST_F(SignumEncryption, BothSidesReadWhatOneWrote) {
  for (const size_t size : {0, 1, 15, 16, 17, 1000, 65536}) {
    SCOPED_TRACE(size);
    Bytes plaintext(size);
    for (std::byte& byte : plaintext) byte = static_cast<std::byte>(random_());
    auto message = encrypt_message(my_key_, their_public_, plaintext);
    ASSERT_TRUE(message.ok()) << message.status().message();
    auto received = decrypt_message(their_key_, my_public_, *message);
    ASSERT_TRUE(received.ok()) << received.status().message();
    EXPECT_EQ(*received, plaintext);
    EXPECT_EQ(*decrypt_message(my_key_, their_public_, *message), plaintext);
  }
}

TEST_F(SignumEncryption, NothingRepeats) {
  const auto first = *encrypt_message(my_key_, their_public_, text_bytes("same"));
  const auto second = *encrypt_message(my_key_, their_public_, text_bytes("same"));
  EXPECT_NE(first.nonce, second.nonce);
  EXPECT_FALSE(std::equal(first.data.begin(), first.data.begin() + 16, second.data.begin()));
}

// Nodes read gzip alone.
TEST_F(SignumEncryption, PlaintextIsPackedByGzip) {
  const auto message = *encrypt_message(my_key_, their_public_, text_bytes("for a node"));
  // Decrypting is encrypting's mirror: find the gzip magic by the key that both have.
  unsigned char shared[32], key[32], plaintext[256];
  ASSERT_EQ(crypto_scalarmult_curve25519(shared, reinterpret_cast<unsigned char*>(mine_.data()),
                                         reinterpret_cast<unsigned char*>(their_public_.data())),
            0);
  for (size_t i = 0; i < 32; i++) shared[i] ^= std::to_integer<unsigned char>(message.nonce[i]);
  ASSERT_EQ(EVP_Digest(shared, 32, key, nullptr, EVP_sha256(), nullptr), 1);
  const auto* data = reinterpret_cast<const unsigned char*>(message.data.data());
  EVP_CIPHER_CTX* cipher = EVP_CIPHER_CTX_new();
  int count = 0;
  ASSERT_LE(message.data.size(), sizeof plaintext);
  EVP_DecryptInit_ex(cipher, EVP_aes_256_cbc(), nullptr, key, data);
  EVP_DecryptUpdate(cipher, plaintext, &count, data + 16,
                    static_cast<int>(message.data.size()) - 16);
  EVP_CIPHER_CTX_free(cipher);
  EXPECT_EQ(plaintext[0], 0x1F);
  EXPECT_EQ(plaintext[1], 0x8B);
}

TEST_F(SignumEncryption, WrongKeysAndDamageSoundTheSame) {
  const auto message = *encrypt_message(my_key_, their_public_, text_bytes("a secret"));
  const std::string words =
      decrypt_message(my_key_, my_public_, message).status().message();  // the wrong key
  const auto expect_refused = [&](const EncryptedMessage& bad, const std::string& what) {
    auto result = decrypt_message(their_key_, my_public_, bad);
    ASSERT_EQ(result.status().code(), Code::kCorrupt) << what;
    EXPECT_EQ(result.status().message(), words) << what;
  };
  for (size_t size = 0; size < message.data.size(); size++) {
    EncryptedMessage cut = message;
    cut.data.resize(size);
    expect_refused(cut, "cut to " + std::to_string(size));
  }
  EncryptedMessage longer = message;
  longer.data.resize(longer.data.size() + 16);
  expect_refused(longer, "a block more");
  EncryptedMessage other_nonce = message;
  other_nonce.nonce[7] ^= std::byte{1};
  expect_refused(other_nonce, "nonce");
  // The last block but one: the padding, or gzip's checksum.
  for (size_t back = 17; back <= 32; back++) {
    EncryptedMessage flipped = message;
    flipped.data[flipped.data.size() - back] ^= std::byte{0x40};
    expect_refused(flipped, "flipped " + std::to_string(back));
  }
  for (const char* text : {"", "not packed at all", "\x1F\x8B\x08", "\x78\x9C"}) {
    auto result = receive_raw(text_bytes(text));
    EXPECT_EQ(result.status().message(), words) << text;
  }
}

TEST_F(SignumEncryption, GzipAndZlibAreReadAndNothingElse) {
  const auto text = text_bytes("packed in many ways");
  for (const int format : {kGzip, kZlib})
    EXPECT_EQ(as_text(*receive_raw(packed(text, format))), "packed in many ways");
  EXPECT_EQ(receive_raw(packed(text, kRawDeflate)).status().code(), Code::kCorrupt);
}

TEST_F(SignumEncryption, NothingMayStandBehindThePackedText) {
  for (const int format : {kGzip, kZlib}) {
    Bytes data = packed(text_bytes("one"), format);
    ASSERT_TRUE(receive_raw(data).ok());
    Bytes twice = data;
    twice.insert(twice.end(), data.begin(), data.end());
    EXPECT_EQ(receive_raw(twice).status().code(), Code::kCorrupt);
    for (const std::byte tail : {std::byte{0}, std::byte{0xFF}}) {
      data.push_back(tail);
      EXPECT_EQ(receive_raw(data).status().code(), Code::kCorrupt);
      data.pop_back();
    }
    data.pop_back();  // a byte short
    EXPECT_EQ(receive_raw(data).status().code(), Code::kCorrupt);
  }
}

TEST_F(SignumEncryption, BombsDoNotUnpack) {
  for (const int format : {kGzip, kZlib}) {
    const Bytes bomb = packed(Bytes(size_t{64} << 20), format);
    EXPECT_LT(bomb.size(), size_t{1} << 17);
    EXPECT_EQ(receive_raw(bomb).status().code(), Code::kCorrupt);
    // Up to the cap, and not a byte more.
    for (const size_t cap : {size_t{0}, size_t{1}, size_t{4095}, size_t{4096}, kMaxUnpackedBytes}) {
      EXPECT_EQ(receive_raw(packed(Bytes(cap), format), cap)->size(), cap);
      EXPECT_EQ(receive_raw(packed(Bytes(cap + 1), format), cap).status().code(), Code::kCorrupt);
    }
  }
}

// Points whose multiples are few: the shared secret would be known to all.
TEST_F(SignumEncryption, KeysOfSmallOrderAreRefused) {
  for (const char* hex : {"0000000000000000000000000000000000000000000000000000000000000000",
                          "0100000000000000000000000000000000000000000000000000000000000000",
                          "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
                          "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
                          "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
                          "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
                          "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"}) {
    const auto key = hex_array<32>(hex);
    const auto encrypted = encrypt_message(my_key_, key, text_bytes("x"));
    EXPECT_EQ(encrypted.status().code(), Code::kInvalidArgument) << hex;
    const auto decrypted = decrypt_message(my_key_, key, {Bytes(48), nonce_});
    EXPECT_EQ(decrypted.status().code(), Code::kInvalidArgument) << hex;
  }
}

}  // namespace
}  // namespace quarry::signum
