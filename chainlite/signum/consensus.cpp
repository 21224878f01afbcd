#include "chainlite/signum/consensus.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
#include <optional>
#include <vector>

#include "base/shabal256.h"

namespace quarry::signum {
namespace {

using Wide = unsigned __int128;

constexpr Wide kTwo64 = static_cast<Wide>(1) << 64;
constexpr Wide kMaxWide = ~static_cast<Wide>(0);
constexpr uint64_t kMaxLong = std::numeric_limits<int64_t>::max();
constexpr uint32_t kFirstTargetHeight = 4;  // below it stands the initial base target
constexpr uint32_t kEarlyWindow = 4;        // blocks, before the change of difficulty
constexpr uint32_t kTargetWindow = 24;      // blocks, after it
constexpr double kCommitmentPower = 0.4515449935;
constexpr double kSodiumCapacity = 1.83;            // how deadlines by logarithm inflate capacity
constexpr uint64_t kMinCapacityThousandths = 1000;  // 1 TiB

// Java's conversion of a double or float to a long: towards zero, at most the ends
// of the range, and 0 for what is not a number.
int64_t to_long(double value) {
  if (std::isnan(value)) return 0;
  if (value >= 0x1p63) return std::numeric_limits<int64_t>::max();
  if (value <= -0x1p63) return std::numeric_limits<int64_t>::min();
  return static_cast<int64_t>(value);
}

GenerationSignature hash_with_number(const GenerationSignature& signature, uint64_t number) {
  Shabal256 hash;
  hash.update(signature);
  hash.update(bytes_be(number));
  return hash.digest();
}

bool has_sodium(const Network& network, uint32_t height) {
  return height >= network.activations.sodium;
}

bool has_poc_plus(const Network& network, uint32_t height) {
  return height >= network.activations.poc_plus;
}

// Whether the block's base target goes by the rule of the first days. The node asks
// whether Sodium holds while it stands on the previous block.
bool has_early_target(const Network& network, uint32_t height) {
  return height < network.activations.difficulty_change && !has_sodium(network, height - 1);
}

// T / ln T. At a block time of 1 s it would be infinite: there every deadline is 0.
double logarithm_scale(const Network& network) {
  const double block_seconds = network.block_seconds;
  return network.block_seconds > 1 ? block_seconds / std::log(block_seconds) : 0;
}

// The deadline before it is cut to whole seconds, where it goes by logarithm; none
// where the legacy deadline stands.
std::optional<double> logarithmic_deadline(const Network& network, const DeadlineInput& input) {
  const uint64_t legacy = legacy_deadline(input.hit, input.capacity_base_target);
  const bool poc_plus = has_poc_plus(network, input.height);
  if (legacy == 0 || (!poc_plus && !has_sodium(network, input.height))) return std::nullopt;
  // Sodium's node looks at a signed number.
  if (!poc_plus && legacy > kMaxLong) return std::nullopt;
  const double factor = poc_plus ? input.commitment_factor : 1;
  QUARRY_CHECK(factor > 0);
  return std::log(static_cast<double>(legacy) / factor) * logarithm_scale(network);
}

int64_t whole_legacy_deadline(const DeadlineInput& input) {
  return static_cast<int64_t>(
      std::min(legacy_deadline(input.hit, input.capacity_base_target), kMaxLong));
}

uint64_t rounded_to_single(uint64_t value) {
  return static_cast<uint64_t>(to_long(static_cast<float>(value)));
}

// `value`, but at least `low_tenths` / 10 and at most `high_tenths` / 10 of `around`.
Wide clamp_tenths(Wide value, Wide around, uint32_t low_tenths, uint32_t high_tenths) {
  value = std::max(value, around * low_tenths / 10);
  return std::min(value, around * high_tenths / 10);
}

// The base target before it is rounded to a single.
uint64_t next_early_target(const Network& network, const NextBlock& block) {
  Wide sum = 0;
  for (const PastBlock& past : block.past.first(kEarlyWindow)) sum += past.capacity_base_target;
  const Wide average = sum / kEarlyWindow;
  const int64_t passed = block.timestamp - block.past[kEarlyWindow - 1].timestamp;
  Wide target = network.max_base_target;
  if (passed >= 0)
    target = std::min(
        target, average * static_cast<Wide>(passed) / (Wide{network.block_seconds} * kEarlyWindow));
  target = std::max<Wide>(std::max(target, average * 9 / 10), 1);
  return static_cast<uint64_t>(std::min(target, average * 11 / 10));
}

uint64_t next_target(const Network& network, const NextBlock& block) {
  const uint32_t count = base_target_window(network, block.height);
  // No arithmetic mean: an older block weighs a little less, and each step is cut to
  // an integer.
  Wide average = block.past[0].capacity_base_target;
  for (uint32_t i = 1; i < count; i++)
    average = (average * (i + 1) + block.past[i].capacity_base_target) / (i + 2);
  const int64_t aim = int64_t{count} * network.block_seconds;
  const int64_t passed =
      std::clamp(block.timestamp - block.past[count - 1].timestamp, aim / 2, aim * 2);
  Wide target = average * static_cast<Wide>(passed) / static_cast<Wide>(aim);
  target = std::clamp<Wide>(target, 1, network.max_base_target);
  return static_cast<uint64_t>(clamp_tenths(target, block.past[0].capacity_base_target, 8, 12));
}

uint64_t next_average_commitment(const Network& network, const NextBlock& block) {
  const Wide previous = block.previous_average_commitment;
  const uint32_t window = network.average_commitment_window(block.height);
  const Wide average = (previous * (window - 1) + block.commitment) / window;
  return static_cast<uint64_t>(
      std::max<Wide>(clamp_tenths(average, previous, 8, 12), kPlanckPerCoin));
}

}  // namespace

GenerationSignature next_generation_signature(const GenerationSignature& previous,
                                              uint64_t previous_generator_id) {
  return hash_with_number(previous, previous_generator_id);
}

uint32_t scoop_number(const GenerationSignature& generation_signature, uint64_t height) {
  const auto digest = hash_with_number(generation_signature, height);
  // The digest as a big-endian number modulo 4096.
  return (std::to_integer<uint32_t>(digest[30]) << 8 | std::to_integer<uint32_t>(digest[31])) %
         kScoopsPerNonce;
}

uint64_t legacy_deadline(uint64_t hit, uint64_t capacity_base_target) {
  QUARRY_CHECK(capacity_base_target > 0);
  return hit / capacity_base_target;
}

double commitment_factor(uint64_t commitment, uint64_t average_commitment) {
  QUARRY_CHECK(average_commitment > 0);
  const double ratio = static_cast<double>(commitment) / static_cast<double>(average_commitment);
  return std::clamp(std::pow(ratio, kCommitmentPower), kMinCommitmentFactor, kMaxCommitmentFactor);
}

int64_t deadline_seconds(const Network& network, const DeadlineInput& input) {
  const auto seconds = logarithmic_deadline(network, input);
  return seconds.has_value() ? to_long(*seconds) : whole_legacy_deadline(input);
}

DeadlineCheck check_deadline(const Network& network, const DeadlineInput& input,
                             int64_t elapsed_seconds) {
  int64_t least = 0, most = 0;
  if (const auto seconds = logarithmic_deadline(network, input); seconds.has_value()) {
    // One unit in the last place of log and pow is worth some 1e-14 times the scale;
    // a margin of a hundred times that still leaves but one block in 10^8 open.
    const double margin = 1e-12 * logarithm_scale(network);
    least = to_long(*seconds - margin);
    most = to_long(*seconds + margin);
  } else {
    least = most = whole_legacy_deadline(input);
  }
  if (elapsed_seconds > most) return DeadlineCheck::kInTime;
  return elapsed_seconds > least ? DeadlineCheck::kInconclusive : DeadlineCheck::kTooEarly;
}

uint64_t pack_base_target(const BaseTarget& base_target) {
  const auto upper = std::bit_cast<uint32_t>(static_cast<float>(base_target.average_commitment));
  const auto lower = std::bit_cast<uint32_t>(static_cast<float>(base_target.capacity));
  return uint64_t{upper} << 32 | lower;
}

Result<BaseTarget> unpack_base_target(uint64_t packed) {
  const auto average = std::bit_cast<float>(static_cast<uint32_t>(packed >> 32));
  const auto capacity = std::bit_cast<float>(static_cast<uint32_t>(packed));
  for (const float part : {average, capacity})
    if (!(part >= 1 && part < 0x1p63F))
      return Status(Code::kCorrupt, "the packed base target " + std::to_string(packed) +
                                        " does not hold two numbers of 1 up to 2^63");
  return BaseTarget{static_cast<uint64_t>(capacity), static_cast<uint64_t>(average)};
}

Result<Difficulty> Difficulty::parse(std::string_view decimal) {
  const Status refusal(Code::kInvalidArgument, "\"" + std::string(decimal.substr(0, 60)) +
                                                   "\" is not a difficulty: it must be a "
                                                   "decimal number below 2^128");
  if (decimal.empty()) return refusal;
  Wide value = 0;
  for (const char c : decimal) {
    if (c < '0' || c > '9') return refusal;
    const auto digit = static_cast<unsigned>(c - '0');
    if (value > (kMaxWide - digit) / 10) return refusal;
    value = value * 10 + digit;
  }
  return Difficulty(value);
}

std::string Difficulty::text() const {
  std::string digits;
  for (Wide rest = value_; rest > 0 || digits.empty(); rest /= 10)
    digits += static_cast<char>('0' + static_cast<int>(rest % 10));
  std::reverse(digits.begin(), digits.end());
  return digits;
}

Difficulty operator+(Difficulty a, Difficulty b) {
  return Difficulty(a.value_ > kMaxWide - b.value_ ? kMaxWide : a.value_ + b.value_);
}

uint32_t base_target_window(const Network& network, uint32_t height) {
  QUARRY_CHECK(height > 0);
  if (height < kFirstTargetHeight) return 0;
  return has_early_target(network, height) ? kEarlyWindow : std::min(height, kTargetWindow);
}

uint32_t past_commitment_height(const Network& network, uint32_t height) {
  return height - std::min(height, network.max_rollback_blocks);
}

BaseTarget genesis_base_target(const Network& network) {
  BaseTarget target{network.initial_base_target, network.initial_average_commitment};
  if (has_poc_plus(network, 0))
    target = {rounded_to_single(target.capacity), rounded_to_single(target.average_commitment)};
  return target;
}

BlockTarget next_base_target(const Network& network, const NextBlock& block) {
  const uint32_t window = base_target_window(network, block.height);
  QUARRY_CHECK(block.past.size() >= window);
  for (const PastBlock& past : block.past.first(window))
    QUARRY_CHECK(past.capacity_base_target > 0);
  BaseTarget target{network.initial_base_target, network.initial_average_commitment};
  if (window > 0)
    target.capacity = has_early_target(network, block.height) ? next_early_target(network, block)
                                                              : next_target(network, block);
  const Wide difficulty = kTwo64 / target.capacity;
  if (!has_poc_plus(network, block.height)) return {target, Difficulty(difficulty)};
  if (window > 0) target.average_commitment = next_average_commitment(network, block);

  const BaseTarget rounded{rounded_to_single(target.capacity),
                           rounded_to_single(target.average_commitment)};
  if (window == 0) return {rounded, Difficulty(difficulty)};
  // The factor sets the average before rounding against averages after it.
  Wide past = block.past_average_commitment;
  if (block.height >= network.activations.speedway) past = (past + rounded.average_commitment) / 2;
  const double factor = commitment_factor(target.average_commitment, static_cast<uint64_t>(past));
  return {rounded,
          Difficulty(static_cast<Wide>(to_long(static_cast<double>(difficulty) * factor)))};
}

uint64_t commitment_per_capacity(const Network& network, uint32_t previous_height,
                                 uint64_t previous_capacity_base_target, uint64_t committed_planck,
                                 const ForgedBlocks& forged) {
  QUARRY_CHECK(previous_capacity_base_target > 0);
  // The block to come counts in every window.
  uint32_t window = 360;
  Wide count = Wide{forged.in_360} + 1;
  if (count < 3 && previous_height >= network.activations.speedway) {
    window = 1440;
    count = Wide{forged.in_1440} + 1;
  }
  const uint32_t enough = window == 1440 ? 2 : 3;
  if (count < enough) {
    window = 32400;
    count = Wide{forged.in_32400} + 1;
  }
  const auto initial = static_cast<uint64_t>(
      to_long(static_cast<double>(network.initial_base_target) / kSodiumCapacity));
  const Wide capacity =
      std::max<Wide>(initial * count * 1000 / (Wide{previous_capacity_base_target} * window),
                     kMinCapacityThousandths);
  return static_cast<uint64_t>(committed_planck / capacity * 1000);
}

uint64_t block_reward(const Network& network, uint32_t height) {
  if (height == 0) return 0;
  if (height >= network.activations.reward_limit)
    return network.reward_limit_coins * kPlanckPerCoin;
  // coins * percentage^cycles / 100^cycles, exactly: the digits of the product, last
  // digit first, without the last two for each cycle.
  const uint32_t cycles = height / network.reward_cycle_blocks;
  std::vector<uint64_t> digits;
  for (uint64_t rest = network.reward_coins; rest > 0; rest /= 10) digits.push_back(rest % 10);
  for (uint32_t cycle = 0; cycle < cycles; cycle++) {
    uint64_t carry = 0;
    for (uint64_t& digit : digits) {
      carry += digit * network.reward_percentage;
      digit = carry % 10;
      carry /= 10;
    }
    for (; carry > 0; carry /= 10) digits.push_back(carry % 10);
  }
  uint64_t coins = 0;
  for (size_t i = digits.size(); i > size_t{2} * cycles; i--) coins = coins * 10 + digits[i - 1];
  return coins * kPlanckPerCoin;
}

}  // namespace quarry::signum
