/* plot_main.h - hashes 128 .. 8191 of a nonce, 98.4 % of the work of a plot, for
 * builds of one lane: what plot_hashes computes, arranged for GPUs.
 *
 *   plot_main      rotations by rotating
 *   plot_main_m1   rotations by 1 through the multiplier
 *   plot_main_m5   the same and half of those by 15 (neither is in OpenCL's text,
 *                  where the driver builds each kernel in seconds)
 *
 * All give the same hashes from the same arguments; shabal256_wide.h says why
 * there are three. plot_hashes computes the hashes before 128, and is the
 * reference of the others.
 *
 * A hash reads its window of 128 hashes again, 33 MB for one nonce, which is
 * more than most cards' memory gives. So the newest hashes can be kept in the
 * group's memory, in a ring: ring_hashes for each work item, 32 bytes each, seen
 * by this work item alone, so that there is no barrier. The ring is a small
 * `hashes` (plot.h) with hash h at position h % ring_hashes.
 */
#ifndef QUARRY_KERNELS_PLOT_MAIN_H
#define QUARRY_KERNELS_PLOT_MAIN_H

#include "plot.h"
#include "shabal256_wide.h"

/* u32 from one hash of a nonce to the next. */
#define PLOT_HASH_STEP (8u * INTERLEAVE)

/* The ring of one work item. */
struct plot_ring {
  LOCAL u32 *hashes; /* slot s begins at s * PLOT_HASH_STEP */
  u32 slots;         /* a multiple of 4; 0: there is no ring */
  u32 newest;        /* the slot of the newest hash */
};

/* A group that is not made of whole runs of INTERLEAVE items has no ring. */
DEVICE_FN struct plot_ring plot_ring_of(LOCAL u32 *memory, u32 item, u32 group_size, u32 slots) {
  struct plot_ring ring;
  ring.slots = group_size % INTERLEAVE == 0 ? slots : 0;
  ring.hashes = memory + item / INTERLEAVE * slots * PLOT_HASH_STEP;
  ring.hashes += item % INTERLEAVE * LANE_WORDS;
  ring.newest = ring.slots - 1;
  return ring;
}

/* Loads the hash in *slot and the one before it, and goes on to the next two. */
DEVICE_FN void plot_load_ring(u32 *M, const struct plot_ring *ring, u32 *slot) {
  UNROLL for (int hash = 0; hash < 16; hash += 8) {
    LOCAL const u32 *p = ring->hashes + *slot * PLOT_HASH_STEP;
    UNROLL for (int i = 0; i < 8; i += LANE_WORDS)
      LOCAL_LOAD_PART(M + hash + i, p + i * INTERLEAVE);
    /* Before slot 0 comes the last one: u32 wraps, and then the smaller counts. */
    const u32 before = *slot - 1, last = ring->slots - 1;
    *slot = before < last ? before : last;
  }
}

DEVICE_FN void plot_store_ring(const struct plot_ring *ring, u32 slot, const u32 *hash) {
  LOCAL u32 *p = ring->hashes + slot * PLOT_HASH_STEP;
  UNROLL for (int i = 0; i < 8; i += LANE_WORDS) LOCAL_STORE_PART(p + i * INTERLEAVE, hash + i);
}

/* A hash over a full window: 64 blocks, the newest from the ring, the others
 * from p (the newest hash in global memory) on, and one block of padding. Each
 * block is loaded one permutation before it is needed. The digest is C[8..15]. */
DEVICE_FN void plot_main_window(GLOBAL const u32 *p, const struct plot_ring *ring,
                                const struct shabal_rotations *by, u32 *C) {
  u32 A[12], B[16], M[16], N[16];
  const u32 ring_pairs = ring->slots / 4;
  u32 counter = 1, pair = 1, slot = ring->newest;
  shabal_init(A, B, C);
  if (ring_pairs > 0) {
    plot_load_ring(M, ring, &slot);
    plot_load_ring(N, ring, &slot);
  } else {
    plot_load_block(M, p);
    plot_load_block(N, p + 2 * PLOT_HASH_STEP);
  }
  shabal_first(B, M);
  /* A loop for each kind of memory, so that none has to choose. */
  NO_UNROLL for (; pair < ring_pairs; pair++) {
    shabal_permute_wide(A, B, C, M, counter++, by);
    shabal_next(C, M, N);
    plot_load_ring(M, ring, &slot);
    shabal_permute_wide(A, C, B, N, counter++, by);
    shabal_next(B, N, M);
    plot_load_ring(N, ring, &slot);
  }
  p += pair * (4 * PLOT_HASH_STEP);
  NO_UNROLL for (; pair < PLOT_WINDOW / 4; pair++) {
    shabal_permute_wide(A, B, C, M, counter++, by);
    shabal_next(C, M, N);
    plot_load_block(M, p);
    shabal_permute_wide(A, C, B, N, counter++, by);
    shabal_next(B, N, M);
    plot_load_block(N, p + 2 * PLOT_HASH_STEP);
    p += 4 * PLOT_HASH_STEP;
  }
  shabal_permute_wide(A, B, C, M, counter++, by);
  shabal_next(C, M, N);
  UNROLL for (int i = 0; i < 16; i++) M[i] = i == 0 ? 0x80u : 0u;
  shabal_permute_wide(A, C, B, N, counter++, by);
  shabal_next(B, N, M);
  shabal_last_wide(A, B, C, M, counter, by);
}

