#include "base/printable.h"

#include <gtest/gtest.h>

namespace quarry {
namespace {

TEST(Printable, ShowsOneShortLine) {
  EXPECT_EQ(printable("", 10), "");
  EXPECT_EQ(printable("No such account", 15), "No such account");
  EXPECT_EQ(printable("No such account", 14), "No such acc...");
  EXPECT_EQ(printable("No such account", 3), "...");
}

TEST(Printable, LeavesNothingThatATerminalObeys) {
  EXPECT_EQ(printable("a\x1B[2Jb\r\nc\x7F", 20), "a [2Jb  c ");
  EXPECT_EQ(printable(std::string_view("a\0b", 3), 20), "a b");
  EXPECT_EQ(printable("K\xC3\xB6ln \xC2\x9B", 20), "K??ln ??");
  EXPECT_EQ(printable("12345\xC3\xB6", 6), "123...") << "no half of a letter is left";
}

}  // namespace
}  // namespace quarry
