#include "host/user_folder.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <optional>
#include <string>

#include "host/cache_folder.h"

namespace quarry {
namespace {

// Sets a variable of the environment, or removes it, until the end of the test.
class Variable {
 public:
  Variable(const char* name, const char* value) : name_(name) {
    if (const char* before = std::getenv(name)) before_ = before;
    set(value);
  }
  ~Variable() { set(before_ ? before_->c_str() : nullptr); }
  Variable(const Variable&) = delete;
  Variable& operator=(const Variable&) = delete;

 private:
  void set(const char* value) const {
    EXPECT_EQ(value != nullptr ? setenv(name_, value, 1) : unsetenv(name_), 0);
  }
  const char* name_;
  std::optional<std::string> before_;
};

TEST(UserFolder, FollowsTheEnvironment) {
  const Variable home("HOME", "/home/miner");
  {
    const Variable data("XDG_DATA_HOME", "/data");
    const Variable cache("XDG_CACHE_HOME", "/cache");
    EXPECT_EQ(default_data_folder(), "/data/quarry");
    EXPECT_EQ(default_cache_folder(), "/cache/quarry");
  }
  for (const char* unusable : {static_cast<const char*>(nullptr), "", "relative"}) {
    const Variable data("XDG_DATA_HOME", unusable);
    const Variable cache("XDG_CACHE_HOME", unusable);
    EXPECT_EQ(default_data_folder(), "/home/miner/.local/share/quarry");
    EXPECT_EQ(default_cache_folder(), "/home/miner/.cache/quarry");
    const Variable no_home("HOME", unusable);
    EXPECT_EQ(default_data_folder(), "");
    EXPECT_EQ(default_cache_folder(), "");
  }
}

}  // namespace
}  // namespace quarry
