// The rings of plot_main in the layout of GPUs. On a host work items run one
// after the other, and would not notice that they share a ring.
#define INTERLEAVE 32
#define LANE_WORDS 4
#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "kernels/plot_main.h"

namespace {

// A word that no other hash has.
u32 mark(u32 item, u32 slot, u32 w) { return (item * 128 + slot) * 8 + w + 1; }

TEST(PlotRingTest, ItemsHaveRingsOfTheirOwnThatFillTheGroupsMemory) {
  struct alignas(16) Quad {
    u32 words[4];
  };
  for (const u32 slots : {4u, 24u, 124u}) {
    for (const u32 group_size : {32u, 64u, 384u}) {
      std::vector<Quad> memory(group_size * slots * 2);
      u32* const words = memory.front().words;
      for (u32 item = 0; item < group_size; item++) {
        const plot_ring ring = plot_ring_of(words, item, group_size, slots);
        ASSERT_EQ(ring.slots, slots);
        for (u32 slot = 0; slot < slots; slot++) {
          u32 hash[8];
          for (u32 w = 0; w < 8; w++) hash[w] = mark(item, slot, w);
          plot_store_ring(&ring, slot, hash);
        }
      }
      // Every item wrote as if all had run at once: each hash is still there.
      for (u32 item = 0; item < group_size; item++) {
        const plot_ring ring = plot_ring_of(words, item, group_size, slots);
        u32 next = ring.newest;
        for (u32 slot = slots; slot > 0; slot -= 2) {
          u32 block[16], expected[16];
          plot_load_ring(block, &ring, &next);
          for (u32 w = 0; w < 16; w++) expected[w] = mark(item, slot - 1 - w / 8, w % 8);
          ASSERT_TRUE(std::equal(block, block + 16, expected))
              << "item " << item << " of " << group_size << ", slot " << slot - 1;
        }
        EXPECT_EQ(next, slots - 1);
      }
      EXPECT_EQ(std::count_if(memory.begin(), memory.end(),
                              [](const Quad& quad) { return quad.words[0] == 0; }),
                0);
    }
  }
}

// Their last items would have places past the end.
TEST(PlotRingTest, GroupsOfPartOfARunHaveNone) {
  u32 word = 0;
  for (const u32 group_size : {1u, 31u, 33u, 95u})
    EXPECT_EQ(plot_ring_of(&word, 0, group_size, 24).slots, 0u) << group_size;
}

}  // namespace
