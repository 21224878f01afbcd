// PoC2 as its definition reads: slow, plain, and without a line shared with the
// kernels or base/shabal256.h. What the product computes is compared with this.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace quarry::reference {

using Digest = std::array<std::byte, 32>;

Digest shabal256(std::span<const std::byte> message);

// The 262144 bytes of a nonce, scoop 0 first. About 0.1 s.
std::vector<std::byte> poc1_nonce(uint64_t account_id, uint64_t nonce);
std::vector<std::byte> poc2_nonce(uint64_t account_id, uint64_t nonce);

// PoC1 order <-> PoC2 order, in place; its own inverse.
void swap_poc2(std::span<std::byte> nonce);

// Scoop that the round reads, 0..4095.
uint32_t scoop_number(const Digest& generation_signature, uint64_t height);

// Hit of one scoop of 64 bytes; hit / base target is the deadline.
uint64_t hit(const Digest& generation_signature, std::span<const std::byte> scoop);

// Generation signature of the block after one that `generator_id` forged.
Digest next_generation_signature(const Digest& generation_signature, uint64_t generator_id);

}  // namespace quarry::reference
