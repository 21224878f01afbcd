#include "chainlite/wallet/passphrase.h"

#include <gtest/gtest.h>

#include <array>
#include <set>
#include <string>

namespace quarry {
namespace {

constexpr std::string_view kAlphabet = "0123456789abcdefghjkmnpqrstvwxyz";

TEST(Passphrase, IsSevenGroupsOfFour) {
  const Secret phrase = new_passphrase();
  ASSERT_EQ(phrase.size(), 34u);
  for (size_t i = 0; i < phrase.size(); i++) {
    const char symbol = phrase.text()[i];
    if (i % 5 == 4)
      EXPECT_EQ(symbol, '-');
    else
      EXPECT_NE(kAlphabet.find(symbol), std::string_view::npos) << symbol;
  }
}

// A symbol is missed in a place about once in 10^11 runs.
TEST(Passphrase, EverySymbolComesInEveryPlace) {
  std::array<std::set<char>, 34> seen;
  std::set<std::string> phrases;
  for (int i = 0; i < 1000; i++) {
    const Secret phrase = new_passphrase();
    phrases.emplace(phrase.text());
    for (size_t at = 0; at < phrase.size(); at++) seen[at].insert(phrase.text()[at]);
  }
  EXPECT_EQ(phrases.size(), 1000u);
  for (size_t at = 0; at < seen.size(); at++) EXPECT_EQ(seen[at].size(), at % 5 == 4 ? 1u : 32u);
}

}  // namespace
}  // namespace quarry
