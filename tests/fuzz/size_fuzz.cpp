// Sizes and numbers as people write them.
#include <string>

#include "base/units.h"
#include "tests/fuzz/fuzz.h"

using namespace quarry;

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto text = fuzz::as_text(data, size);
  auto bytes = parse_size(text);
  if (!bytes.ok()) fuzz::check_refusal(bytes.status(), {Code::kInvalidArgument});
  auto number = parse_u64(text);
  if (!number.ok())
    fuzz::check_refusal(number.status(), {Code::kInvalidArgument});
  else
    QUARRY_CHECK(bytes.ok() && *bytes == *number);

  for (const uint64_t value : {bytes.ok() ? *bytes : 0, fuzz::number_at(data, size, 0)}) {
    QUARRY_CHECK(*parse_u64(std::to_string(value)) == value);
    QUARRY_CHECK(*parse_size(std::to_string(value)) == value);
    // Sizes are read up to PiB; one decimal is shown.
    if (value >= uint64_t{1} << 59) continue;
    auto back = parse_size(format_bytes(value));
    QUARRY_CHECK(back.ok());
    const uint64_t difference = *back > value ? *back - value : value - *back;
    QUARRY_CHECK(difference <= value / 19);
  }
  return 0;
}
