/* portable.h - the kernel dialect: one C99 subset, three compilers.
 *
 * A kernel file includes this header and nothing from a standard library. It
 * then compiles as OpenCL C 1.2, as CUDA C++ (nvcc or NVRTC) and as host C++.
 *
 * Rules of the dialect
 *   - A pointer parameter of a KERNEL is GLOBAL. A pointer parameter of a
 *     DEVICE_FN is private unless it says GLOBAL: OpenCL 1.2 has no generic
 *     address space.
 *   - LOCAL_ARRAY stands at the outermost scope of a KERNEL, never in a
 *     DEVICE_FN. Every work item of the group reaches every LOCAL_BARRIER().
 *   - No variadic macros, recursion, function pointers, doubles or size_t.
 *   - 64-bit literals go through U64(); `long` has three widths here. Indices
 *     into buffers are u64: a batch of nonces outgrows 4 GiB.
 *   - `word` is u32 for one work item, or LANES of them in SIMD host builds. A
 *     kernel on `word` must be straight-line: no branch or index made from
 *     one. Its host build runs items 0, LANES, 2*LANES, ... and each call
 *     computes LANES neighbours.
 *   - `half`, `global`, `local`, `constant`, `kernel`, `private` are OpenCL
 *     keywords; macros are UPPER_CASE so that none meets a standard name.
 */
#ifndef QUARRY_KERNELS_PORTABLE_H
#define QUARRY_KERNELS_PORTABLE_H

#if defined(__OPENCL_C_VERSION__) /* ------------------------- OpenCL C 1.2 --- */

typedef uchar u8;
typedef uint u32;
typedef ulong u64;
#define U64(x) x##UL

#define KERNEL __kernel
#define GROUP_OF(n) __attribute__((reqd_work_group_size(n, 1, 1)))
#define DEVICE_FN static inline
#define GLOBAL __global
#define TABLE __constant
#define LOCAL_ARRAY(type, name, n) __local type name[n]
#define RESTRICT restrict
#define WORK_ITEM
#define UNROLL _Pragma("unroll")
#define NO_UNROLL _Pragma("unroll 1")

#define GLOBAL_ID ((u32)get_global_id(0))
#define LOCAL_ID ((u32)get_local_id(0))
#define GROUP_ID ((u32)get_group_id(0))
#define LOCAL_SIZE ((u32)get_local_size(0))
#define LOCAL_BARRIER() barrier(CLK_LOCAL_MEM_FENCE)
#define MUL_HIGH(a, b) mul_hi((u64)(a), (u64)(b))

#elif defined(__CUDACC__) /* ----------------------------------- CUDA C++ --- */

typedef unsigned char u8;
typedef unsigned int u32;
typedef unsigned long long u64;
#define U64(x) x##ULL

#define KERNEL extern "C" __global__
#define GROUP_OF(n) __launch_bounds__(n)
#define DEVICE_FN static __device__ __forceinline__
#define GLOBAL
#define TABLE static __constant__ const
#define LOCAL_ARRAY(type, name, n) __shared__ type name[n]
#define RESTRICT __restrict__
#define WORK_ITEM
#define UNROLL _Pragma("unroll")
#define NO_UNROLL _Pragma("unroll 1")

#define GLOBAL_ID (blockIdx.x * blockDim.x + threadIdx.x)
#define LOCAL_ID (threadIdx.x)
#define GROUP_ID (blockIdx.x)
#define LOCAL_SIZE (blockDim.x)
#define LOCAL_BARRIER() __syncthreads()
#define MUL_HIGH(a, b) __umul64hi((a), (b))

#else /* ------------------------------------------------------- host C++ --- */

#include <stdint.h>
#include <string.h>
#if defined(__AVX512F__)
#include <immintrin.h>
#endif

typedef uint8_t u8;
typedef uint32_t u32;
typedef uint64_t u64;
#define U64(x) x##ULL

/* Where one call of a kernel stands in the launch. The host runner makes one
 * per work item. Kernels that meet at barriers are not run on the host. */
struct work_item {
  u32 global, local, group, group_size;
};

#define KERNEL static inline
#define GROUP_OF(n)
#define DEVICE_FN static inline __attribute__((always_inline))
#define GLOBAL
#define TABLE static const
#define RESTRICT __restrict__
#define WORK_ITEM [[maybe_unused]] const struct work_item *item,
#define UNROLL _Pragma("GCC unroll 64")
#if defined(__clang__)
#define NO_UNROLL _Pragma("clang loop unroll(disable)")
#else
#define NO_UNROLL _Pragma("GCC unroll 1")
#endif

#define GLOBAL_ID (item->global)
#define LOCAL_ID (item->local)
#define GROUP_ID (item->group)
#define LOCAL_SIZE (item->group_size)
#define MUL_HIGH(a, b) ((u64)(((unsigned __int128)(a) * (b)) >> 64))

#endif /* ------------------------------------------------------------------ */

/* word: one u32 per work item, or LANES of them in one SIMD value.
 *   LANE_NUMBERS     0, 1, ..., LANES - 1
 *   LOAD_RECORDS     M[w] = word w of the item's record; records of 16 words */
#if !defined(LANES)
#define LANES 1
#endif
#if LANES > 1
#include "portable_simd.h"
#else
typedef u32 word;
#define LOAD_WORD(p) (*(p))
#define STORE_WORD(p, w) (*(p) = (w))
#define SPLAT(x) ((word)(x))
#define LANE_NUMBERS ((word)0)
#define LOAD_RECORDS(M, p) \
  UNROLL for (int word_ = 0; word_ < 16; word_++) (M)[word_] = (p)[word_]
#endif

/* How many neighbouring work items interleave their words in a buffer, so that
 * one load of all of them is one run: the SIMD width on a host, the warp or
 * wavefront on a GPU (-DINTERLEAVE=64 on AMD GCN). A power of two. */
#if !defined(INTERLEAVE)
#if defined(__OPENCL_C_VERSION__) || defined(__CUDACC__)
#define INTERLEAVE 32
#else
#define INTERLEAVE LANES
#endif
#endif

#if defined(__OPENCL_C_VERSION__)
#define ROTATE_LEFT(x, n) rotate((x), (u32)(n))
#elif defined(__CUDACC__)
#define ROTATE_LEFT(x, n) __funnelshift_l((x), (x), (n))
#else
#define ROTATE_LEFT(x, n) (((x) << (n)) | ((x) >> (32 - (n))))
#endif

/* Where the hardware has them as one instruction, see portable_simd.h. */
#if !defined(XOR3)
#define XOR3(a, b, c) ((a) ^ (b) ^ (c))
#define XOR_AND_NOT(a, b, c) ((a) ^ ((b) & ~(c)))
#endif
#if defined(__CUDACC__)
/* Told the instruction, nvcc keeps x alone alive; else x and ~x, which costs one
 * LOP3 more in every step: 511 instead of 463 instructions per permutation. */
DEVICE_FN u32 xnor_(u32 a, u32 b) {
  u32 x;
  asm("lop3.b32 %0, %1, %2, 0, 0xC3;" : "=r"(x) : "r"(a), "r"(b));
  return x;
}
#define XNOR(a, b) xnor_((a), (b))
#elif !defined(XNOR)
#define XNOR(a, b) (~((a) ^ (b)))
#endif

#endif
