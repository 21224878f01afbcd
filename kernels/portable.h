/* portable.h - the kernel dialect: one C99 subset, three compilers.
 *
 * A kernel file includes this header and nothing from a standard library. It
 * then compiles as OpenCL C 1.2, as CUDA C++ (nvcc or NVRTC) and as host C++.
 *
 * Rules of the dialect
 *   - A pointer parameter of a KERNEL is GLOBAL. A pointer parameter of a
 *     DEVICE_FN is private unless it says GLOBAL or LOCAL: OpenCL 1.2 has no
 *     generic address space.
 *   - LOCAL_ARRAY stands at the outermost scope of a KERNEL, never in a
 *     DEVICE_FN. Every work item of the group reaches every LOCAL_BARRIER().
 *   - A kernel whose launch says how much memory its group gets
 *     (Grid::group_memory_bytes) has WITH_GROUP_MEMORY after WORK_ITEM, and finds
 *     it at GROUP_MEMORY, a LOCAL u32 * that is aligned to 16 bytes. Its contents
 *     are undefined at first.
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
#define LOCAL __local
#define LOCAL_ARRAY(type, name, n) __local type name[n]
#define RESTRICT restrict
#define WORK_ITEM
#define WITH_GROUP_MEMORY __local uint4 *group_memory_,
#define GROUP_MEMORY ((__local u32 *)group_memory_)
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
#define LOCAL
#define LOCAL_ARRAY(type, name, n) __shared__ type name[n]
#define RESTRICT __restrict__
#define WORK_ITEM
#define WITH_GROUP_MEMORY
#define GROUP_MEMORY ((u32 *)group_memory_)
extern __shared__ uint4 group_memory_[];
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
  u32 *group_memory;
};

#define KERNEL static inline
#define GROUP_OF(n)
#define DEVICE_FN static inline __attribute__((always_inline))
#define GLOBAL
#define LOCAL
#define TABLE static const
#define RESTRICT __restrict__
#define WORK_ITEM [[maybe_unused]] const struct work_item *item,
#define WITH_GROUP_MEMORY
#define GROUP_MEMORY (item->group_memory)
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

/* How many words of one item lie side by side in an interleaved buffer: as many
 * as one load takes. 4 (16 bytes) on a GPU, 1 where a load takes one word of
 * every lane. Only a build of one lane has a choice.
 *   LOAD_PART    v[0..LANE_WORDS-1] = those at p in a GLOBAL buffer
 *   STORE_PART   the other way
 *   LOCAL_LOAD_PART, LOCAL_STORE_PART   the same in LOCAL memory
 * v are words; p is aligned to LANE_WORDS words. CUDA goes past the first cache,
 * and never through the read-only path: a kernel may read what it wrote. */
#if !defined(LANE_WORDS)
#if defined(__OPENCL_C_VERSION__) || defined(__CUDACC__)
#define LANE_WORDS 4
#else
#define LANE_WORDS 1
#endif
#endif
#if LANE_WORDS == 1
#define LOAD_PART(v, p) ((v)[0] = LOAD_WORD(p))
#define STORE_PART(p, v) STORE_WORD((p), (v)[0])
#define LOCAL_LOAD_PART(v, p) LOAD_PART((v), (p))
#define LOCAL_STORE_PART(p, v) STORE_PART((p), (v))
#elif LANE_WORDS == 4 && LANES == 1
#if defined(__OPENCL_C_VERSION__) || defined(__CUDACC__)
DEVICE_FN void unpack_(u32 *v, uint4 part) {
  v[0] = part.x;
  v[1] = part.y;
  v[2] = part.z;
  v[3] = part.w;
}
#if defined(__CUDACC__)
#define PACKED_(v) make_uint4((v)[0], (v)[1], (v)[2], (v)[3])
#define LOAD_PART(v, p) unpack_((v), __ldcg((const uint4 *)(p)))
#define STORE_PART(p, v) __stcg((uint4 *)(p), PACKED_(v))
#else
#define PACKED_(v) ((uint4)((v)[0], (v)[1], (v)[2], (v)[3]))
#define LOAD_PART(v, p) unpack_((v), *(GLOBAL const uint4 *)(p))
#define STORE_PART(p, v) (*(GLOBAL uint4 *)(p) = PACKED_(v))
#endif
#define LOCAL_LOAD_PART(v, p) unpack_((v), *(LOCAL const uint4 *)(p))
#define LOCAL_STORE_PART(p, v) (*(LOCAL uint4 *)(p) = PACKED_(v))
#else
#define LOAD_PART(v, p) memcpy((v), __builtin_assume_aligned((p), 16), 16)
#define STORE_PART(p, v) memcpy(__builtin_assume_aligned((p), 16), (v), 16)
#define LOCAL_LOAD_PART(v, p) LOAD_PART((v), (p))
#define LOCAL_STORE_PART(p, v) STORE_PART((p), (v))
#endif
#else
#error "LANE_WORDS is 1, or 4 in a build of one lane"
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

/* Builds of one lane. XNOR3 is ~(a ^ b ^ c); MUL_WIDE gives both halves of a
 * product, on CUDA by the one instruction for it. */
#if defined(__CUDACC__)
DEVICE_FN u32 xnor3_(u32 a, u32 b, u32 c) {
  u32 x;
  asm("lop3.b32 %0, %1, %2, %3, 0x69;" : "=r"(x) : "r"(a), "r"(b), "r"(c));
  return x;
}
#define XNOR3(a, b, c) xnor3_((a), (b), (c))
DEVICE_FN void mul_wide_(u32 a, u32 b, u32 *low, u32 *high) {
  asm("{\n\t"
      ".reg .u64 product;\n\t"
      "mul.wide.u32 product, %2, %3;\n\t"
      "mov.b64 {%0, %1}, product;\n\t"
      "}"
      : "=r"(*low), "=r"(*high)
      : "r"(a), "r"(b));
}
#else
#define XNOR3(a, b, c) (~((a) ^ (b) ^ (c)))
DEVICE_FN void mul_wide_(u32 a, u32 b, u32 *low, u32 *high) {
  const u64 product = (u64)a * b;
  *low = (u32)product;
  *high = (u32)(product >> 32);
}
#endif
#define MUL_WIDE(a, b, low, high) mul_wide_((a), (b), (low), (high))

#endif
