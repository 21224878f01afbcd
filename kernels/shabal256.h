/* shabal256.h - the keyed permutation of Shabal-256, on `word`.
 *
 * Words are little-endian u32. A, B and C are the three parts of the state
 * named in the Shabal submission to NIST (2008, section 2.3); M is one message
 * block of 16 words. After every block B and C change roles: callers exchange
 * the arrays that they pass instead of moving 32 words.
 *
 * Plotting hashes the same long window again and again, so the work around
 * the permutation is arranged in the form that costs least:
 *   first block      B = rotl17(B + M)                  shabal_first
 *   later blocks     C becomes B: rotl17(C - Mold + Mnew)   shabal_next
 *   last 3 rounds    C becomes B: rotl17(C)             shabal_again
 */
#ifndef QUARRY_KERNELS_SHABAL256_H
#define QUARRY_KERNELS_SHABAL256_H

#include "portable.h"

/* State after the two prefix blocks that encode the output length, 256. The
 * block counter goes on at 1. */
TABLE u32 shabal256_a[12] = {
    0x52f84552u, 0xe54b7999u, 0x2d8ee3ecu, 0xb9645191u, 0xe0078b86u, 0xbb7c44c9u,
    0xd2b5c1cau, 0xb0d2eb8cu, 0x14ce5a45u, 0x22af50dcu, 0xeffdbc6bu, 0xeb21b74au};
TABLE u32 shabal256_b[16] = {
    0xb555c6eeu, 0x3e710596u, 0xa72a652fu, 0x9301515fu, 0xda28c1fau, 0x696fd868u,
    0x9cb6bf72u, 0x0afe4002u, 0xa6e03615u, 0x5138c1d4u, 0xbe216306u, 0xb38b8890u,
    0x3ea8b96bu, 0x3299ace4u, 0x30924dd4u, 0x55cb34a5u};
TABLE u32 shabal256_c[16] = {
    0xb405f031u, 0xc4233ebau, 0xb3733979u, 0xc0dd9d55u, 0xc51c28aeu, 0xa327b8e1u,
    0x56c56167u, 0xed614433u, 0x88b59d60u, 0x60e2cebau, 0x758b4b8bu, 0x83e82a7fu,
    0xbc968828u, 0xe6e00bf7u, 0xba839e55u, 0x9b491c60u};

DEVICE_FN void shabal_init(word *A, word *B, word *C) {
  UNROLL for (int i = 0; i < 12; i++) A[i] = SPLAT(shabal256_a[i]);
  UNROLL for (int i = 0; i < 16; i++) B[i] = SPLAT(shabal256_b[i]);
  UNROLL for (int i = 0; i < 16; i++) C[i] = SPLAT(shabal256_c[i]);
}

/* One step of the permutation with every index a constant once unrolled. */
DEVICE_FN void shabal_step(word *A, word *B, const word *C, word m, int s) {
  word a = ROTATE_LEFT(A[(s + 11) % 12], 15);
  a += a << 2;
  a = XOR3(A[s % 12], a, C[(56 - s) % 16]);
  a += a + a;
  a = XOR3(a, XOR_AND_NOT(B[(s + 13) % 16], B[(s + 9) % 16], B[(s + 6) % 16]), m);
  A[s % 12] = a;
  a = XNOR(ROTATE_LEFT(B[s % 16], 1), a);
  B[s % 16] = a;
}

/* The end of the permutation: A += three words of C each. The three words of
 * one class mod 4 are the class's sum less one word. */
DEVICE_FN void shabal_add_c(word *A, const word *C) {
  word sum[4];
  UNROLL for (int r = 0; r < 4; r++) sum[r] = C[r] + C[r + 4] + C[r + 8] + C[r + 12];
  UNROLL for (int k = 0; k < 12; k++) A[k] += sum[(k + 3) % 4] - C[(k + 7) % 16];
}

/* Permutation of block number `counter` < 2^32; B already rotated by 17 with
 * its message added. 48 steps = lcm(12, 16). */
DEVICE_FN void shabal_permute(word *A, word *B, const word *C, const word *M, u32 counter) {
  A[0] ^= SPLAT(counter);
  UNROLL for (int s = 0; s < 48; s++) shabal_step(A, B, C, M[s % 16], s);
  shabal_add_c(A, C);
}

DEVICE_FN void shabal_first(word *B, const word *M) {
  UNROLL for (int i = 0; i < 16; i++) {
    const word b = B[i] + M[i];
    B[i] = ROTATE_LEFT(b, 17);
  }
}

DEVICE_FN void shabal_next(word *C, const word *M_old, const word *M_new) {
  UNROLL for (int i = 0; i < 16; i++) {
    const word c = C[i] - M_old[i] + M_new[i];
    C[i] = ROTATE_LEFT(c, 17);
  }
}

DEVICE_FN void shabal_again(word *C) {
  UNROLL for (int i = 0; i < 16; i++) C[i] = ROTATE_LEFT(C[i], 17);
}

/* The padded last block, number `counter`, and its three repetitions. On entry
 * B is rotated with M added. The digest is words 8..15 of array C. */
DEVICE_FN void shabal_last(word *A, word *B, word *C, const word *M, u32 counter) {
  shabal_permute(A, B, C, M, counter);
  shabal_again(C);
  shabal_permute(A, C, B, M, counter);
  shabal_again(B);
  shabal_permute(A, B, C, M, counter);
  shabal_again(C);
  shabal_permute(A, C, B, M, counter);
}

#endif
