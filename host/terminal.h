// Secrets that a person types, or another program hands over.
//
// There is no way for one to come from an argument or the environment: other
// users' programs can read the first, and children inherit the second.
#pragma once

#include <string_view>

#include "base/secret.h"
#include "base/status.h"

namespace quarry {

inline constexpr size_t kMaxSecretBytes = size_t{64} << 10;

// Writes `prompt` to the terminal that controls this process and reads a line from
// it, without echo and without the end of the line; it may be empty. Standard
// input and output are not touched.
//
// The terminal gets its echo back on every way out. SIGINT, SIGTERM, SIGHUP and
// SIGQUIT end the reading and then have their own effect, that of the program's
// handlers or of the system; if the program goes on, the result is kCancelled.
// Signals of job control (Ctrl-Z) have theirs too, and the question is asked
// again when the program goes on. Any thread may call; the questions of several
// come one after the other.
//
// kCancelled also at the end of input (Ctrl-D); kUnsupported if there is no
// terminal; kInvalidArgument for a line as long as terminals can pass on (4095
// bytes), which may have lost its end.
Result<Secret> read_secret_line(std::string_view prompt);

// Asks for a new secret twice. kInvalidArgument if the two differ.
Result<Secret> read_new_secret(std::string_view prompt);

// All of the open file descriptor that the user named, up to its end, at most
// kMaxSecretBytes; exactly one '\n' at the end, if there is one, is not part of
// the secret. The descriptor is left open. kInvalidArgument for a descriptor that
// is closed, write-only, a terminal (which would show the secret), or 1 or 2
// (which are for output).
Result<Secret> read_secret_fd(int descriptor);

}  // namespace quarry
