/* probes.h - questions to a GPU of NVIDIA that decide how plot_main is best
 * arranged: how many instructions of a kind a multiprocessor starts in a clock,
 * and how long it waits for an answer. bench/probes.h says what the figures are.
 *
 * No part of a plot. The kernels are host C++ too, so that a fake driver runs
 * them, but there the clock stands still.
 *
 * Every work item has three u64 of `results`: the clock of its multiprocessor
 * before and after the loop, and what it computed, which nobody wants but which
 * no compiler may then leave out.
 */
#ifndef QUARRY_KERNELS_CUDA_PROBES_H
#define QUARRY_KERNELS_CUDA_PROBES_H

#include "kernels/portable.h"

#define PROBE_RESULTS 3

#if defined(__CUDACC__)
DEVICE_FN u64 probe_clock(void) {
  u64 clock;
  asm volatile("mov.u64 %0, %%clock64;" : "=l"(clock) : : "memory");
  return clock;
}
#define PROBE_SHIFT(low, high) __funnelshift_l((low), (high), 7)
/* As two additions the compiler would share parts of neighbours' sums, and give
 * some of the work to the multiplier. */
DEVICE_FN u32 probe_add3(u32 a, u32 b, u32 c) {
  u32 sum;
  asm("{\n\t"
      ".reg .u32 part;\n\t"
      "add.u32 part, %1, %2;\n\t"
      "add.u32 %0, part, %3;\n\t"
      "}"
      : "=r"(sum)
      : "r"(a), "r"(b), "r"(c));
  return sum;
}
#else
DEVICE_FN u64 probe_clock(void) { return 0; }
#define PROBE_SHIFT(low, high) (((high) << 7) | ((low) >> 25))
DEVICE_FN u32 probe_add3(u32 a, u32 b, u32 c) { return a + b + c; }
#endif

DEVICE_FN void probe_store(GLOBAL u64 *results, u32 item, u64 begin, u64 end, u64 value) {
  GLOBAL u64 *result = results + (u64)item * PROBE_RESULTS;
  result[0] = begin;
  result[1] = end;
  result[2] = value;
}

/* Rates: eight chains, so that no instruction waits for the one before. Each
 * word comes from neighbours of the last round, so that no two rounds are one. */
#define PROBE_CHAINS 8
#define PROBE_ROUNDS 32 /* in one iteration */

#define PROBE_NOTHING 0
#define PROBE_LOP3 1
#define PROBE_SHF 2
#define PROBE_IADD3 3
#define PROBE_IMAD 4
#define PROBE_IMAD_WIDE 5

/* One instruction for each chain. The upper halves of products are in `high`. */
DEVICE_FN void probe_round(u32 *x, u32 *high, u32 kind) {
  UNROLL for (int i = 0; i < PROBE_CHAINS; i++) {
    const u32 a = x[(i + 1) % PROBE_CHAINS], b = x[(i + 2) % PROBE_CHAINS];
    if (kind == PROBE_LOP3) x[i] = XOR_AND_NOT(x[i], a, b);
    if (kind == PROBE_SHF) x[i] = PROBE_SHIFT(x[i], a);
    if (kind == PROBE_IADD3) x[i] = probe_add3(x[i], a, b);
    if (kind == PROBE_IMAD) x[i] = x[i] * a + b;
    if (kind == PROBE_IMAD_WIDE) MUL_WIDE(x[i], high[(i + 1) % PROBE_CHAINS], &x[i], &high[i]);
  }
}

/* Both kinds in turns; `with` is PROBE_NOTHING or PROBE_LOP3. */
DEVICE_FN void probe_rate(GLOBAL u64 *results, u32 item, u32 iterations, u32 kind, u32 with) {
  u32 x[PROBE_CHAINS], high[PROBE_CHAINS], y[PROBE_CHAINS], value = 0;
  UNROLL for (u32 i = 0; i < PROBE_CHAINS; i++) {
    x[i] = (item + i) * 0x9E3779B9u;
    high[i] = x[i] ^ 0x85EBCA6Bu;
    y[i] = x[i] ^ 0xC2B2AE35u;
  }
  const u64 begin = probe_clock();
  NO_UNROLL for (u32 k = 0; k < iterations; k++) {
    UNROLL for (int round = 0; round < PROBE_ROUNDS; round++) {
      probe_round(x, high, kind);
      probe_round(y, high, with);
    }
  }
  const u64 end = probe_clock();
  UNROLL for (int i = 0; i < PROBE_CHAINS; i++) value ^= x[i] ^ high[i] ^ y[i];
  probe_store(results, item, begin, end, value);
}

#define PROBE_RATE_KERNEL(name, kind, with)                      \
  KERNEL void name(WORK_ITEM GLOBAL u64 *results, u32 iterations) { \
    probe_rate(results, GLOBAL_ID, iterations, kind, with);      \
  }
