#include "chainlite/wallet/key_file.h"

#include <sodium.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/hex.h"
#include "base/json.h"

namespace quarry {
namespace {

constexpr std::string_view kFormat = "quarry-key";
constexpr uint64_t kVersion = 1;
constexpr std::string_view kKdf = "argon2id";
constexpr std::string_view kCipher = "xchacha20-poly1305-ietf";
constexpr size_t kMaxHeaderBytes = 1024;  // the longest that can be is shorter

constexpr size_t kTagBytes = crypto_aead_xchacha20poly1305_ietf_ABYTES;
static_assert(sizeof(KeyFile::salt) == crypto_pwhash_argon2id_SALTBYTES);
static_assert(sizeof(KeyFile::nonce) == crypto_aead_xchacha20poly1305_ietf_NPUBBYTES);

Status corrupt(const std::string& reason) { return {Code::kCorrupt, "no key file: " + reason}; }

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_lower(char c) { return c >= 'a' && c <= 'z'; }
bool is_upper(char c) { return c >= 'A' && c <= 'Z'; }

Status check_network(std::string_view network) {
  const bool is_good =
      !network.empty() && network.size() <= 32 &&
      std::ranges::all_of(network, [](char c) { return is_digit(c) || is_lower(c) || c == '-'; });
  if (is_good) return {};
  return {Code::kInvalidArgument, "a network has 1 to 32 of a-z, 0-9 and -"};
}

Status check_cost(const KdfCost& cost) {
  if (cost.operations < 1 || cost.operations > 16)
    return {Code::kInvalidArgument, "Argon2id with " + std::to_string(cost.operations) +
                                        " operations; 1 to 16 are allowed"};
  if (cost.memory_bytes < 8192 || cost.memory_bytes > uint64_t{1} << 30 ||
      cost.memory_bytes % 1024 != 0)
    return {Code::kInvalidArgument, "Argon2id with " + std::to_string(cost.memory_bytes) +
                                        " bytes of memory; whole KiB from 8 KiB to 1 GiB are "
                                        "allowed"};
  return {};
}

// What a file says is wrong with the file, not with the call.
Status as_corrupt(const Status& status) {
  return status.ok() ? Status() : corrupt(status.message());
}

// The header line, without its end: what the cipher authenticates.
std::string format_header(const KeyFile& file) {
  nlohmann::ordered_json header = {{"format", kFormat},
                                   {"version", kVersion},
                                   {"name", file.info.name},
                                   {"network", file.info.network},
                                   {"public_key", format_hex(file.info.public_key)}};
  header["kdf"] = {{"name", kKdf},
                   {"operations", file.cost.operations},
                   {"memory_bytes", file.cost.memory_bytes},
                   {"salt", format_hex(file.salt)}};
  header["cipher"] = kCipher;
  header["nonce"] = format_hex(file.nonce);
  return header.dump();
}

Status expect_text(const nlohmann::json& object, const char* name, std::string_view expected) {
  QUARRY_ASSIGN(const std::string text, read_text(object, name));
  if (text == expected) return {};
  return {Code::kCorrupt,
          std::string("JSON member \"") + name + "\" is not \"" + std::string(expected) + "\""};
}

// All of `file` but the ciphertext.
Status read_header(std::string_view line, KeyFile& file) {
  QUARRY_ASSIGN(const nlohmann::json header, parse_json(line, "the header"));
  QUARRY_TRY(expect_text(header, "format", kFormat));
  QUARRY_ASSIGN(const uint64_t version, read_u64(header, "version"));
  if (version != kVersion)
    return {Code::kUnsupported, "a key file of version " + std::to_string(version) +
                                    ", which this version of Quarry cannot read"};
  QUARRY_ASSIGN(file.info.name, read_text(header, "name"));
  QUARRY_TRY(check_key_name(file.info.name));
  QUARRY_ASSIGN(file.info.network, read_text(header, "network"));
  QUARRY_TRY(check_network(file.info.network));
  QUARRY_ASSIGN(file.info.public_key, read_hex_array<32>(header, "public_key"));
  if (!has_member(header, "kdf")) return {Code::kCorrupt, "JSON member \"kdf\" is missing"};
  const nlohmann::json& kdf = header["kdf"];
  QUARRY_TRY(expect_text(kdf, "name", kKdf));
  QUARRY_ASSIGN(file.cost.operations, read_u64(kdf, "operations"));
  QUARRY_ASSIGN(file.cost.memory_bytes, read_u64(kdf, "memory_bytes"));
  QUARRY_TRY(check_cost(file.cost));
  QUARRY_ASSIGN(file.salt, read_hex_array<sizeof(KeyFile::salt)>(kdf, "salt"));
  QUARRY_TRY(expect_text(header, "cipher", kCipher));
  QUARRY_ASSIGN(file.nonce, read_hex_array<sizeof(KeyFile::nonce)>(header, "nonce"));
  return {};
}

unsigned char* raw_target(std::span<std::byte> bytes) {
  return reinterpret_cast<unsigned char*>(bytes.data());
}

const unsigned char* raw(std::span<const std::byte> bytes) {
  return reinterpret_cast<const unsigned char*>(bytes.data());
}

Result<Secret> derive_key(const KeyFile& file, const Secret& password) {
  QUARRY_TRY(check_cost(file.cost));
  Secret key(crypto_aead_xchacha20poly1305_ietf_KEYBYTES);
  if (crypto_pwhash(raw_target(key.bytes()), key.size(), password.text().data(), password.size(),
                    raw(file.salt), file.cost.operations, file.cost.memory_bytes,
                    crypto_pwhash_ALG_ARGON2ID13) != 0)
    return Status(Code::kOutOfMemory, "cannot get the " +
                                          std::to_string(file.cost.memory_bytes >> 10) +
                                          " KiB that the password's check takes");
  return key;
}

}  // namespace

Status check_key_name(std::string_view name) {
  const bool is_good =
      !name.empty() && name.size() <= 64 && name.front() != '.' &&
      std::ranges::all_of(name, [](char c) {
        return is_digit(c) || is_lower(c) || is_upper(c) || c == '.' || c == '_' || c == '-';
      });
  if (is_good) return {};
  return {Code::kInvalidArgument,
          "a key's name has 1 to 64 of A-Z, a-z, 0-9, '.', '_' and '-', and no dot in front"};
}

Result<KeyFile> parse_key_file(std::string_view text) {
  if (text.size() > kMaxKeyFileBytes) return corrupt("it is too long");
  const size_t end = text.substr(0, kMaxHeaderBytes + 1).find('\n');
  if (end == std::string_view::npos) return corrupt("it has no header line");
  KeyFile file;
  if (Status status = read_header(text.substr(0, end), file); !status.ok())
    return status.code() == Code::kUnsupported ? status : as_corrupt(status);
  std::string_view line = text.substr(end + 1);
  if (!line.ends_with('\n')) return corrupt("it ends too early");
  line.remove_suffix(1);
  auto ciphertext = parse_hex(line);
  if (!ciphertext.ok()) return corrupt("its second line: " + ciphertext.status().message());
  if (ciphertext->size() <= kTagBytes || ciphertext->size() > kTagBytes + kMaxPassphraseBytes)
    return corrupt("its second line has " + std::to_string(ciphertext->size()) + " bytes");
  file.ciphertext = std::move(*ciphertext);
  if (format_key_file(file) != text)
    return corrupt("it is not spelled as Quarry spells it; something has changed it");
  return file;
}

std::string format_key_file(const KeyFile& file) {
  return format_header(file) + "\n" + format_hex(file.ciphertext) + "\n";
}

Result<KeyFile> seal_key(const KeyInfo& info, const Secret& passphrase, const Secret& password,
                         const SealOptions& options) {
  QUARRY_TRY(check_key_name(info.name));
  QUARRY_TRY(check_network(info.network));
  if (passphrase.empty() || passphrase.size() > kMaxPassphraseBytes)
    return Status(Code::kInvalidArgument,
                  "a passphrase has 1 to " + std::to_string(kMaxPassphraseBytes) + " bytes");
  if (password.empty() && !options.allow_empty_password)
    return Status(Code::kInvalidArgument, "an empty password protects nothing; choose another");
  QUARRY_CHECK(sodium_init() >= 0);
  KeyFile file;
  file.info = info;
  file.cost = options.cost;
  randombytes_buf(file.salt.data(), file.salt.size());
  randombytes_buf(file.nonce.data(), file.nonce.size());
  QUARRY_ASSIGN(const Secret key, derive_key(file, password));
  const std::string header = format_header(file);
  file.ciphertext.resize(passphrase.size() + kTagBytes);
  QUARRY_CHECK(crypto_aead_xchacha20poly1305_ietf_encrypt(
                   raw_target(file.ciphertext), nullptr, raw(passphrase.bytes()), passphrase.size(),
                   raw(text_bytes(header)), header.size(), nullptr, raw(file.nonce),
                   raw(key.bytes())) == 0);
  return file;
}

Result<Secret> open_key(const KeyFile& file, const Secret& password) {
  QUARRY_CHECK(file.ciphertext.size() > kTagBytes);
  QUARRY_ASSIGN(const Secret key, derive_key(file, password));
  const std::string header = format_header(file);
  Secret passphrase(file.ciphertext.size() - kTagBytes);
  if (crypto_aead_xchacha20poly1305_ietf_decrypt(raw_target(passphrase.bytes()), nullptr, nullptr,
                                                 raw(file.ciphertext), file.ciphertext.size(),
                                                 raw(text_bytes(header)), header.size(),
                                                 raw(file.nonce), raw(key.bytes())) != 0)
    return Status(Code::kPermission, "cannot open the key " + file.info.name +
                                         ": the password is wrong, or the file was changed");
  return passphrase;
}

}  // namespace quarry
