/* portable_simd.h - `word` on a host: LANES neighbouring work items in one GCC
 * or Clang vector. Part of portable.h, which includes it where LANES > 1.
 *
 * Everything is always_inline: the same text is compiled once per instruction
 * set, and no copy may be shared between those objects by the linker.
 */
#ifndef QUARRY_KERNELS_PORTABLE_SIMD_H
#define QUARRY_KERNELS_PORTABLE_SIMD_H

#include <utility> /* integer_sequence: a type, no code */

typedef u32 word __attribute__((vector_size(4 * LANES)));

DEVICE_FN word load_word_(const u32 *p) {
  word w;
  memcpy(&w, p, sizeof w);
  return w;
}
DEVICE_FN void store_word_(u32 *p, word w) { memcpy(p, &w, sizeof w); }
DEVICE_FN word splat_(u32 x) { return x - word{}; }
template <int... lane>
DEVICE_FN word lane_numbers_(std::integer_sequence<int, lane...>) {
  return word{lane...};
}
#define LOAD_WORD(p) load_word_(p)
#define STORE_WORD(p, w) store_word_((p), (w))
#define SPLAT(x) splat_(x)
#define LANE_NUMBERS lane_numbers_(std::make_integer_sequence<int, LANES>{})

/* One native vector: NATIVE_LANES words. A word is one or two of them. */
#if !defined(NATIVE_LANES)
#define NATIVE_LANES LANES
#endif
typedef u32 native_word __attribute__((vector_size(4 * NATIVE_LANES)));
#define NATIVE_NUMBERS std::make_integer_sequence<int, NATIVE_LANES>

/* Transposes NATIVE_LANES x NATIVE_LANES words in log2(NATIVE_LANES) rounds: in
 * round `d` the off-diagonal blocks of d x d words of rows j and j + d change
 * places. */
template <int d, int high, int... lane>
DEVICE_FN native_word exchange_(native_word a, native_word b, std::integer_sequence<int, lane...>) {
  return __builtin_shufflevector(a, b,
                                 (high ? ((lane & d) ? NATIVE_LANES + lane : lane + d)
                                       : ((lane & d) ? NATIVE_LANES + lane - d : lane))...);
}
template <int d>
DEVICE_FN void transpose_round_(native_word *row) {
  UNROLL for (int j = 0; j < NATIVE_LANES; j++) {
    if (j & d) continue;
    const native_word a = row[j], b = row[j + d];
    row[j] = exchange_<d, 0>(a, b, NATIVE_NUMBERS{});
    row[j + d] = exchange_<d, 1>(a, b, NATIVE_NUMBERS{});
  }
}

/* row[w] lane j = word w of record j, for NATIVE_LANES records of 16 words that
 * lie one behind the other at p. */
DEVICE_FN void load_native_records_(native_word *row, const u32 *p) {
  UNROLL for (int part = 0; part < 16; part += NATIVE_LANES) {
    UNROLL for (int j = 0; j < NATIVE_LANES; j++)
      memcpy(&row[part + j], p + 16 * j + part, sizeof(native_word));
    transpose_round_<1>(row + part);
    transpose_round_<2>(row + part);
#if NATIVE_LANES >= 8
    transpose_round_<4>(row + part);
#endif
#if NATIVE_LANES >= 16
    transpose_round_<8>(row + part);
#endif
  }
}

/* M[w] lane j = word w of record j, for LANES records. */
DEVICE_FN void load_records_(word *M, const u32 *p) {
#if LANES == NATIVE_LANES
  load_native_records_(M, p);
#else
  native_word first[16], second[16];
  load_native_records_(first, p);
  load_native_records_(second, p + 16 * NATIVE_LANES);
  UNROLL for (int w = 0; w < 16; w++) {
    memcpy(&M[w], &first[w], sizeof(native_word));
    memcpy((char *)&M[w] + sizeof(native_word), &second[w], sizeof(native_word));
  }
#endif
}
#define LOAD_RECORDS(M, p) load_records_((M), (p))

/* Three bit functions that are one instruction on AVX-512 (vpternlogd). g++ 12
 * joins only some of them by itself: 230 nonces/s instead of 275 on one core
 * without this. */
#if defined(__AVX512F__) && LANES == 16
DEVICE_FN word xor3_(word a, word b, word c) {
  return (word)_mm512_ternarylogic_epi32((__m512i)a, (__m512i)b, (__m512i)c, 0x96);
}
DEVICE_FN word xor_and_not_(word a, word b, word c) {
  return (word)_mm512_ternarylogic_epi32((__m512i)a, (__m512i)b, (__m512i)c, 0xB4);
}
DEVICE_FN word xnor_(word a, word b) {
  return (word)_mm512_ternarylogic_epi32((__m512i)a, (__m512i)b, (__m512i)b, 0xC3);
}
#define XOR3(a, b, c) xor3_((a), (b), (c))
#define XOR_AND_NOT(a, b, c) xor_and_not_((a), (b), (c))
#define XNOR(a, b) xnor_((a), (b))
#endif

#endif
