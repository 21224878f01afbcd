// Blocks as JSON of a stranger.
#include "base/json.h"
#include "chainlite/signum/block.h"
#include "chainlite/signum/block_json.h"
#include "tests/fuzz/fuzz.h"

using namespace quarry;

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto object = parse_json(fuzz::as_text(data, size), "the input");
  if (!object.ok()) {
    fuzz::check_refusal(object.status(), {Code::kCorrupt});
    return 0;
  }
  auto block = signum::block_from_json(*object);
  if (!block.ok()) {
    fuzz::check_refusal(block.status(), {Code::kCorrupt, Code::kUnsupported});
    return 0;
  }
  const auto again = signum::block_from_json(signum::block_to_json(*block, 0));
  QUARRY_CHECK(again.ok() && *again == *block);
  (void)signum::block_hash(*block);
  if (const Status status = signum::check_payload(*block); !status.ok())
    fuzz::check_refusal(status, {Code::kCorrupt});
  // What the transactions say makes the rest right, apart from their signatures.
  signum::seal_payload(*block);
  QUARRY_CHECK(signum::payload_hash(block->transactions) == block->payload_hash);
  return 0;
}
