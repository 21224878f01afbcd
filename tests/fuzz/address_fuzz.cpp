// Accounts as addresses or numbers.
#include <string>

#include "chainlite/signum/address.h"
#include "tests/fuzz/fuzz.h"

using namespace quarry;

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto text = fuzz::as_text(data, size);
  for (const auto parse : {signum::parse_address, signum::parse_account}) {
    if (auto id = parse(text); id.ok())
      QUARRY_CHECK(*parse(signum::format_address(*id)) == *id);
    else
      fuzz::check_refusal(id.status(), {Code::kInvalidArgument});
  }
  const uint64_t id = fuzz::number_at(data, size, 0);
  QUARRY_CHECK(*signum::parse_account(std::to_string(id)) == id);
  for (const char* prefix : {"", "S", "BURST", "ABCD"}) {
    const std::string address = signum::format_address(id, prefix);
    QUARRY_CHECK(*signum::parse_address(address) == id);
    QUARRY_CHECK(*signum::parse_address(address + "-0Z") == id);
  }
  return 0;
}
