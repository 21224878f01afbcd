#include "base/sha256.h"

#include <gtest/gtest.h>

#include "base/hex.h"

namespace quarry {
namespace {

// FIPS 180-4's examples (NIST CSRC, "SHA256.pdf").
TEST(Sha256, KnownDigests) {
  EXPECT_EQ(format_hex(sha256(text_bytes(""))),
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(format_hex(sha256(text_bytes("abc"))),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

TEST(Sha256, PartsAreOneMessage) {
  EXPECT_EQ(sha256({text_bytes("a"), text_bytes(""), text_bytes("bc")}), sha256(text_bytes("abc")));
}

}  // namespace
}  // namespace quarry
