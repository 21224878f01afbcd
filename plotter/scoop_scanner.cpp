#include <algorithm>
#include <cstring>

#include "base/shabal256.h"
#include "plotter/poc2.h"
#include "plotter/scan.h"

namespace quarry {
namespace {

constexpr uint64_t kPage = 4096;
constexpr uint64_t kMostPerLaunch = uint64_t{1} << 30;  // scoops are counted with 32 bits

constexpr uint32_t kScoopsPerItem = 16;

// The kernel's struct scan_signature: words as they lie in memory.
using SignatureWords = std::array<uint32_t, 8>;

}  // namespace

uint32_t scoop_of(const Round& round) {
  std::array<std::byte, 40> message;
  std::memcpy(message.data(), round.generation_signature.data(), 32);
  for (int i = 0; i < 8; i++)
    message[32 + i] = static_cast<std::byte>(round.height >> (56 - 8 * i));
  const std::array<std::byte, 32> hash = shabal256(message);
  return (std::to_integer<uint32_t>(hash[30]) & 0x0f) << 8 | std::to_integer<uint32_t>(hash[31]);
}

uint64_t hit_of(const Round& round, std::span<const std::byte, 64> scoop) {
  std::array<std::byte, 96> message;
  std::memcpy(message.data(), round.generation_signature.data(), 32);
  std::memcpy(message.data() + 32, scoop.data(), 64);
  const std::array<std::byte, 32> hash = shabal256(message);
  uint64_t hit = 0;
  for (int i = 0; i < 8; i++) hit |= std::to_integer<uint64_t>(hash[i]) << (8 * i);
  return hit;
}

Result<std::unique_ptr<ScoopScanner>> ScoopScanner::open(Device& device, uint32_t queue_index,
                                                         uint32_t nonces) {
  const DeviceInfo& info = device.info();
  std::unique_ptr<ScoopScanner> scanner(new ScoopScanner(device));
  QUARRY_ASSIGN(scanner->queue_, device.open_queue(queue_index));
  scanner->items_ = (std::max(info.items_per_queue, 1u) + info.interleave - 1) / info.interleave *
                    info.interleave;
  // Where memory is shared, only the scoops before the first page boundary are copied.
  uint64_t room = kPage;
  if (!info.shares_host_memory) {
    room = std::max(nonces, 1u) * kScoopBytes;
    if (info.max_buffer_bytes > 0)
      room = std::min(room, info.max_buffer_bytes / kScoopBytes * kScoopBytes);
  }
  QUARRY_ASSIGN(scanner->scoops_, device.allocate(room));
  QUARRY_ASSIGN(scanner->best_, device.allocate(uint64_t{scanner->items_} * 3 * sizeof(uint32_t)));
  scanner->answers_.resize(size_t{scanner->items_} * 3);
  return scanner;
}

Result<ScoopScanner::Best> ScoopScanner::scan(const Round& round,
                                              std::span<const std::byte> scoops) {
  QUARRY_CHECK(scoops.size() % kScoopBytes == 0);
  const bool shared = device_.info().shares_host_memory;
  Best best;
  for (uint64_t done = 0; done < scoops.size();) {
    uint64_t size = std::min<uint64_t>(scoops.size() - done, kMostPerLaunch * kScoopBytes);
    const std::byte* data = scoops.data() + done;
    const uint64_t past_boundary = reinterpret_cast<uintptr_t>(data) % kPage;
    std::unique_ptr<Buffer> wrapped;
    if (shared && past_boundary == 0) {
      // The kernel only reads.
      QUARRY_ASSIGN(wrapped, device_.wrap({const_cast<std::byte*>(data), size}));
    } else {
      size = std::min(size, shared ? kPage - past_boundary : scoops_->size_bytes());
      QUARRY_TRY(queue_->write(*scoops_, 0, {data, size}));
    }
    QUARRY_ASSIGN(const Best part, scan_buffer(round, wrapped ? *wrapped : *scoops_,
                                               static_cast<uint32_t>(size / kScoopBytes)));
    if (part.index != UINT64_MAX && (best.index == UINT64_MAX || part.hit < best.hit))
      best = {part.hit, part.index + done / kScoopBytes};
    done += size;
  }
  return best;
}

Result<ScoopScanner::Best> ScoopScanner::scan_buffer(const Round& round, Buffer& scoops,
                                                     uint32_t count) {
  SignatureWords signature;
  std::memcpy(signature.data(), round.generation_signature.data(), sizeof signature);
  // Few items, so that each has some scoops and there are few answers to copy.
  const uint32_t interleave = device_.info().interleave;
  const uint32_t wanted = (count / kScoopsPerItem + interleave) / interleave * interleave;
  const uint32_t items = std::min(items_, wanted);
  const Argument arguments[] = {scoops, *best_, signature, count, items};
  QUARRY_TRY(queue_->launch("scan_hits", {.items = items}, arguments));
  const std::span<uint32_t> answers(answers_.data(), size_t{items} * 3);
  QUARRY_TRY(queue_->read(*best_, 0, std::as_writable_bytes(answers)));
  QUARRY_TRY(queue_->wait());
  Best best;
  for (uint32_t i = 0; i < items; i++) {
    const uint64_t hit = uint64_t{answers[items + i]} << 32 | answers[i];
    const uint32_t index = answers[2 * items + i];
    if (index == UINT32_MAX) continue;
    if (hit < best.hit || (hit == best.hit && index < best.index)) best = {hit, index};
  }
  return best;
}

}  // namespace quarry
