// The address that a server of ours listens on, as flags give it.
#pragma once

#include <string_view>

#include "cli/arguments.h"
#include "host/http/url.h"

namespace quarry::cli {

// "HOST[:PORT]" of the flag, or `otherwise`; the host as an IP address. The port may
// be 0, unlike that of a URL: any that is free. Where none is written it is that of
// `otherwise`. kInvalidArgument names the flag.
Result<HostAndPort> read_listen(const Arguments& arguments, std::string_view flag,
                                const HostAndPort& otherwise);

}  // namespace quarry::cli
