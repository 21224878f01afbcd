#include "base/utf8.h"

#include <gtest/gtest.h>

#include "base/hex.h"

namespace quarry {
namespace {

bool is_utf8_hex(const char* hex) { return is_utf8(*parse_hex(hex)); }

TEST(Utf8, WellFormed) {
  for (const char* hex : {"", "00", "7f", "c280", "dfbf", "e0a080", "ed9fbf", "ee8080", "efbfbf",
                          "f0908080", "f48fbfbf", "68e29c9321"})
    EXPECT_TRUE(is_utf8_hex(hex)) << hex;
}

TEST(Utf8, IllFormed) {
  for (const char* hex :
       {"80", "bf", "c0af", "c1bf", "c2", "c27f", "c2c0", "e09fbf", "e0a0", "eda080", "edbfbf",
        "f0808080", "f08fbfbf", "f4908080", "f5808080", "ff", "f09080", "41c2", "e28241"})
    EXPECT_FALSE(is_utf8_hex(hex)) << hex;
}

}  // namespace
}  // namespace quarry
