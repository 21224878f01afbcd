#include "cli/progress_bar.h"

#include <algorithm>
#include <cstdio>
#include <mutex>
#include <optional>

#include "cli/session.h"

namespace quarry::cli {
namespace {

using Clock = std::chrono::steady_clock;

constexpr auto kRateWindow = std::chrono::seconds(30);
constexpr auto kRedrawInterval = std::chrono::milliseconds(200);
constexpr auto kLineInterval = std::chrono::seconds(10);
constexpr auto kJsonInterval = std::chrono::seconds(1);
constexpr size_t kMostParts = 16;

double fraction_of(const ProgressReport& report) {
  if (report.total == 0) return 0;
  return std::min(1.0, static_cast<double>(report.done) / static_cast<double>(report.total));
}

std::optional<double> seconds_left(const ProgressReport& report, double rate) {
  if (report.done >= report.total || rate <= 0) return std::nullopt;  // no total is total 0
  return static_cast<double>(report.total - report.done) / rate;
}

// "265.1 nonces/s, 69.5 MB/s"
std::string rates(const ProgressReport& report, double rate) {
  std::string text = format_real(rate, rate < 1000 ? 1 : 0) + " " + std::string(report.unit) + "/s";
  if (report.bytes_per_unit > 0)
    text +=
        ", " + format_real(rate * static_cast<double>(report.bytes_per_unit) / 1e6, 1) + " MB/s";
  return text;
}

std::string counts(const ProgressReport& report) {
  std::string text = std::to_string(report.done);
  if (report.total > 0) text += "/" + std::to_string(report.total);
  return text + " " + std::string(report.unit);
}

std::string tail(const ProgressReport& report, double rate) {
  std::string text = counts(report);
  if (rate > 0) text += "  " + rates(report, rate);
  if (const auto left = seconds_left(report, rate)) text += "  " + format_seconds(*left) + " left";
  return text;
}

std::string part_text(const ProgressReport& report, const ProgressPart& part) {
  std::string text = part.name + "  " + rates(report, part.units_per_second);
  if (!part.note.empty()) text += "  (" + part.note + ")";
  return text;
}

std::string cut(std::string text, size_t width) {
  if (text.size() > width) text.resize(width);
  return text;
}

}  // namespace

void RateMeter::add(Time now, uint64_t done) {
  if (!samples_.empty() && done < samples_.back().done) samples_.clear();
  samples_.push_back({now, done});
  while (samples_.size() > 2 && now - samples_.front().time > kRateWindow) samples_.pop_front();
}

double RateMeter::per_second() const {
  if (samples_.size() < 2) return 0;
  const std::chrono::duration<double> time = samples_.back().time - samples_.front().time;
  if (time.count() <= 0) return 0;
  return static_cast<double>(samples_.back().done - samples_.front().done) / time.count();
}

std::vector<std::string> bar_lines(const ProgressReport& report, double units_per_second,
                                   size_t width, bool color) {
  const double fraction = fraction_of(report);
  const std::string head = std::string(report.task) + " " + format_real(100 * fraction, 1) + " %";
  const std::string end = tail(report, units_per_second);
  std::string first = head + "  ";
  const size_t room =
      width > first.size() + end.size() + 4 ? width - first.size() - end.size() - 4 : 0;
  if (report.total > 0 && room >= 5) {
    const size_t cells = std::min<size_t>(room, 40);
    const auto full = static_cast<size_t>(fraction * static_cast<double>(cells));
    const std::string done(full, '#'), open(cells - full, '-');
    first += color ? "[\x1b[32m" + done + "\x1b[0m" + open + "]  " : "[" + done + open + "]  ";
    first += end;  // fits: room was computed for it
  } else {
    first = cut(first + end, width);
  }
  std::vector<std::string> lines = {first};
  for (const ProgressPart& part : report.parts) {
    if (lines.size() > kMostParts) break;
    lines.push_back(cut("  " + part_text(report, part), width));
  }
  return lines;
}

std::string progress_line(const ProgressReport& report, double units_per_second) {
  std::string text = std::string(report.task) + ": ";
  if (report.total > 0) text += format_real(100 * fraction_of(report), 1) + " %, ";
  text += tail(report, units_per_second);
  for (const ProgressPart& part : report.parts) text += "; " + part_text(report, part);
  return text;
}

std::string progress_json(const ProgressReport& report, double units_per_second) {
  Json parts = Json::array();
  for (const ProgressPart& part : report.parts)
    parts.push_back(
        {{"name", part.name}, {"units_per_second", part.units_per_second}, {"note", part.note}});
  Json event = {{"event", "progress"},
                {"task", report.task},
                {"unit", report.unit},
                {"done", report.done},
                {"total", report.total},
                {"units_per_second", units_per_second},
                {"bytes_per_second", units_per_second * static_cast<double>(report.bytes_per_unit)},
                {"parts", parts}};
  if (const auto left = seconds_left(report, units_per_second)) event["seconds_left"] = *left;
  return event.dump(-1, ' ', false, Json::error_handler_t::replace);
}

namespace {

// Counts, and shows at most once every interval; the end at once.
class PacedProgress : public Progress {
 public:
  explicit PacedProgress(Clock::duration interval) : interval_(interval) {}

