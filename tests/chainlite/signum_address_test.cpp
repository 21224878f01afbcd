#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <random>

#include "chainlite/signum/address.h"

namespace quarry::signum {
namespace {

constexpr std::string_view kAlphabet = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ";

const nlohmann::json& golden() {
  static const auto vectors =
      nlohmann::json::parse(std::ifstream(QUARRY_TEST_VECTORS "/signum.json"));
  return vectors;
}

// Ids with few and many bits, and the borders.
std::vector<uint64_t> some_ids(unsigned seed) {
  std::mt19937_64 random(seed);
  std::vector<uint64_t> ids = {0, 1, 31, 32, INT64_MAX, uint64_t{1} << 63, UINT64_MAX};
  for (int i = 0; i < 20; i++) ids.push_back(random() >> (random() % 64));
  return ids;
}

std::string without_dashes(std::string text) {
  std::erase(text, '-');
  return text;
}

std::string lower(std::string text) {
  for (char& c : text) c = static_cast<char>(tolower(c));
  return text;
}

TEST(SignumAddress, GoldenIds) {
  ASSERT_EQ(golden()["rsIds"].size(), 8u);
  for (const auto& vector : golden()["rsIds"]) {
    const auto id = std::stoull(vector["id"].get<std::string>());
    const auto address = vector["rs"].get<std::string>();
    EXPECT_EQ(format_address(id), address);
    auto parsed = parse_address(address);
    ASSERT_TRUE(parsed.ok()) << parsed.status().message();
    EXPECT_EQ(*parsed, id);
  }
}

TEST(SignumAddress, GoldenAccountsWithEveryPrefix) {
  ASSERT_EQ(golden()["accounts"].size(), 10u);
  for (const auto& account : golden()["accounts"]) {
    const auto id = std::stoull(account["accountId"].get<std::string>());
    EXPECT_EQ(format_address(id, "S"), account["rs"]);
    EXPECT_EQ(format_address(id, "BURST"), account["rsBurst"]);
    EXPECT_EQ(format_address(id, "TS"), account["rsTestnet"]);
    for (const char* form : {"rs", "rsBurst", "rsTestnet", "accountId"}) {
      auto parsed = parse_account(account[form].get<std::string>());
      ASSERT_TRUE(parsed.ok()) << parsed.status().message();
      EXPECT_EQ(*parsed, id);
    }
  }
}

TEST(SignumAddress, EveryWayToWriteIt) {
  const unsigned seed = std::random_device()();
  SCOPED_TRACE("seed " + std::to_string(seed));
  const std::string key = "-5ZYXQK8LGK4WJ0M1I7N6O2P3Q9R8S7T6U5V4W3X2Y1Z0A9B8";
  for (const uint64_t id : some_ids(seed)) {
    for (const char* prefix : {"", "S-", "TS-", "BURST-", "BURSTR-", "TEST-", "s-"}) {
      const std::string body = format_address(id, "");
      for (const std::string& form : {body, lower(body), without_dashes(body)}) {
        for (const std::string& end : {std::string(), key}) {
          auto parsed = parse_address(prefix + form + end);
          ASSERT_TRUE(parsed.ok()) << parsed.status().message();
          EXPECT_EQ(*parsed, id) << prefix << form << end;
        }
      }
    }
  }
  // Groups of letters alone look like prefixes.
  for (uint64_t id = UINT64_MAX - 2000; id != 0; id++) {
    const std::string body = format_address(id, "");
    for (const std::string& form : {body, body + key, "ABCD-" + body, "ABCD-" + body + key}) {
      auto parsed = parse_address(form);
      ASSERT_TRUE(parsed.ok()) << parsed.status().message();
      EXPECT_EQ(*parsed, id) << form;
    }
  }
}

TEST(SignumAddress, EverySingleWrongSymbolIsFound) {
  const unsigned seed = std::random_device()();
  SCOPED_TRACE("seed " + std::to_string(seed));
  for (const uint64_t id : some_ids(seed)) {
    const std::string address = format_address(id);
    for (size_t i = 2; i < address.size(); i++) {
      if (address[i] == '-') continue;
      for (const char c : kAlphabet) {
        if (c == address[i]) continue;
        std::string wrong = address;
        wrong[i] = c;
        EXPECT_FALSE(parse_address(wrong).ok()) << wrong;
      }
    }
  }
}

TEST(SignumAddress, EveryTranspositionIsFound) {
  const unsigned seed = std::random_device()();
  SCOPED_TRACE("seed " + std::to_string(seed));
  for (const uint64_t id : some_ids(seed)) {
    const std::string address = format_address(id);
    for (size_t i = 2; i < address.size(); i++)
      for (size_t j = i + 1; j < address.size(); j++) {
        if (address[i] == address[j] || address[i] == '-' || address[j] == '-') continue;
        std::string wrong = address;
        std::swap(wrong[i], wrong[j]);
        EXPECT_FALSE(parse_address(wrong).ok()) << wrong;
      }
  }
}

// The distance of the code is 5: up to four wrong symbols are always found.
TEST(SignumAddress, FourWrongSymbolsAreFound) {
  const unsigned seed = std::random_device()();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937_64 random(seed);
  for (int round = 0; round < 20000; round++) {
    const std::string address = without_dashes(format_address(random(), ""));
    std::string wrong = address;
    for (int i = 0; i < 4; i++) wrong[random() % 17] = kAlphabet[random() % 32];
    EXPECT_EQ(parse_address(wrong).ok(), wrong == address) << wrong;
  }
}

// 13 symbols hold 65 bits: the code word of 2^64 is right in all else.
TEST(SignumAddress, NumbersOver64BitsAreRefused) {
  std::string text(17, '2');
  text[12] = 'J';  // the 13th symbol, 16
  int found = 0;
  for (uint32_t check = 0; check < (1u << 20) && found == 0; check++) {
    for (int i = 0; i < 4; i++) text[8 + i] = kAlphabet[check >> (5 * i) & 31];
    auto parsed = parse_address(text);
    ASSERT_FALSE(parsed.ok()) << text;
    if (parsed.status().message().find("2^64") != std::string::npos) found++;
  }
  EXPECT_EQ(found, 1);
}

TEST(SignumAddress, SaysWhatIsWrong) {
  const struct {
    const char* text;
    const char* word;
  } cases[] = {
      {"S-2223-2222-KB8Y-22223", "check symbols"},
      {"S-2223-2222-KB8Y-2222", "symbols"},
      {"S-2223-2222-KB8Y-222222", "symbols"},
      {"S-2223-2222-KB8Y-22220", "'0'"},
      {"S-222I-2222-KB8Y-22222", "'I'"},
      {"S-2223 2222-KB8Y-22222", "' '"},
      {"S-2223-2222-KB8Y-22222-", "symbols"},
      {"S-2223-2222-KB8Y-22222-KEY!", "symbols"},
      {"", "symbols"},
      {"S-", "symbols"},
      {"ABCD-2", "symbols"},
      {"-", "symbols"},
      {"S5-2223-2222-KB8Y-22222", "symbol"},
  };
  for (const auto& [text, word] : cases) {
    auto parsed = parse_address(text);
    ASSERT_EQ(parsed.status().code(), Code::kInvalidArgument) << text;
    EXPECT_NE(parsed.status().message().find(word), std::string::npos) << parsed.status().message();
  }
}

TEST(SignumAddress, AccountsAreNumbersOrAddresses) {
  EXPECT_EQ(*parse_account("0"), 0u);
  EXPECT_EQ(*parse_account("18446744073709551615"), UINT64_MAX);
  EXPECT_EQ(*parse_account("S-ZZZZ-ZZZZ-QY2K-HZZZZ"), UINT64_MAX);
  for (const char* text : {"", "-1", "18446744073709551616", "1.5", "0x1f", "12 34"}) {
    auto parsed = parse_account(text);
    EXPECT_EQ(parsed.status().code(), Code::kInvalidArgument) << text;
    EXPECT_FALSE(parsed.status().message().empty());
  }
}

}  // namespace
}  // namespace quarry::signum
