#include "chainlite/signum/encryption.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <sodium.h>
#include <zlib.h>

#include <limits>
#include <memory>
#include <optional>

#include "base/sha256.h"

namespace quarry::signum {
namespace {

constexpr size_t kIvBytes = 16;
constexpr size_t kBlockBytes = 16;
// Far above what a chain carries; OpenSSL and zlib count in int and unsigned.
constexpr size_t kMaxMessageBytes = size_t{16} << 20;

struct FreeCipher {
  void operator()(EVP_CIPHER_CTX* cipher) const { EVP_CIPHER_CTX_free(cipher); }
};
using Cipher = std::unique_ptr<EVP_CIPHER_CTX, FreeCipher>;

const unsigned char* uchars(const std::byte* bytes) {
  return reinterpret_cast<const unsigned char*>(bytes);
}
unsigned char* uchars(std::byte* bytes) { return reinterpret_cast<unsigned char*>(bytes); }

Result<Secret> message_key(const Secret& private_key, const PublicKey& public_key,
                           const ByteArray<32>& nonce) {
  QUARRY_CHECK(private_key.size() == crypto_scalarmult_curve25519_SCALARBYTES);
  Secret shared(crypto_scalarmult_curve25519_BYTES);
  const auto bytes = shared.bytes();
  // Fails where the product is 0, which is so for points of small order alone.
  if (crypto_scalarmult_curve25519(uchars(bytes.data()), uchars(private_key.bytes().data()),
                                   uchars(public_key.data())) != 0 ||
      sodium_is_zero(uchars(bytes.data()), bytes.size()) != 0)
    return Status(Code::kInvalidArgument,
                  "the public key is of small order: no secret can be agreed on with it; ask its "
                  "owner for the right one");
  for (size_t i = 0; i < bytes.size(); i++) bytes[i] ^= nonce[i];
  Hash256 digest = sha256(bytes);
  Secret key = Secret::copy_of(digest);
  wipe(digest);
  return key;
}

Status zlib_refused() {
  return {Code::kOutOfMemory, "zlib had no memory to pack a message; close other programs"};
}

// `plaintext` in gzip's format.
Result<Bytes> pack(std::span<const std::byte> plaintext) {
  constexpr int kGzipWindow = MAX_WBITS + 16;
  z_stream stream{};
  if (deflateInit2(&stream, Z_BEST_COMPRESSION, Z_DEFLATED, kGzipWindow, 8, Z_DEFAULT_STRATEGY) !=
      Z_OK)
    return zlib_refused();
  Bytes packed(deflateBound(&stream, plaintext.size()));
  stream.next_in = const_cast<Bytef*>(uchars(plaintext.data()));  // zlib only reads there
  stream.avail_in = static_cast<uInt>(plaintext.size());
  stream.next_out = uchars(packed.data());
  stream.avail_out = static_cast<uInt>(packed.size());
  const int status = deflate(&stream, Z_FINISH);
  packed.resize(stream.total_out);
  deflateEnd(&stream);
  if (status != Z_STREAM_END) return zlib_refused();
  return packed;
}

// What gzip or zlib packed, if `packed` is that, all of it, and holds no more than
// `max_bytes`. Memory grows with what comes out, not with what a header promises.
std::optional<Bytes> unpack(std::span<const std::byte> packed, size_t max_bytes) {
  constexpr int kEitherWindow = MAX_WBITS + 32;
  z_stream stream{};
  if (inflateInit2(&stream, kEitherWindow) != Z_OK) return std::nullopt;
  stream.next_in = const_cast<Bytef*>(uchars(packed.data()));  // zlib only reads there
  stream.avail_in = static_cast<uInt>(packed.size());
  Bytes plaintext;
  std::array<std::byte, 4096> chunk;
  int status = Z_OK;
  while (status == Z_OK) {
    stream.next_out = uchars(chunk.data());
    stream.avail_out = chunk.size();
    status = inflate(&stream, Z_NO_FLUSH);
    const size_t count = chunk.size() - stream.avail_out;
    if (count > max_bytes - plaintext.size()) status = Z_DATA_ERROR;
    if (status == Z_OK || status == Z_STREAM_END)
      plaintext.insert(plaintext.end(), chunk.begin(), chunk.begin() + count);
  }
  const bool whole = status == Z_STREAM_END && stream.avail_in == 0;
  inflateEnd(&stream);
  if (!whole) return std::nullopt;
  return plaintext;
}

// AES-256-CBC of `input`, padding added or taken off; nothing if the padding of what
// is decrypted is wrong.
std::optional<Bytes> run_cipher(bool encrypts, const Secret& key, std::span<const std::byte> iv,
                                std::span<const std::byte> input) {
  const Cipher cipher(EVP_CIPHER_CTX_new());
  Bytes output(input.size() + kBlockBytes);
  int count = 0, rest = 0;
  const bool done =
      cipher != nullptr &&
      EVP_CipherInit_ex(cipher.get(), EVP_aes_256_cbc(), nullptr, uchars(key.bytes().data()),
                        uchars(iv.data()), encrypts ? 1 : 0) == 1 &&
      EVP_CipherUpdate(cipher.get(), uchars(output.data()), &count, uchars(input.data()),
                       static_cast<int>(input.size())) == 1 &&
      EVP_CipherFinal_ex(cipher.get(), uchars(output.data()) + count, &rest) == 1;
  if (!done) {
    ERR_clear_error();  // or the next TLS call of this thread would take it for its own
    return std::nullopt;
  }
  output.resize(static_cast<size_t>(count) + static_cast<size_t>(rest));
  return output;
}

}  // namespace

Result<EncryptedMessage> encrypt_message(const Secret& agreement_private_key,
                                         const PublicKey& public_key,
                                         std::span<const std::byte> plaintext) {
  if (plaintext.size() > kMaxMessageBytes)
    return Status(Code::kInvalidArgument, "the message is longer than 16 MiB: send less");
  EncryptedMessage message;
  QUARRY_CHECK(sodium_init() >= 0);
  randombytes_buf(message.nonce.data(), message.nonce.size());
  QUARRY_ASSIGN(const Secret key, message_key(agreement_private_key, public_key, message.nonce));
  QUARRY_ASSIGN(const Bytes packed, pack(plaintext));
  message.data.resize(kIvBytes);
  randombytes_buf(message.data.data(), kIvBytes);
  const auto ciphertext = run_cipher(true, key, message.data, packed);
  if (!ciphertext.has_value())
    return Status(Code::kOutOfMemory, "OpenSSL could not encrypt a message with AES-256-CBC");
  message.data.insert(message.data.end(), ciphertext->begin(), ciphertext->end());
  return message;
}

Result<Bytes> decrypt_message(const Secret& agreement_private_key, const PublicKey& public_key,
                              const EncryptedMessage& message, size_t max_bytes) {
  // One answer to all that can be wrong: the steps must not be told apart.
  const Status refusal(Code::kCorrupt,
                       "the message cannot be decrypted: it is for another key, or damaged, or "
                       "unpacks to more than " +
                           std::to_string(max_bytes) + " bytes");
  QUARRY_ASSIGN(const Secret key, message_key(agreement_private_key, public_key, message.nonce));
  if (message.data.size() < kIvBytes + kBlockBytes || message.data.size() > kMaxMessageBytes ||
      message.data.size() % kBlockBytes != 0)
    return refusal;
  const auto [iv, ciphertext] =
      std::pair(std::span(message.data).first(kIvBytes), std::span(message.data).subspan(kIvBytes));
  const auto packed = run_cipher(false, key, iv, ciphertext);
  if (!packed.has_value()) return refusal;
  auto plaintext = unpack(*packed, max_bytes);
  if (!plaintext.has_value()) return refusal;
  return *std::move(plaintext);
}

}  // namespace quarry::signum
