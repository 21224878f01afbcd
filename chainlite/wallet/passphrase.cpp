#include "chainlite/wallet/passphrase.h"

#include <sodium.h>

#include <string_view>

namespace quarry {
namespace {

constexpr std::string_view kAlphabet = "0123456789abcdefghjkmnpqrstvwxyz";
constexpr size_t kGroups = 7;
constexpr size_t kGroupSymbols = 4;
static_assert(kAlphabet.size() == 32, "five bits choose a symbol, without bias");

}  // namespace

Secret new_passphrase() {
  Secret phrase(kGroups * (kGroupSymbols + 1) - 1);
  randombytes_buf(phrase.bytes().data(), phrase.size());
  for (size_t i = 0; i < phrase.size(); i++) {
    std::byte& symbol = phrase.bytes()[i];
    const bool is_dash = i % (kGroupSymbols + 1) == kGroupSymbols;
    symbol = static_cast<std::byte>(is_dash ? '-' : kAlphabet[static_cast<size_t>(symbol) % 32]);
  }
  return phrase;
}

}  // namespace quarry
