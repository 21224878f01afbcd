#include "cli/live_lines.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>

namespace quarry::cli {
namespace {

bool is_set(const char* variable) {
  const char* value = std::getenv(variable);
  return value != nullptr && *value != '\0';
}

}  // namespace

std::unique_ptr<LiveLines> LiveLines::of_stderr() {
  const bool can_redraw = is_set("TERM") && std::string_view(std::getenv("TERM")) != "dumb";
  if (!can_redraw || isatty(STDERR_FILENO) != 1) return nullptr;
  return std::unique_ptr<LiveLines>(new LiveLines(!is_set("NO_COLOR")));
}

LiveLines::~LiveLines() { erase(); }

size_t LiveLines::width() const {
  winsize size{};
  const bool known = ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0;
  // One column stays free: a full line would wrap on some terminals.
  return (known ? size.ws_col : 80) - 1;
}

void LiveLines::draw(const std::vector<std::string>& lines) {
  const std::lock_guard lock(mutex_);
  erase();
  for (const std::string& line : lines) std::fprintf(stderr, "%s\n", line.c_str());
  drawn_ = lines.size();
}

void LiveLines::tell(std::string_view message) {
  const std::lock_guard lock(mutex_);
  erase();
  std::fprintf(stderr, "%.*s\n", static_cast<int>(message.size()), message.data());
}

void LiveLines::erase() {
  if (drawn_ > 0) std::fprintf(stderr, "\x1b[%zuA\r\x1b[J", drawn_);
  drawn_ = 0;
}

}  // namespace quarry::cli
