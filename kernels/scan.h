/* scan.h - the mining round: which nonce of these has the smallest hit?
 *
 * hit = first 8 bytes, as a little-endian u64, of
 *       Shabal256(generation signature, 32 bytes || scoop, 64 bytes)
 * and deadline = hit / base target.
 */
#ifndef QUARRY_KERNELS_SCAN_H
#define QUARRY_KERNELS_SCAN_H

#include "shabal256.h"

/* A generation signature as little-endian words. */
struct scan_signature {
  u32 words[8];
};

/* Hit of the scoop in S[0..15]. */
DEVICE_FN void scan_hit(const struct scan_signature *signature, const word *S, word *low,
                        word *high) {
  word A[12], B[16], C[16], M[16], N[16];
  UNROLL for (int i = 0; i < 8; i++) {
    M[i] = SPLAT(signature->words[i]);
    M[8 + i] = S[i];
    N[i] = S[8 + i];
    N[8 + i] = SPLAT(i == 0 ? 0x80u : 0u);
  }
  shabal_init(A, B, C);
  shabal_first(B, M);
  shabal_permute(A, B, C, M, 1);
  shabal_next(C, M, N);
  shabal_last(A, C, B, N, 2);
  *low = B[8];
  *high = B[9];
}

/* Smallest hit of `count` scoops of 64 bytes, one behind the other. Item i of
 * `items` looks at scoops i, i + items, i + 2 * items, ...; its answer is
 *   best[i] (low word), best[items + i] (high word), best[2 * items + i] (index),
 * the first one where hits are equal; all ones where it had no scoop. On a
 * host, `scoops` must be readable for LANES - 1 scoops past the end and items
 * be a multiple of LANES. */
KERNEL void scan_hits(WORK_ITEM GLOBAL const u32 *scoops, GLOBAL u32 *best,
                      struct scan_signature signature, u32 count, u32 items) {
  const u32 item_index = GLOBAL_ID;
  if (item_index >= items) return;
  word best_low = SPLAT(~0u), best_high = SPLAT(~0u), best_index = SPLAT(~0u);
  NO_UNROLL for (u64 n = item_index; n < count; n += items) {
    word S[16], low, high;
    LOAD_RECORDS(S, scoops + n * 16);
    scan_hit(&signature, S, &low, &high);
    const word index = SPLAT((u32)n) + LANE_NUMBERS;
    const word inside = (index < SPLAT(count)) ? SPLAT(~0u) : SPLAT(0u);
    const word equal = (high == best_high) ? SPLAT(~0u) : SPLAT(0u);
    const word less_high = (high < best_high) ? SPLAT(~0u) : SPLAT(0u);
    const word less_low = (low < best_low) ? SPLAT(~0u) : SPLAT(0u);
    const word better = inside & (less_high | (equal & less_low));
    best_low = (better & low) | (~better & best_low);
    best_high = (better & high) | (~better & best_high);
    best_index = (better & index) | (~better & best_index);
  }
  STORE_WORD(best + item_index, best_low);
  STORE_WORD(best + items + item_index, best_high);
  STORE_WORD(best + 2 * items + item_index, best_index);
}

#endif
