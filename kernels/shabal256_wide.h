/* shabal256_wide.h - the permutation with rotations by multiplication, for
 * builds of one lane: x * 2^n as 64 bits is x << n and, in the upper half, what
 * the rotation brings back.
 *
 * A GPU of NVIDIA has one unit for logic, shifts and additions and another one
 * for multiplications. The permutation keeps the first busy and the second
 * half idle; the mix says how many rotations go to the second. Which mix is
 * fastest depends on the card and is measured there.
 */
#ifndef QUARRY_KERNELS_SHABAL256_WIDE_H
#define QUARRY_KERNELS_SHABAL256_WIDE_H

#include "shabal256.h"

#define SHABAL_ROTATE 0 /* none: as shabal256.h does */
#define SHABAL_WIDE_1 1 /* rotations by 1 */
#define SHABAL_WIDE_5 5 /* rotations by 1, and every other one by 15 */

/* two and two_to_15 are 2 and 32768. They come from outside of the kernel, where
 * no compiler knows them and makes shifts again. */
struct shabal_rotations {
  u32 mix; /* one of the above, a constant in the caller */
  u32 two, two_to_15;
};

/* shabal_step; x5 and x3 are one multiplication each, beside the logic. */
DEVICE_FN void shabal_step_wide(u32 *A, u32 *B, const u32 *C, u32 m, int s,
                                const struct shabal_rotations *by) {
  u32 low, high, a = A[(s + 11) % 12], b = B[s % 16];
  if (by->mix == SHABAL_WIDE_5 && s % 2 == 1) {
    MUL_WIDE(a, by->two_to_15, &low, &high);
    a = low * 5u + high * 5u;
  } else {
    a = ROTATE_LEFT(a, 15) * 5u;
  }
  a = XOR3(A[s % 12], a, C[(56 - s) % 16]) * 3u;
  a = XOR3(a, XOR_AND_NOT(B[(s + 13) % 16], B[(s + 9) % 16], B[(s + 6) % 16]), m);
  A[s % 12] = a;
  if (by->mix == SHABAL_ROTATE) {
    B[s % 16] = XNOR(ROTATE_LEFT(b, 1), a);
  } else {
    MUL_WIDE(b, by->two, &low, &high);
    B[s % 16] = XNOR3(low, high, a);
  }
}

DEVICE_FN void shabal_permute_wide(u32 *A, u32 *B, const u32 *C, const u32 *M, u32 counter,
                                   const struct shabal_rotations *by) {
  A[0] ^= counter;
  UNROLL for (int s = 0; s < 48; s++) shabal_step_wide(A, B, C, M[s % 16], s, by);
  shabal_add_c(A, C);
}

/* shabal_last, in a loop: half the code. It rotates array B once too often,
 * which the digest, in C, does not notice. */
DEVICE_FN void shabal_last_wide(u32 *A, u32 *B, u32 *C, const u32 *M, u32 counter,
                                const struct shabal_rotations *by) {
  NO_UNROLL for (int pair = 0; pair < 2; pair++) {
    shabal_permute_wide(A, B, C, M, counter, by);
    shabal_again(C);
    shabal_permute_wide(A, C, B, M, counter, by);
    shabal_again(B);
  }
}

#endif