PROBE_RATE_KERNEL(probe_lop3, PROBE_LOP3, PROBE_NOTHING)
PROBE_RATE_KERNEL(probe_shf, PROBE_SHF, PROBE_NOTHING)
PROBE_RATE_KERNEL(probe_iadd3, PROBE_IADD3, PROBE_NOTHING)
PROBE_RATE_KERNEL(probe_imad, PROBE_IMAD, PROBE_NOTHING)
PROBE_RATE_KERNEL(probe_imad_wide, PROBE_IMAD_WIDE, PROBE_NOTHING)
PROBE_RATE_KERNEL(probe_shf_lop3, PROBE_SHF, PROBE_LOP3)
PROBE_RATE_KERNEL(probe_iadd3_lop3, PROBE_IADD3, PROBE_LOP3)
PROBE_RATE_KERNEL(probe_imad_lop3, PROBE_IMAD, PROBE_LOP3)
PROBE_RATE_KERNEL(probe_imad_wide_lop3, PROBE_IMAD_WIDE, PROBE_LOP3)

/* The chain of Shabal's steps, each of which waits for the one before. */
#define PROBE_STEPS 48 /* in one iteration */
KERNEL void probe_step(WORK_ITEM GLOBAL u64 *results, u32 iterations) {
  u32 a = GLOBAL_ID, b = a * 0x9E3779B9u, c = b ^ 0x85EBCA6Bu;
  const u64 begin = probe_clock();
  NO_UNROLL for (u32 k = 0; k < iterations; k++) {
    UNROLL for (int step = 0; step < PROBE_STEPS; step++) {
      a = XOR3(b, ROTATE_LEFT(a, 15) * 5u, c) * 3u;
      a = XOR3(a, b, c);
    }
  }
  const u64 end = probe_clock();
  probe_store(results, GLOBAL_ID, begin, end, a);
}

/* Loads that wait for each other. Slot s of 128 bytes holds the number of the
 * next one; `slots` is a power of two, and all are on one way round. */
#define PROBE_SLOT_WORDS 32
KERNEL void probe_fill(WORK_ITEM GLOBAL u32 *window, u32 slots) {
  const u32 slot = GLOBAL_ID;
  if (slot >= slots) return;
  window[(u64)slot * PROBE_SLOT_WORDS] = (slot * 1664525u + 1013904223u) % slots;
}

KERNEL void probe_load(WORK_ITEM GLOBAL u64 *results, GLOBAL const u32 *window, u32 iterations,
                       u32 first_slot) {
  u32 slot = first_slot;
  const u64 begin = probe_clock();
  NO_UNROLL for (u32 k = 0; k < iterations; k++) slot = window[(u64)slot * PROBE_SLOT_WORDS];
  const u64 end = probe_clock();
  probe_store(results, GLOBAL_ID, begin, end, slot);
}

/* Reads a window again and again, past the L1 cache. The L2 cache is asked to
 * keep the first kept_parts of the window's parts of 16 bytes, and to give up the
 * others first; if hints is 0 it is asked for nothing. */
#define PROBE_PART_WORDS 4
#if defined(__CUDACC__) && __CUDA_ARCH__ >= 800
#define PROBE_POLICY(policy, priority)                                                     \
  u64 policy;                                                                              \
  asm volatile("createpolicy.fractional.L2::" priority ".b64 %0, 1.0;" : "=l"(policy))
DEVICE_FN u32 probe_read(const u32 *part, u64 policy) {
  u32 a, b, c, d;
  asm volatile("ld.global.L1::no_allocate.L2::cache_hint.v4.u32 {%0, %1, %2, %3}, [%4], %5;"
               : "=r"(a), "=r"(b), "=r"(c), "=r"(d)
               : "l"(part), "l"(policy));
  return a ^ b ^ c ^ d;
}
#else
#define PROBE_POLICY(policy, priority) const u64 policy = 0
#endif
#if defined(__CUDACC__)
DEVICE_FN u32 probe_read_plain(const u32 *part) {
  u32 a, b, c, d;
  asm volatile("ld.global.L1::no_allocate.v4.u32 {%0, %1, %2, %3}, [%4];"
               : "=r"(a), "=r"(b), "=r"(c), "=r"(d)
               : "l"(part));
  return a ^ b ^ c ^ d;
}
#else
DEVICE_FN u32 probe_read_plain(const u32 *part) { return part[0] ^ part[1] ^ part[2] ^ part[3]; }
#endif
#if !defined(__CUDACC__) || __CUDA_ARCH__ < 800
/* Turing has no such hints. */
DEVICE_FN u32 probe_read(const u32 *part, u64 policy) { return probe_read_plain(part + 0 * policy); }
#endif

KERNEL void probe_window(WORK_ITEM GLOBAL u64 *results, GLOBAL const u32 *window, u32 iterations,
                         u32 items, u32 parts, u32 hints, u32 kept_parts) {
  u32 value = 0;
  PROBE_POLICY(keep, "evict_last");
  PROBE_POLICY(give_up, "evict_first");
  const u64 begin = probe_clock();
  NO_UNROLL for (u32 k = 0; k < iterations; k++) {
    for (u32 part = GLOBAL_ID; part < parts; part += items) {
      GLOBAL const u32 *p = window + (u64)part * PROBE_PART_WORDS;
      value += hints ? probe_read(p, part < kept_parts ? keep : give_up) : probe_read_plain(p);
    }
  }
  const u64 end = probe_clock();
  probe_store(results, GLOBAL_ID, begin, end, value);
}

#endif
