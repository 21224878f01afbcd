#include "cli/listen.h"

namespace quarry::cli {

Result<HostAndPort> read_listen(const Arguments& arguments, std::string_view flag,
                                const HostAndPort& otherwise) {
  if (!arguments.has(flag)) return otherwise;
  std::string text = arguments.text(flag);
  const bool any_port = text.ends_with(":0");
  if (any_port) text.resize(text.size() - 2);
  auto address = parse_host_and_port(text, otherwise.port);
  if (!address.ok())
    return arguments.usage_error("--" + std::string(flag) + ": " + address.status().message());
  if (any_port) address->port = 0;
  if (address->host == "localhost") address->host = "127.0.0.1";
  return address;
}

}  // namespace quarry::cli
