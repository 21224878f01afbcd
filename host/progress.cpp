#include "host/progress.h"

namespace quarry {
namespace {

class SilentProgress : public Progress {
 public:
  void report(const ProgressReport&) override {}
  void notice(std::string_view) override {}
};

}  // namespace

Progress& silent_progress() {
  static SilentProgress instance;
  return instance;
}

}  // namespace quarry
