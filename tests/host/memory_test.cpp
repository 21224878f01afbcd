// Host memory, private and shared with another mapping.
#include "host/memory.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace quarry {
namespace {

constexpr uint64_t kSmall = 10000;
constexpr uint64_t kHuge = uint64_t{2} << 20;

class MemoryTest : public testing::TestWithParam<Sharing> {};

TEST_P(MemoryTest, IsAlignedZeroedAndHasSlack) {
  for (const uint64_t size : {uint64_t{0}, uint64_t{1}, kSmall, kHuge, 3 * kHuge + 5}) {
    auto memory = HostMemory::allocate(size, GetParam());
    ASSERT_TRUE(memory.ok()) << memory.status().message();
    EXPECT_EQ(memory->size_bytes(), size);
    EXPECT_EQ(reinterpret_cast<uintptr_t>(memory->data()) % (size < kHuge ? 4096 : kHuge), 0u);
    const std::span<const std::byte> all(memory->data(), size + HostMemory::kSlackBytes);
    EXPECT_TRUE(std::all_of(all.begin(), all.end(), [](std::byte b) { return b == std::byte{}; }));
    std::fill(memory->bytes().begin(), memory->bytes().end(), std::byte{7});
    HostMemory moved = std::move(*memory);
    EXPECT_EQ(std::count(moved.bytes().begin(), moved.bytes().end(), std::byte{7}),
              static_cast<ptrdiff_t>(size));
  }
  EXPECT_EQ(HostMemory::allocate(UINT64_MAX, GetParam()).status().code(), Code::kOutOfMemory);
  EXPECT_EQ(HostMemory::allocate(uint64_t{1} << 62, GetParam()).status().code(),
            Code::kOutOfMemory);
}

INSTANTIATE_TEST_SUITE_P(Sharing, MemoryTest, testing::Values(Sharing::kPrivate, Sharing::kShared));

TEST(SharedMemoryTest, IsFoundByAddressWhileItLives) {
  auto own = HostMemory::allocate(kSmall);
  auto first = HostMemory::allocate(kSmall, Sharing::kShared);
  auto second = HostMemory::allocate(kHuge, Sharing::kShared);
  ASSERT_TRUE(own.ok() && first.ok() && second.ok());
  EXPECT_FALSE(HostMemory::find_shared(own->bytes()));
  const auto whole = HostMemory::find_shared(second->bytes());
  ASSERT_TRUE(whole);
  EXPECT_EQ(whole->offset, 0u);
  const auto part = HostMemory::find_shared(second->bytes().subspan(8192, kHuge - 8192));
  ASSERT_TRUE(part);
  EXPECT_EQ(part->descriptor, whole->descriptor);
  EXPECT_EQ(part->offset, 8192u);
  EXPECT_NE(HostMemory::find_shared(first->bytes())->descriptor, whole->descriptor);
  // Bytes before and behind are not the memory's.
  EXPECT_FALSE(HostMemory::find_shared({second->data() - 1, 100}));
  EXPECT_FALSE(HostMemory::find_shared({second->data() + kHuge - 99, 100}));
  const std::span<const std::byte> gone = second->bytes();
  HostMemory moved = std::move(*second);
  EXPECT_TRUE(HostMemory::find_shared(gone));
  moved = HostMemory();
  EXPECT_FALSE(HostMemory::find_shared(gone));
}

TEST(SharedMemoryTest, IsTheSameBytesInEveryMapping) {
  auto memory = HostMemory::allocate(3 * kHuge, Sharing::kShared);
  ASSERT_TRUE(memory.ok());
  for (const uint64_t offset : {uint64_t{0}, uint64_t{4096}, kHuge, kHuge + 12288}) {
    const auto place = HostMemory::find_shared(memory->bytes().subspan(offset));
    ASSERT_TRUE(place);
    auto mapped = HostMemory::map(*place, 3 * kHuge - offset);
    ASSERT_TRUE(mapped.ok()) << mapped.status().message();
    memory->data()[offset] = std::byte{1};
    mapped->bytes().back() = std::byte{2};
    EXPECT_EQ(mapped->data()[0], std::byte{1});
    EXPECT_EQ(memory->bytes().back(), std::byte{2});
    EXPECT_EQ(mapped->data()[mapped->size_bytes()], std::byte{}) << "the slack is there";
    // Huge pages of the memory are huge pages of the mapping.
    EXPECT_EQ((reinterpret_cast<uintptr_t>(mapped->data()) - offset) % kHuge, 0u);
    EXPECT_FALSE(HostMemory::find_shared(mapped->bytes()));
    memory->bytes().back() = std::byte{};
  }
}

TEST(SharedMemoryTest, RefusesToMapWhatIsNotThere) {
  auto memory = HostMemory::allocate(kSmall, Sharing::kShared);
  ASSERT_TRUE(memory.ok());
  const int descriptor = HostMemory::find_shared(memory->bytes())->descriptor;
  const struct {
    uint64_t offset, size;
  } cases[] = {
      {0, kSmall + 1},           {4096, kSmall},        {1, 1}, {16384, 1}, {0, UINT64_MAX},
      {4096, UINT64_MAX - 4095}, {UINT64_MAX - 4095, 1}};
  for (const auto& [offset, size] : cases)
    EXPECT_EQ(HostMemory::map({descriptor, offset}, size).status().code(), Code::kInvalidArgument)
        << size << " at " << offset;
  EXPECT_FALSE(HostMemory::map({-1, 0}, 1).ok());
}

}  // namespace
}  // namespace quarry
