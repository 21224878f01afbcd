/* plot.h - proof-of-capacity plots, format PoC2: the three kernels that turn
 * an account id and a range of nonces into scoops.
 *
 *   plot_hashes   hash k = 0..8191 of each nonce, newest first in its window
 *   plot_final    the hash over everything that is XORed into everything
 *   plot_scoops   XOR, the PoC2 swap and the turn from nonce order to scoop
 *                 order (the order of a plot file), in one pass
 *
 * and two that take any nonces of any accounts, by their seeds: what is behind
 * hash 127 needs no seed but in the final hash.
 *
 *   plot_seeded_hashes   hashes 0..127 of each nonce
 *   plot_seeded_final    as plot_final
 *
 * A nonce is 8192 hashes of 32 bytes. Hash k covers the hashes before it,
 * newest first, then the seed (account id and nonce, both big-endian), cut at
 * 4096 bytes: from k = 128 on the seed no longer shows. Hash k stands at
 * position 8191 - k of the plain (PoC1) nonce.
 *
 * Buffer `hashes`: word w of hash k of nonce n is
 *   hashes[((n / INTERLEAVE * 8192 + 8191 - k) * 8 + w / LANE_WORDS * LANE_WORDS) * INTERLEAVE
 *          + n % INTERLEAVE * LANE_WORDS + w % LANE_WORDS]
 * so that neighbours touch neighbours, each with LANE_WORDS words at once, and
 * a window is one ascending run. Its size is PLOT_NONCE_WORDS u32 for each nonce,
 * with the number of nonces rounded up to a multiple of INTERLEAVE. `finals` has
 * the same shape with one hash per nonce, and `seeds` with four words per nonce:
 * the bytes of account id and nonce, both big-endian, as the hash reads them.
 */
#ifndef QUARRY_KERNELS_PLOT_H
#define QUARRY_KERNELS_PLOT_H

#include "plot_constants.h"
#include "shabal256.h"

DEVICE_FN u64 plot_index(u32 nonce, u32 position) {
  return (((u64)(nonce / INTERLEAVE) * PLOT_HASHES + position) * 8u) * INTERLEAVE +
         nonce % INTERLEAVE * LANE_WORDS;
}

DEVICE_FN u64 plot_final_index(u32 nonce) {
  return (u64)(nonce / INTERLEAVE) * 8u * INTERLEAVE + nonce % INTERLEAVE * LANE_WORDS;
}

DEVICE_FN u64 plot_seed_index(u32 nonce) {
  return (u64)(nonce / INTERLEAVE) * 4u * INTERLEAVE + nonce % INTERLEAVE * LANE_WORDS;
}

/* Loads the 8 words of the hash at p. */
DEVICE_FN void plot_load_hash(word *M, GLOBAL const u32 *p) {
  UNROLL for (int i = 0; i < 8; i += LANE_WORDS) LOAD_PART(M + i, p + i * INTERLEAVE);
}

/* Loads 16 words: the hash at p and the one before it in time. */
DEVICE_FN void plot_load_block(word *M, GLOBAL const u32 *p) {
  plot_load_hash(M, p);
  plot_load_hash(M + 8, p + 8 * INTERLEAVE);
}

/* Stores the digest, C[8..15]. */
DEVICE_FN void plot_store_hash(GLOBAL u32 *p, const word *C) {
  UNROLL for (int i = 0; i < 8; i += LANE_WORDS) STORE_PART(p + i * INTERLEAVE, C + 8 + i);
}

DEVICE_FN u32 byte_swap(u32 x) {
  return (x >> 24) | ((x >> 8) & 0xff00u) | ((x << 8) & 0xff0000u) | (x << 24);
}

/* Big-endian words of nonce numbers nonce, nonce + step, ..., one per lane. */
DEVICE_FN void plot_nonce_words(u64 nonce, u64 step, word *high, word *low) {
#if LANES > 1
  u32 h[LANES], l[LANES];
  for (u32 i = 0; i < LANES; i++) {
    h[i] = byte_swap((u32)((nonce + i * step) >> 32));
    l[i] = byte_swap((u32)(nonce + i * step));
  }
  *high = LOAD_WORD(h);
  *low = LOAD_WORD(l);
#else
  (void)step; /* one lane: the caller has added it */
  *high = byte_swap((u32)(nonce >> 32));
  *low = byte_swap((u32)nonce);
#endif
}

