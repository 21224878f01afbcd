// Transactions as JSON of a stranger.
#include "base/json.h"
#include "chainlite/signum/transaction.h"
#include "chainlite/signum/transaction_json.h"
#include "tests/fuzz/fuzz.h"

using namespace quarry;

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto object = parse_json(fuzz::as_text(data, size), "the input");
  if (!object.ok()) {
    fuzz::check_refusal(object.status(), {Code::kCorrupt});
    return 0;
  }
  const auto transaction = signum::transaction_from_json(*object);
  if (!transaction.ok()) {
    fuzz::check_refusal(transaction.status(), {Code::kCorrupt, Code::kUnsupported});
    return 0;
  }
  QUARRY_CHECK(signum::check_form(*transaction).ok());
  const auto again = signum::transaction_from_json(signum::transaction_to_json(*transaction));
  QUARRY_CHECK(again.ok() && *again == *transaction);
  const auto parsed = signum::parse_transaction(signum::transaction_bytes(*transaction));
  QUARRY_CHECK(parsed.ok() && *parsed == *transaction);
  return 0;
}
