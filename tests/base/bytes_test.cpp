#include "base/bytes.h"

#include <gtest/gtest.h>

#include "base/hex.h"

namespace quarry {
namespace {

TEST(Bytes, FieldsGoAndComeBack) {
  ByteWriter writer;
  writer.integer<uint8_t>(0x01);
  writer.integer<int32_t>(-2);
  writer.integer<uint64_t>(0x0123456789ABCDEF);
  writer.bytes(text_bytes("end"));
  EXPECT_EQ(format_hex(writer.result()), "01feffffffefcdab8967452301656e64");

  ByteReader reader(writer.result());
  EXPECT_EQ(reader.integer<uint8_t>(), 1);
  EXPECT_EQ(reader.integer<int32_t>(), -2);
  EXPECT_EQ(reader.integer<uint64_t>(), 0x0123456789ABCDEF);
  EXPECT_EQ(format_hex(reader.take(3)), "656e64");
  EXPECT_TRUE(reader.ok());
  EXPECT_EQ(reader.left(), 0u);
}

TEST(Bytes, BigEndFirst) {
  EXPECT_EQ(format_hex(bytes_be<uint64_t>(1)), "0000000000000001");
  EXPECT_EQ(format_hex(bytes_be<uint32_t>(0xA1B2C3D4)), "a1b2c3d4");
}

// A short message is zeros and a refusal, at any cut.
TEST(Bytes, PastTheEndIsRemembered) {
  const auto bytes = *parse_hex("ffffffffffffffffffffff");
  const std::span<const std::byte> all = bytes;
  for (size_t length = 0; length < 11; length++) {
    ByteReader reader(all.first(length));
    const auto number = reader.integer<uint64_t>();
    const auto tail = reader.array<3>();
    EXPECT_FALSE(reader.ok()) << length;
    EXPECT_EQ(number, length < 8 ? 0 : UINT64_MAX);
    EXPECT_EQ(format_hex(tail), "000000");
    EXPECT_EQ(reader.integer<uint8_t>(), 0) << "nothing is read behind a gap";
  }
}

}  // namespace
}  // namespace quarry
