#include "chainlite/signum/amount.h"

#include "base/units.h"
#include "chainlite/signum/network.h"
#include "chainlite/signum/transaction.h"

namespace quarry::signum {
namespace {

constexpr size_t kDecimals = 8;

}  // namespace

Result<uint64_t> parse_coins(std::string_view text) {
  const Status wrong(Code::kInvalidArgument,
                     "\"" + std::string(text.substr(0, 40)) +
                         "\" is no amount of coins: write it as 12 or 0.5, at most 8 decimals");
  const size_t point = text.find('.');
  const std::string_view whole = text.substr(0, point);
  std::string decimals(point == text.npos ? "0" : text.substr(point + 1));
  if (decimals.empty() || decimals.size() > kDecimals) return wrong;
  decimals.resize(kDecimals, '0');
  const auto coins = parse_u64(whole), planck = parse_u64(decimals);
  if (!coins.ok() || !planck.ok()) return wrong;
  if (*coins > kMostPlanck / kPlanckPerCoin)
    return Status(Code::kInvalidArgument, std::string(whole) + " coins are more than exist");
  return *coins * kPlanckPerCoin + *planck;
}

std::string format_coins(uint64_t planck) {
  std::string text = std::to_string(planck / kPlanckPerCoin);
  std::string decimals = std::to_string(planck % kPlanckPerCoin);
  decimals.insert(0, kDecimals - decimals.size(), '0');
  while (!decimals.empty() && decimals.back() == '0') decimals.pop_back();
  return decimals.empty() ? text : text + "." + decimals;
}

}  // namespace quarry::signum
