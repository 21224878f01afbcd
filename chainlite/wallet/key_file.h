// Key files: a passphrase under a password.
//
// A key file is two lines of text. The first is a JSON header that anyone may
// read; the second, in hexadecimal, is the passphrase of the key, encrypted with
// XChaCha20-Poly1305-IETF under a key that Argon2id derives from the password.
// The bytes of the header line are authenticated with it. docs/formats.md has
// the layout. A file has one spelling: any other order, space, case or member is
// refused, so that no reader can see another header than the one that was sealed.
//
// What is kept is the text of the passphrase, because the keys of Signum and DDN
// are hashes of it. This header knows no network and does no I/O.
//
// Functions may be called from any thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/secret.h"
#include "base/status.h"

namespace quarry {

// What a caller or a file may ask of Argon2id. A file is refused for its numbers
// before any memory is taken.
struct KdfCost {
  uint64_t operations = 3;                      // passes over the memory; 1 to 16
  uint64_t memory_bytes = uint64_t{256} << 20;  // 8 KiB to 1 GiB, whole KiB
};

inline constexpr size_t kMaxKeyFileBytes = size_t{256} << 10;
inline constexpr size_t kMaxPassphraseBytes = size_t{64} << 10;

// What a header says of its key. It is a claim, of whoever wrote the file, until
// open_key() has succeeded: then someone who knew the password wrote it.
struct KeyInfo {
  std::string name;          // see check_key_name()
  std::string network;       // "signum": 1 to 32 of a-z, 0-9 and '-'
  ByteArray<32> public_key;  // of that network
};

struct KeyFile {
  KeyInfo info;
  KdfCost cost;
  ByteArray<16> salt;
  ByteArray<24> nonce;
  Bytes ciphertext;  // as long as the passphrase, and 16 bytes more
};

// Fine if `name` is 1 to 64 of A-Z, a-z, 0-9, '.', '_' and '-', and does not
// begin with a dot. kInvalidArgument.
Status check_key_name(std::string_view name);

// The key file that `text` is; nothing is derived or decrypted. kCorrupt with the
// reason; kUnsupported if a later version of Quarry wrote it.
Result<KeyFile> parse_key_file(std::string_view text);

// The text of a key file; parse_key_file() takes it back.
std::string format_key_file(const KeyFile& file);

struct SealOptions {
  KdfCost cost;                       // default: "moderate", about a second
  bool allow_empty_password = false;  // for keys that guard nothing, as in a test
};

// A new key file with fresh salt and nonce. `passphrase` has 1 to
// kMaxPassphraseBytes; the bytes of the password are taken as they are, in no
// normal form. Takes `cost.memory_bytes` while it runs. kInvalidArgument, also
// for an empty password; kOutOfMemory.
Result<KeyFile> seal_key(const KeyInfo& info, const Secret& passphrase, const Secret& password,
                         const SealOptions& options = {});

// The passphrase. kPermission if the password is wrong or the file was changed:
// the two cannot be told apart. kOutOfMemory. It is left to the caller to see
// that `info.public_key` is that of the passphrase.
Result<Secret> open_key(const KeyFile& file, const Secret& password);

}  // namespace quarry
