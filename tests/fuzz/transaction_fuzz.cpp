// Bytes of transactions.
#include "base/json.h"
#include "chainlite/signum/transaction.h"
#include "chainlite/signum/transaction_json.h"
#include "tests/fuzz/fuzz.h"

using namespace quarry;

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto bytes = fuzz::as_bytes(data, size);
  const auto transaction = signum::parse_transaction(bytes);
  if (!transaction.ok()) {
    fuzz::check_refusal(transaction.status(), {Code::kCorrupt, Code::kUnsupported});
    return 0;
  }
  QUARRY_CHECK(std::ranges::equal(signum::transaction_bytes(*transaction), bytes));
  QUARRY_CHECK(signum::check_form(*transaction).ok());
  QUARRY_CHECK(signum::total_planck(*transaction).ok());
  QUARRY_CHECK(signum::signed_bytes(*transaction).size() == size);
  (void)signum::full_hash(*transaction);

  const auto object = parse_json(signum::transaction_to_json(*transaction).dump(), "our JSON");
  QUARRY_CHECK(object.ok());
  const auto again = signum::transaction_from_json(*object);
  if (signum::is_interpreted(signum::kind_of(transaction->attachment)))
    QUARRY_CHECK(again.ok() && *again == *transaction);
  else
    QUARRY_CHECK(again.status().code() == Code::kUnsupported);
  return 0;
}