/* Hashes first_hash .. last_hash - 1 of the nonce whose position 0 is at p. */
DEVICE_FN void plot_main_hashes(GLOBAL u32 *p, struct plot_ring ring, u32 first_hash,
                                u32 last_hash, const struct shabal_rotations *by) {
  u32 C[16];
  p += (PLOT_HASHES - 1 - first_hash) * PLOT_HASH_STEP;
  NO_UNROLL for (u32 i = 0; i < ring.slots; i++) {
    plot_load_hash(C, p + (i + 1) * PLOT_HASH_STEP);
    plot_store_ring(&ring, ring.newest - i, C);
  }
  NO_UNROLL for (u32 k = first_hash; k < last_hash; k++) {
    plot_main_window(p + PLOT_HASH_STEP, &ring, by, C);
    plot_store_hash(p, C);
    p -= PLOT_HASH_STEP;
    if (ring.slots > 0) {
      ring.newest = ring.newest + 1 < ring.slots ? ring.newest + 1 : 0;
      plot_store_ring(&ring, ring.newest, C + 8);
    }
  }
}

/* Computes hashes first_hash .. last_hash - 1 of `count` nonces, of which those
 * before first_hash are there: 128 <= first_hash, last_hash <= 8192. Launches may
 * be cut at any hash. ring_hashes is a multiple of 4 and at most 124, or 0 for no
 * ring; a group needs ring_hashes * 32 bytes of group memory for each item, and
 * its size is a multiple of INTERLEAVE (else it computes without a ring). `two`
 * is 2 and two_to_15 is 32768; plot_main does not look at them. */
KERNEL void plot_main(WORK_ITEM WITH_GROUP_MEMORY GLOBAL u32 *hashes, u32 count, u32 first_hash,
                      u32 last_hash, u32 ring_hashes, u32 two, u32 two_to_15) {
  const u32 n = GLOBAL_ID;
  if (n >= count) return;
  const struct shabal_rotations by = {SHABAL_ROTATE, two, two_to_15};
  plot_main_hashes(hashes + plot_index(n, 0),
                   plot_ring_of(GROUP_MEMORY, LOCAL_ID, LOCAL_SIZE, ring_hashes), first_hash,
                   last_hash, &by);
}

#if !defined(__OPENCL_C_VERSION__)
KERNEL void plot_main_m1(WORK_ITEM WITH_GROUP_MEMORY GLOBAL u32 *hashes, u32 count, u32 first_hash,
                         u32 last_hash, u32 ring_hashes, u32 two, u32 two_to_15) {
  const u32 n = GLOBAL_ID;
  if (n >= count) return;
  const struct shabal_rotations by = {SHABAL_WIDE_1, two, two_to_15};
  plot_main_hashes(hashes + plot_index(n, 0),
                   plot_ring_of(GROUP_MEMORY, LOCAL_ID, LOCAL_SIZE, ring_hashes), first_hash,
                   last_hash, &by);
}

KERNEL void plot_main_m5(WORK_ITEM WITH_GROUP_MEMORY GLOBAL u32 *hashes, u32 count, u32 first_hash,
                         u32 last_hash, u32 ring_hashes, u32 two, u32 two_to_15) {
  const u32 n = GLOBAL_ID;
  if (n >= count) return;
  const struct shabal_rotations by = {SHABAL_WIDE_5, two, two_to_15};
  plot_main_hashes(hashes + plot_index(n, 0),
                   plot_ring_of(GROUP_MEMORY, LOCAL_ID, LOCAL_SIZE, ring_hashes), first_hash,
                   last_hash, &by);
}
#endif

#endif
