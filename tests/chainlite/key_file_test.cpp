#include "chainlite/wallet/key_file.h"

#include <gtest/gtest.h>
#include <sodium.h>

#include <array>
#include <fstream>
#include <iterator>

#include "base/hex.h"
#include "base/json.h"

namespace quarry {
namespace {

constexpr KdfCost kQuick = {.operations = 1, .memory_bytes = 8192};

KeyInfo some_info() {
  KeyInfo info = {.name = "miner-1", .network = "signum", .public_key = {}};
  for (size_t i = 0; i < info.public_key.size(); i++)
    info.public_key[i] = static_cast<std::byte>(0xA0 + i);
  return info;
}

KeyFile seal(const KeyInfo& info, std::string_view passphrase, std::string_view password) {
  auto file = seal_key(info, Secret::copy_of(passphrase), Secret::copy_of(password),
                       {.cost = kQuick, .allow_empty_password = true});
  EXPECT_TRUE(file.ok()) << file.status().message();
  return file.ok() ? std::move(*file) : KeyFile{};
}

// Parsed, and opened with the password.
Result<Secret> open_text(std::string_view text, std::string_view password) {
  QUARRY_ASSIGN(const KeyFile file, parse_key_file(text));
  return open_key(file, Secret::copy_of(password));
}

std::string example() {
  std::ifstream file(QUARRY_TEST_VECTORS "/example.key", std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

std::string replaced(std::string text, std::string_view from, std::string_view to) {
  const size_t at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return at == std::string::npos ? text : text.replace(at, from.size(), to);
}

TEST(KeyFile, OpensWithItsPassword) {
  for (const std::string& passphrase :
       {std::string("x"), std::string("seven words for a key, \xC3\xA9\n"), std::string("a\0b", 3),
        std::string(kMaxPassphraseBytes, 'p')})
    for (const std::string password : {"", "p", "p\xCC\x88", "\xC3\xB6"}) {
      const std::string text = format_key_file(seal(some_info(), passphrase, password));
      EXPECT_LE(text.size(), kMaxKeyFileBytes);
      const auto opened = open_text(text, password);
      ASSERT_TRUE(opened.ok()) << opened.status().message();
      EXPECT_EQ(opened->text(), passphrase);
      EXPECT_EQ(open_text(text, password + "x").status().code(), Code::kPermission);
      EXPECT_EQ(text.find(passphrase.substr(0, 5) + "\n"), std::string::npos);
    }
}

TEST(KeyFile, HeadersNeedNoPassword) {
  const KeyFile sealed = seal(some_info(), "passphrase", "password");
  const auto parsed = parse_key_file(format_key_file(sealed));
  ASSERT_TRUE(parsed.ok()) << parsed.status().message();
  EXPECT_EQ(parsed->info.name, "miner-1");
  EXPECT_EQ(parsed->info.network, "signum");
  EXPECT_EQ(parsed->info.public_key, some_info().public_key);
  EXPECT_EQ(parsed->cost.operations, 1u);
  EXPECT_EQ(parsed->cost.memory_bytes, 8192u);
  EXPECT_EQ(parsed->salt, sealed.salt);
  EXPECT_EQ(parsed->nonce, sealed.nonce);
  EXPECT_EQ(parsed->ciphertext, sealed.ciphertext);
}

// Files that are out there must open for ever.
TEST(KeyFile, OpensTheExample) {
  const auto opened = open_text(example(), "example");
  ASSERT_TRUE(opened.ok()) << opened.status().message();
  EXPECT_EQ(opened->text(), "correct horse battery staple, for tests only");
  const auto parsed = parse_key_file(example());
  EXPECT_EQ(parsed->info.name, "example");
  EXPECT_EQ(parsed->info.network, "signum");
}

// The passphrase, by the layout of docs/formats.md and libsodium's own calls.
std::string open_by_hand(const std::string& text, const std::string& password) {
  const std::string header = text.substr(0, text.find('\n'));
  const nlohmann::json json = nlohmann::json::parse(header);
  const Bytes salt = *read_hex(json["kdf"], "salt");
  const Bytes nonce = *read_hex(json, "nonce");
  const Bytes sealed = *parse_hex(text.substr(header.size() + 1, text.size() - header.size() - 2));
  auto raw = [](const auto& bytes) { return reinterpret_cast<const unsigned char*>(bytes.data()); };
  std::array<unsigned char, 32> key;
  EXPECT_EQ(crypto_pwhash(key.data(), key.size(), password.data(), password.size(), raw(salt),
                          json["kdf"]["operations"], json["kdf"]["memory_bytes"],
                          crypto_pwhash_ALG_ARGON2ID13),
            0);
  std::string opened(sealed.size() - 16, '\0');
  EXPECT_EQ(crypto_aead_xchacha20poly1305_ietf_decrypt(
                reinterpret_cast<unsigned char*>(opened.data()), nullptr, nullptr, raw(sealed),
                sealed.size(), raw(header), header.size(), raw(nonce), key.data()),
            0);
  return opened;
}

TEST(KeyFile, IsWhatTheFormatSays) {
  EXPECT_EQ(open_by_hand(example(), "example"), "correct horse battery staple, for tests only");
  const std::string text = format_key_file(seal(some_info(), "passphrase", "password"));
  EXPECT_EQ(open_by_hand(text, "password"), "passphrase");
}

TEST(KeyFile, NoChangedBitOpens) {
  const std::string text = example();
  for (size_t at = 0; at < text.size(); at++)
    for (int bit = 0; bit < 8; bit++) {
      std::string changed = text;
      changed[at] = static_cast<char>(changed[at] ^ 1 << bit);
      EXPECT_FALSE(open_text(changed, "example").ok()) << "byte " << at << " bit " << bit;
    }
}

TEST(KeyFile, NoPartOpens) {
  const std::string text = example();
  for (size_t size = 0; size < text.size(); size++)
    EXPECT_EQ(parse_key_file(text.substr(0, size)).ok(), false) << size;
  EXPECT_EQ(parse_key_file(text.substr(1)).status().code(), Code::kCorrupt);
}

// What was sealed under one header does not open under another.
TEST(KeyFile, HeadersCannotBeExchanged) {
  const KeyFile sealed = seal(some_info(), "passphrase", "password");
  const auto open = [](const KeyFile& file) {
    return open_key(file, Secret::copy_of("password")).status().code();
  };
  ASSERT_EQ(open(sealed), Code::kOk);
  KeyFile changed = sealed;
  changed.info.name = "miner-2";
  EXPECT_EQ(open(changed), Code::kPermission);
  changed = sealed;
  changed.info.network = "ddn";
  EXPECT_EQ(open(changed), Code::kPermission);
  changed = sealed;
  changed.info.public_key[31] ^= std::byte{1};
  EXPECT_EQ(open(changed), Code::kPermission);
  changed = sealed;
  changed.cost.operations = 2;
  EXPECT_EQ(open(changed), Code::kPermission);
}

TEST(KeyFile, SaltsAndNoncesAreFresh) {
  const KeyFile a = seal(some_info(), "passphrase", "password");
  const KeyFile b = seal(some_info(), "passphrase", "password");
  EXPECT_NE(a.salt, b.salt);
  EXPECT_NE(a.nonce, b.nonce);
  EXPECT_NE(a.ciphertext, b.ciphertext);
}

TEST(KeyFile, RefusesWhatAHeaderMustNotSay) {
  struct Case {
    const char *from, *to, *reason;
    Code code = Code::kCorrupt;
  };
  const Case cases[] = {
      {"\"quarry-key\"", "\"other\"", "format"},
      {"\"version\":1", "\"version\":2", "version 2", Code::kUnsupported},
      {"\"version\":1", "\"version\":\"1\"", "spelled"},
      {"\"version\":1", "\"version\":-1", "version"},
      {"\"name\":\"example\"", "\"name\":\"../example\"", "name"},
      {"\"name\":\"example\"", "\"name\":\".example\"", "name"},
      {"\"name\":\"example\"", "\"name\":\"ex\\u0061mple\"", "spelled"},
      {"\"name\":\"example\"", "\"name\":\"example\\u0000\"", "name"},
      {"\"name\":\"example\"", "\"name\":\"\"", "name"},
      {"\"name\":\"example\"", "\"name\":\"other\",\"name\":\"example\"", "spelled"},
      {"\"network\":\"signum\"", "\"network\":\"Signum\"", "network"},
      {"\"network\":\"signum\"", "\"network\":7", "network"},
      {"\"public_key\":\"", "\"public_key\":\"00", "public_key"},
      {"\"argon2id\"", "\"argon2i\"", "argon2id"},
      {"\"kdf\":{", "\"kdf\":null,\"k\":{", "kdf"},
      {"\"kdf\":{", "\"kdf\":7,\"k\":{", "name"},
      {"\"operations\":1", "\"operations\":0", "operations"},
      {"\"operations\":1", "\"operations\":17", "operations"},
      {"\"operations\":1", "\"operations\":1e0", "operations"},
      {"\"operations\":1", "\"operations\":18446744073709551617", "operations"},
      {"\"memory_bytes\":8192", "\"memory_bytes\":8191", "memory"},
      {"\"memory_bytes\":8192", "\"memory_bytes\":7168", "memory"},
      {"\"memory_bytes\":8192", "\"memory_bytes\":8193", "memory"},
      {"\"memory_bytes\":8192", "\"memory_bytes\":1073742848", "memory"},
      {"\"memory_bytes\":8192", "\"memory_bytes\":68719476736", "memory"},
      {"\"xchacha20", "\"xsalsa20", "cipher"},
      {"\"nonce\":\"", "\"nonce\":\"g", "nonce"},
      {"\"format\"", " \"format\"", "spelled"},
      {"\"nonce\"", "\"more\":1,\"nonce\"", "spelled"},
      {"{\"format\"", "[\"format\"", "JSON"},
      {"}\n", "}\r\n", "spelled"},
      {"}\n", "}\n\n", "second line"},
      {"}\n", "}", "JSON"},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.to);
    const auto file = parse_key_file(replaced(example(), c.from, c.to));
    EXPECT_EQ(file.status().code(), c.code);
    EXPECT_NE(file.status().message().find(c.reason), std::string::npos) << file.status().message();
  }
  for (const KdfCost cost : {KdfCost{16, 8192}, KdfCost{1, uint64_t{1} << 30}}) {
    KeyFile file = *parse_key_file(example());
    file.cost = cost;
    EXPECT_TRUE(parse_key_file(format_key_file(file)).ok());
  }
}

TEST(KeyFile, RefusesOtherText) {
  const KeyFile file = *parse_key_file(example());
  const std::string text = example();
  std::string upper = text;
  for (size_t at = text.find('\n'); at < upper.size(); at++)
    upper[at] = static_cast<char>(toupper(upper[at]));
  KeyFile empty = file;
  empty.ciphertext.resize(16);
  KeyFile long_one = file;
  long_one.ciphertext.resize(16 + kMaxPassphraseBytes + 1);
  for (const std::string& bad :
       {std::string(), std::string("\n\n"), std::string("{}\n00\n"), upper, text + "\n", text + "0",
        text + text, format_key_file(empty), format_key_file(long_one),
        std::string(1025, ' ') + text, std::string(1000, '[') + "\n00\n",
        text + std::string(kMaxKeyFileBytes, '0')})
    EXPECT_EQ(parse_key_file(bad).status().code(), Code::kCorrupt) << bad.substr(0, 100);
}

TEST(KeyFile, SealsOnlyWhatItCanOpen) {
  const auto code = [](const KeyInfo& info, size_t passphrase_bytes, std::string_view password,
                       KdfCost cost) {
    return seal_key(info, Secret(passphrase_bytes), Secret::copy_of(password), {.cost = cost})
        .status()
        .code();
  };
  const KeyInfo info = some_info();
  EXPECT_EQ(code(info, 1, "p", kQuick), Code::kOk);
  EXPECT_EQ(code(info, 1, "", kQuick), Code::kInvalidArgument);
  EXPECT_EQ(code(info, 0, "p", kQuick), Code::kInvalidArgument);
  EXPECT_EQ(code(info, kMaxPassphraseBytes + 1, "p", kQuick), Code::kInvalidArgument);
  EXPECT_EQ(code(info, 1, "p", {.operations = 0, .memory_bytes = 8192}), Code::kInvalidArgument);
  EXPECT_EQ(code(info, 1, "p", {.operations = 1, .memory_bytes = uint64_t{1} << 36}),
            Code::kInvalidArgument);
  KeyInfo bad = info;
  bad.name = "a/b";
  EXPECT_EQ(code(bad, 1, "p", kQuick), Code::kInvalidArgument);
  bad = info;
  bad.network = "";
  EXPECT_EQ(code(bad, 1, "p", kQuick), Code::kInvalidArgument);
}

TEST(KeyFile, TheUsualCostIsModerate) {
  EXPECT_EQ(KdfCost().operations, crypto_pwhash_argon2id_OPSLIMIT_MODERATE);
  EXPECT_EQ(KdfCost().memory_bytes, crypto_pwhash_argon2id_MEMLIMIT_MODERATE);
}

TEST(KeyName, IsAFileNameEverywhere) {
  for (const std::string& good : {std::string("a"), std::string("A.b_c-9"), std::string(64, 'x')})
    EXPECT_TRUE(check_key_name(good).ok()) << good;
  for (const std::string& bad :
       {std::string(), std::string("."), std::string(".."), std::string(".a"), std::string("a/b"),
        std::string("a b"), std::string("\xC3\xA9"), std::string("a\0", 2), std::string(65, 'x')})
    EXPECT_EQ(check_key_name(bad).code(), Code::kInvalidArgument) << bad;
}

}  // namespace
}  // namespace quarry