/* The seed of nonce numbers nonce, nonce + step, ..., one per lane. */
DEVICE_FN void plot_make_seed(word *seed, u64 id, u64 nonce, u64 step) {
  seed[0] = SPLAT(byte_swap((u32)(id >> 32)));
  seed[1] = SPLAT(byte_swap((u32)id));
  plot_nonce_words(nonce, step, &seed[2], &seed[3]);
}

/* Where the seeds of nonces come from: made of an id and nonce numbers nonce,
 * nonce + step, ..., or read at `given`, unless that is null. */
struct plot_seeds {
  u64 id, nonce, step;
  GLOBAL const u32 *given;
};

/* A hash whose message ends in the seed: `count` hashes from p on, the seed,
 * padding. The digest is C[8..15]. Short messages and the final hash; 1.5 % of
 * the work, so that it is written to be short. The seed is made when it is
 * needed: no registers hold it meanwhile. */
DEVICE_FN void plot_hash_with_seed(GLOBAL const u32 *p, u32 count, struct plot_seeds seeds,
                                   word *C) {
  word A[12], B[16], M[16];
  u32 counter = 1;
  shabal_init(A, B, C);
  NO_UNROLL for (u32 block = 0; block < count / 2; block++) {
    plot_load_block(M, p);
    p += 16 * INTERLEAVE;
    shabal_first(B, M);
    shabal_permute(A, B, C, M, counter);
    counter++;
    UNROLL for (int i = 0; i < 16; i++) {
      const word c = C[i] - M[i];
      C[i] = B[i];
      B[i] = c;
    }
  }
  word seed[5];
  if (seeds.given) {
    UNROLL for (int i = 0; i < 4; i += LANE_WORDS)
      LOAD_PART(seed + i, seeds.given + i * INTERLEAVE);
  } else {
    seed[0] = SPLAT(byte_swap((u32)(seeds.id >> 32)));
    seed[1] = SPLAT(byte_swap((u32)seeds.id));
    plot_nonce_words(seeds.nonce, seeds.step, &seed[2], &seed[3]);
  }
  seed[4] = SPLAT(0x80u);
  UNROLL for (int i = 0; i < 16; i++) M[i] = SPLAT(0u);
  if (count % 2) {
    plot_load_hash(M, p);
    UNROLL for (int i = 0; i < 5; i++) M[8 + i] = seed[i];
  } else {
    UNROLL for (int i = 0; i < 5; i++) M[i] = seed[i];
  }
  shabal_first(B, M);
  shabal_last(A, B, C, M, counter);
}

/* A hash over a full window: 64 blocks from p on, and one block of padding. */
DEVICE_FN void plot_hash_window(GLOBAL const u32 *p, word *C) {
  word A[12], B[16], M[16], N[16];
  u32 counter = 1;
  shabal_init(A, B, C);
  plot_load_block(M, p);
  shabal_first(B, M);
  NO_UNROLL for (int pair = 0; pair < 32; pair++) {
    p += 16 * INTERLEAVE;
    plot_load_block(N, p);
    shabal_permute(A, B, C, M, counter);
    shabal_next(C, M, N);
    p += 16 * INTERLEAVE;
    if (pair < 31) {
      plot_load_block(M, p);
    } else {
      UNROLL for (int i = 0; i < 16; i++) M[i] = SPLAT(i == 0 ? 0x80u : 0u);
    }
    shabal_permute(A, C, B, N, counter + 1);
    shabal_next(B, N, M);
    counter += 2;
  }
  shabal_last(A, B, C, M, counter);
}

/* Computes hashes first_hash .. last_hash - 1 of `count` nonces: start,
 * start + step, start + 2 * step, ... A batch may be cut into launches at any
 * hash. */
KERNEL void plot_hashes(WORK_ITEM GLOBAL u32 *hashes, u64 id, u64 start, u64 step, u32 count,
                        u32 first_hash, u32 last_hash) {
  const u32 n = GLOBAL_ID;
  if (n >= count) return;
  word C[16];
  GLOBAL u32 *target = hashes + plot_index(n, PLOT_HASHES - 1 - first_hash);
  u32 k = first_hash;
  NO_UNROLL for (; k < last_hash && k < PLOT_WINDOW; k++) {
    const struct plot_seeds seeds = {id, start + n * step, step, 0};
    plot_hash_with_seed(target + 8 * INTERLEAVE, k, seeds, C);
    plot_store_hash(target, C);
    target -= 8 * INTERLEAVE;
  }
  NO_UNROLL for (; k < last_hash; k++) {
    plot_hash_window(target + 8 * INTERLEAVE, C);
    plot_store_hash(target, C);
    target -= 8 * INTERLEAVE;
  }
}

