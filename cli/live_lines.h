// Lines that stay at the bottom of a terminal and are drawn over and over, with
// messages above them. On stderr.
#pragma once

#include <cstddef>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

namespace quarry::cli {

// Any thread.
class LiveLines {
 public:
  // Null where stderr is no terminal that can redraw (TERM=dumb among them).
  static std::unique_ptr<LiveLines> of_stderr();
  ~LiveLines();  // takes the lines away

  // Columns that a line may have, and whether colours are wanted (NO_COLOR).
  size_t width() const;
  bool color() const { return color_; }

  // In the place of what was drawn before. Each line fits width() without its
  // escape sequences, and has no line end.
  void draw(const std::vector<std::string>& lines);

  // A line that stays, above.
  void tell(std::string_view message);

 private:
  explicit LiveLines(bool color) : color_(color) {}
  void erase();

  const bool color_;
  std::mutex mutex_;
  size_t drawn_ = 0;
};

}  // namespace quarry::cli
