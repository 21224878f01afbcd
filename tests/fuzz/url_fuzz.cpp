// URLs, hosts and form data.
#include <string>

#include "host/http/url.h"
#include "tests/fuzz/fuzz.h"

using namespace quarry;

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto text = fuzz::as_text(data, size);
  if (const auto url = parse_url(text); url.ok()) {
    const auto again = parse_url(format_url(*url));
    // The port may have to be written where it was not.
    QUARRY_CHECK(again.ok() || text.size() > 16000);
    QUARRY_CHECK(!again.ok() || format_url(*again) == format_url(*url));
    QUARRY_CHECK(url->host.port != 0 && url->path.starts_with('/'));
  } else {
    fuzz::check_refusal(url.status(), {Code::kInvalidArgument});
  }
  if (const auto host = parse_host_and_port(text, 1); host.ok())
    QUARRY_CHECK(parse_host_and_port(format_host_and_port(*host), 2)->port == host->port);
  // Whatever is this machine has few spellings.
  if (is_loopback_host(text)) QUARRY_CHECK(text.size() <= 45);

  constexpr size_t kMost = 8;
  if (const auto parameters = parse_query(text, kMost); parameters.ok()) {
    QUARRY_CHECK(parameters->size() <= kMost);
    QUARRY_CHECK(*parse_query(format_query(*parameters), kMost) == *parameters);
  }
  QUARRY_CHECK(*percent_decode(percent_encode(text)) == text);
  return 0;
}
