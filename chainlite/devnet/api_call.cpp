#include "chainlite/devnet/api_call.h"

#include <algorithm>
#include <charconv>

#include "base/hex.h"
#include "base/units.h"
#include "base/utf8.h"
#include "chainlite/signum/address.h"

namespace quarry::devnet {
namespace {

using nlohmann::json;

std::optional<int64_t> parse_integer(std::string_view text) {
  int64_t number = 0;
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, number);
  if (error != std::errc() || stop != end) return std::nullopt;
  return number;
}

}  // namespace

json api_error(ApiError code, std::string_view description) {
  return {{"errorCode", static_cast<int>(code)}, {"errorDescription", description}};
}

json missing(std::string_view parameter) {
  return api_error(ApiError::kMissing, "\"" + std::string(parameter) + "\" not specified");
}

json incorrect(std::string_view parameter) {
  return api_error(ApiError::kIncorrect, "Incorrect \"" + std::string(parameter) + "\"");
}

json unknown(std::string_view object) {
  return api_error(ApiError::kUnknown, "Unknown " + std::string(object));
}

json not_allowed() { return api_error(ApiError::kNotAllowed, "Not allowed"); }

void ApiParameters::fail(json error) {
  if (ok()) error_ = std::move(error);
}

const std::string* ApiParameters::text(const char* name) {
  const std::string* value = request_.parameter(name);
  if (value == nullptr || value->empty()) return nullptr;
  if (!is_utf8(text_bytes(*value))) {
    fail(incorrect(name));
    return nullptr;
  }
  return value;
}

const std::string* ApiParameters::require(const char* name) {
  const std::string* value = text(name);
  if (value == nullptr) fail(missing(name));
  return value;
}

std::optional<int64_t> ApiParameters::integer(const char* name, int64_t least, int64_t most,
                                              const char* as) {
  const std::string* value = text(name);
  if (value == nullptr) return std::nullopt;
  const auto number = parse_integer(*value);
  if (number && *number >= least && *number <= most) return number;
  fail(incorrect(as != nullptr ? as : name));
  return std::nullopt;
}

std::optional<uint64_t> ApiParameters::unsigned_integer(const char* name) {
  const std::string* value = text(name);
  if (value == nullptr) return std::nullopt;
  const auto number = parse_u64(*value);
  if (number.ok()) return *number;
  fail(incorrect(name));
  return std::nullopt;
}

std::optional<uint64_t> ApiParameters::account(const char* name) {
  const std::string* value = text(name);
  if (value == nullptr) return std::nullopt;
  const auto id = signum::parse_account(*value);
  if (id.ok()) return *id;
  fail(incorrect(name));
  return std::nullopt;
}

uint64_t ApiParameters::required_account() {
  const auto id = account("account");
  if (!id) fail(missing("account"));
  return id.value_or(0);
}

int64_t ApiParameters::timestamp() { return integer("timestamp", 0, INT32_MAX).value_or(0); }

Page ApiParameters::page(uint32_t most) {
  // As the live node: what is no number counts as missing.
  const auto index = [&](const char* name) -> std::optional<int64_t> {
    const std::string* value = text(name);
    const auto number = value == nullptr ? std::nullopt : parse_integer(*value);
    return number && *number >= 0 && *number <= INT32_MAX ? number : std::nullopt;
  };
  const int64_t first = index("firstIndex").value_or(0);
  const int64_t last = index("lastIndex").value_or(first + most - 1);
  if (last < first) fail(api_error(ApiError::kIncorrectRequest, "Incorrect request"));
  return {static_cast<uint32_t>(first),
          static_cast<uint32_t>(std::clamp<int64_t>(last - first + 1, 1, most))};
}

std::optional<Bytes> ApiParameters::hex(const char* name, size_t size) {
  const std::string* value = text(name);
  if (value == nullptr) return std::nullopt;
  auto bytes = parse_hex(*value);
  if (bytes.ok() && (size == 0 || bytes->size() == size)) return std::move(*bytes);
  fail(incorrect(name));
  return std::nullopt;
}

std::optional<signum::PublicKey> ApiParameters::public_key(const char* name) {
  const auto bytes = hex(name, sizeof(signum::PublicKey));
  if (!bytes) return std::nullopt;
  signum::PublicKey key{};
  std::copy(bytes->begin(), bytes->end(), key.begin());
  return key;
}

bool ApiParameters::is_true(const char* name) {
  const std::string* value = text(name);
  return value != nullptr && equal_ignoring_case(*value, "true");
}

bool ApiParameters::is_false(const char* name) {
  const std::string* value = text(name);
  return value != nullptr && equal_ignoring_case(*value, "false");
}

std::optional<signum::KeyPair> keys_of_call(ApiCall& call) {
  const std::string* phrase = call.request.parameter("secretPhrase");
  if (phrase == nullptr || phrase->empty()) return std::nullopt;
  if (!call.request.peer_is_loopback) {
    call.parameters.fail(not_allowed());
    return std::nullopt;
  }
  return signum::KeyPair::from_passphrase(Secret::copy_of(*phrase));
}

Result<EcBlock> ec_block(Ledger& ledger, int64_t timestamp) {
  constexpr uint32_t kFarthest = 60;
  constexpr int64_t kOldEnoughSeconds = 2400;
  QUARRY_ASSIGN(const auto past, ledger.past_blocks(ledger.height(), kFarthest + 1));
  uint32_t back = 0;
  while (back + 1 < past.size() && past[back].timestamp > timestamp - kOldEnoughSeconds) back++;
  EcBlock block;
  block.height = ledger.height() - back;
  QUARRY_ASSIGN(block.id, ledger.block_id_at(block.height));
  return block;
}

}  // namespace quarry::devnet