  void report(const ProgressReport& report) final {
    const std::lock_guard lock(mutex_);
    const auto now = Clock::now();
    if (report.task != task_) {
      task_ = report.task;
      meter_ = RateMeter();
      last_shown_ = now;  // the first line comes after one interval
      finished_ = false;
      meter_.add(now, report.done);
      return;
    }
    const bool finished = report.total > 0 && report.done >= report.total;
    const bool just_finished = finished && !finished_;
    finished_ = finished;
    if (now - last_shown_ < interval_ && !just_finished) return;
    meter_.add(now, report.done);
    last_shown_ = now;
    show(report, meter_.per_second());
  }

  void notice(std::string_view message) final {
    const std::lock_guard lock(mutex_);
    tell(message);
  }

 protected:
  virtual void show(const ProgressReport& report, double rate) = 0;
  virtual void tell(std::string_view message) = 0;

 private:
  const Clock::duration interval_;
  std::mutex mutex_;
  std::string task_;
  RateMeter meter_;
  Clock::time_point last_shown_{};
  bool finished_ = false;
};

void put_line(const std::string& line) { std::fprintf(stderr, "%s\n", line.c_str()); }

class LineProgress : public PacedProgress {
 public:
  LineProgress() : PacedProgress(kLineInterval) {}

 private:
  void show(const ProgressReport& report, double rate) override {
    put_line(progress_line(report, rate));
  }
  void tell(std::string_view message) override { put_line(std::string(message)); }
};

class JsonProgress : public PacedProgress {
 public:
  JsonProgress() : PacedProgress(kJsonInterval) {}

 private:
  void show(const ProgressReport& report, double rate) override {
    put_line(progress_json(report, rate));
  }
  void tell(std::string_view message) override {
    put_line(Json{{"event", "notice"}, {"message", message}}.dump(-1, ' ', false,
                                                                  Json::error_handler_t::replace));
  }
};

class BarProgress : public PacedProgress {
 public:
  explicit BarProgress(LiveLines& lines) : PacedProgress(kRedrawInterval), lines_(lines) {}
  ~BarProgress() override { lines_.draw({}); }

 private:
  void show(const ProgressReport& report, double rate) override {
    lines_.draw(bar_lines(report, rate, lines_.width(), lines_.color()));
  }
  void tell(std::string_view message) override { lines_.tell(message); }

  LiveLines& lines_;
};

}  // namespace

std::unique_ptr<Progress> make_progress(bool json, LiveLines* lines) {
  if (json) return std::make_unique<JsonProgress>();
  if (lines != nullptr) return std::make_unique<BarProgress>(*lines);
  return std::make_unique<LineProgress>();
}

}  // namespace quarry::cli
