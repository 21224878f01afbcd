// Key files. Nothing is derived: passwords cost time and memory by design.
#include "chainlite/wallet/key_file.h"
#include "tests/fuzz/fuzz.h"

using namespace quarry;

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto text = fuzz::as_text(data, size);
  const auto file = parse_key_file(text);
  if (!file.ok()) {
    fuzz::check_refusal(file.status(), {Code::kCorrupt, Code::kUnsupported});
    return 0;
  }
  // One file, one spelling; and no more of anything than is allowed.
  QUARRY_CHECK(format_key_file(*file) == text);
  QUARRY_CHECK(check_key_name(file->info.name).ok());
  QUARRY_CHECK(file->cost.operations >= 1 && file->cost.operations <= 16);
  QUARRY_CHECK(file->cost.memory_bytes >= 8192 && file->cost.memory_bytes <= uint64_t{1} << 30);
  QUARRY_CHECK(file->ciphertext.size() > 16);
  QUARRY_CHECK(file->ciphertext.size() <= 16 + kMaxPassphraseBytes);
  return 0;
}
