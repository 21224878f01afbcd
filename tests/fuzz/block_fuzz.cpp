// Blocks as bytes.
#include "chainlite/signum/block.h"
#include "tests/fuzz/fuzz.h"

using namespace quarry;

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto block = signum::parse_block(fuzz::as_bytes(data, size));
  if (!block.ok()) {
    fuzz::check_refusal(block.status(), {Code::kCorrupt});
    return 0;
  }
  // But for the number of transactions, which do not stand in the bytes.
  const auto again = signum::parse_block(signum::block_bytes(*block));
  QUARRY_CHECK(again.ok() && *again == *block);
  return 0;
}