/* Computes the final hash of each nonce, over all 8192 hashes and the seed. */
KERNEL void plot_final(WORK_ITEM GLOBAL const u32 *hashes, GLOBAL u32 *finals, u64 id, u64 start,
                       u64 step, u32 count) {
  const u32 n = GLOBAL_ID;
  if (n >= count) return;
  word C[16];
  const struct plot_seeds seeds = {id, start + n * step, step, 0};
  plot_hash_with_seed(hashes + plot_index(n, 0), PLOT_HASHES, seeds, C);
  plot_store_hash(finals + plot_final_index(n), C);
}

/* Computes hashes 0 .. 127 of `count` nonces whose seeds are given. */
KERNEL void plot_seeded_hashes(WORK_ITEM GLOBAL u32 *hashes, GLOBAL const u32 *seeds, u32 count) {
  const u32 n = GLOBAL_ID;
  if (n >= count) return;
  word C[16];
  GLOBAL u32 *target = hashes + plot_index(n, PLOT_HASHES - 1);
  NO_UNROLL for (u32 k = 0; k < PLOT_WINDOW; k++) {
    const struct plot_seeds given = {0, 0, 0, seeds + plot_seed_index(n)};
    plot_hash_with_seed(target + 8 * INTERLEAVE, k, given, C);
    plot_store_hash(target, C);
    target -= 8 * INTERLEAVE;
  }
}

/* Computes the final hash of each of them. */
KERNEL void plot_seeded_final(WORK_ITEM GLOBAL const u32 *hashes, GLOBAL const u32 *seeds,
                              GLOBAL u32 *finals, u32 count) {
  const u32 n = GLOBAL_ID;
  if (n >= count) return;
  word C[16];
  const struct plot_seeds given = {0, 0, 0, seeds + plot_seed_index(n)};
  plot_hash_with_seed(hashes + plot_index(n, 0), PLOT_HASHES, given, C);
  plot_store_hash(finals + plot_final_index(n), C);
}

/* Writes the 8 words of one half of a scoop of one nonce. */
DEVICE_FN void plot_store_half(GLOBAL u32 *target, GLOBAL const u32 *hash, GLOBAL const u32 *mask) {
#if LANE_WORDS == 4
  UNROLL for (int i = 0; i < 8; i += 4) {
    u32 words[4], mask_words[4];
    LOAD_PART(words, hash + i * INTERLEAVE);
    LOAD_PART(mask_words, mask + i * INTERLEAVE);
    UNROLL for (int j = 0; j < 4; j++) words[j] ^= mask_words[j];
    STORE_PART(target + i, words);
  }
#else
  UNROLL for (int i = 0; i < 8; i++) target[i] = hash[i * INTERLEAVE] ^ mask[i * INTERLEAVE];
#endif
}

/* Writes scoops first_scoop .. first_scoop + scoops - 1 of every nonce in the
 * order of a plot file: scoop s of nonce n goes to
 *   out[first_word + (s - first_scoop) * row_words + n * 16], 16 words.
 * One item per nonce and scoop: item = (s - first_scoop) * count + n, so that
 * scoops * count < 2^32. first_word and row_words are multiples of LANE_WORDS. In
 * PoC2 the second half of scoop s is the second half of PoC1 scoop 4095 - s. */
KERNEL void plot_scoops(WORK_ITEM GLOBAL const u32 *hashes, GLOBAL const u32 *finals,
                        GLOBAL u32 *out, u64 first_word, u64 row_words, u32 count,
                        u32 first_scoop, u32 scoops) {
  const u32 n = GLOBAL_ID % count;
  const u32 row = GLOBAL_ID / count;
  if (row >= scoops) return;
  const u32 s = first_scoop + row;
  GLOBAL const u32 *half_1 = hashes + plot_index(n, 2 * s);
  GLOBAL const u32 *half_2 = hashes + plot_index(n, PLOT_HASHES - 1 - 2 * s);
  GLOBAL const u32 *mask = finals + plot_final_index(n);
  GLOBAL u32 *target = out + first_word + row * row_words + (u64)n * 16u;
  plot_store_half(target, half_1, mask);
  plot_store_half(target + 8, half_2, mask);
}

#endif
