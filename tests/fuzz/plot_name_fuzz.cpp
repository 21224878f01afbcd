// Names of plot files, as text and from numbers.
#include "plotter/plot_name.h"
#include "plotter/poc2.h"
#include "tests/fuzz/fuzz.h"

using namespace quarry;

namespace {

void check_name(const PlotName& name) {
  QUARRY_CHECK(valid_nonce_range(name.start, name.nonces));
  QUARRY_CHECK(name.size_bytes() / kNonceBytes == name.nonces);
  QUARRY_CHECK(name.size_bytes() <= static_cast<uint64_t>(INT64_MAX));
  QUARRY_CHECK(name.stagger == 0 || name.nonces % name.stagger == 0);
}

}  // namespace

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto text = fuzz::as_text(data, size);
  if (auto name = parse_plot_name(text); name.ok()) {
    check_name(*name);
    QUARRY_CHECK(format_plot_name(*name) == text);
  } else {
    fuzz::check_refusal(name.status(), {Code::kInvalidArgument});
  }
  const PlotName made = {fuzz::number_at(data, size, 0), fuzz::number_at(data, size, 8),
                         fuzz::number_at(data, size, 16), fuzz::number_at(data, size, 24)};
  if (auto name = parse_plot_name(format_plot_name(made)); name.ok()) {
    check_name(*name);
    QUARRY_CHECK(*name == made);
  }
  return 0;
}
