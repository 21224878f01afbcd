// Encrypted messages, with a fixed key: as they come, and with the input as what
// the decryption has to unpack.
#include "chainlite/signum/encryption.h"
#include "tests/fuzz/fuzz.h"
#include "tests/support/raw_message.h"

using namespace quarry;

namespace {

const ByteArray<32> kMine = {std::byte{0x28}, std::byte{0x43}, std::byte{1}};
const ByteArray<32> kTheirs = {std::byte{0x80}, std::byte{0x85}, std::byte{2}};

void check(const Result<Bytes>& result, size_t max_bytes) {
  if (result.ok())
    QUARRY_CHECK(result->size() <= max_bytes);
  else
    fuzz::check_refusal(result.status(), {Code::kCorrupt});
}

}  // namespace

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const Secret my_key = Secret::copy_of(kMine);
  static const Secret their_key = Secret::copy_of(kTheirs);
  static const auto my_public = tests::public_key_of(kMine);
  static const auto their_public = tests::public_key_of(kTheirs);
  const auto input = fuzz::as_bytes(data, size);

  ByteReader reader(input);
  const auto nonce = reader.array<32>();
  const auto rest = reader.take(reader.left());
  const signum::EncryptedMessage as_it_comes{Bytes(rest.begin(), rest.end()), nonce};
  check(signum::decrypt_message(my_key, their_public, as_it_comes), signum::kMaxUnpackedBytes);

  const auto packed = tests::encrypt_raw(kTheirs, my_public, {}, input);
  for (const size_t max_bytes : {size_t{0}, size_t{100}, signum::kMaxUnpackedBytes}) {
    const auto plaintext = signum::decrypt_message(my_key, their_public, packed, max_bytes);
    check(plaintext, max_bytes);
    if (!plaintext.ok()) continue;
    const auto again = signum::encrypt_message(my_key, their_public, *plaintext);
    QUARRY_CHECK(again.ok());
    QUARRY_CHECK(*signum::decrypt_message(their_key, my_public, *again) == *plaintext);
  }
  return 0;
}
