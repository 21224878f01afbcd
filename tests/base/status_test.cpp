#include "base/status.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <cstring>
#include <memory>
#include <set>

namespace quarry {
namespace {

TEST(Status, ContextGoesInFront) {
  EXPECT_TRUE(Status().with_context("plot").ok());
  const Status status = Status(Code::kNoSpace, "disk full").with_context("plot 1_0_3");
  EXPECT_EQ(status.code(), Code::kNoSpace);
  EXPECT_EQ(status.message(), "plot 1_0_3: disk full");
}

TEST(Status, ErrnoHasCodePathAndTheSystemsWords) {
  const struct {
    int error;
    Code code;
  } cases[] = {
      {ENOENT, Code::kNotFound}, {EEXIST, Code::kExists},      {ENOSPC, Code::kNoSpace},
      {EDQUOT, Code::kNoSpace},  {EACCES, Code::kPermission},  {EROFS, Code::kPermission},
      {EIO, Code::kIo},          {ENOMEM, Code::kOutOfMemory}, {EOPNOTSUPP, Code::kUnsupported}};
  for (const auto& [error, code] : cases) {
    const Status status = errno_status(error, "write", "/disk/plot");
    EXPECT_EQ(status.code(), code) << strerror(error);
    EXPECT_EQ(status.message(), "cannot write /disk/plot: " + std::string(strerror(error)));
  }
}

TEST(Status, EveryCodeHasItsOwnName) {
  std::set<std::string_view> names;
  for (int code = 0; code <= static_cast<int>(Code::kRefused); code++)
    names.insert(code_name(static_cast<Code>(code)));
  EXPECT_EQ(names.size(), static_cast<size_t>(Code::kRefused) + 1);
  EXPECT_EQ(names.count("unknown"), 0u);
}

Result<std::unique_ptr<int>> make(bool works) {
  if (!works) return Status(Code::kDevice, "broken");
  return std::make_unique<int>(7);
}

Result<int> use(bool works) {
  QUARRY_ASSIGN(auto pointer, make(works));
  QUARRY_TRY(Status());
  return *pointer + 1;
}

TEST(Result, HandsOnValuesAndFailures) {
  EXPECT_EQ(*use(true), 8);
  EXPECT_EQ(use(false).status().code(), Code::kDevice);
  EXPECT_EQ(use(false).status().message(), "broken");
}

TEST(ResultDeathTest, ValueOfAFailureIsAProgrammersMistake) {
  EXPECT_DEATH((void)*use(false), "check failed: ok\\(\\)");
}

}  // namespace
}  // namespace quarry
