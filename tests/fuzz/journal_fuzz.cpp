// Bytes of a journal. The first byte of the input is no part of it: if it is
// odd, the checksums are made right, so that what they guard is reached too.
#include <numeric>
#include <vector>

#include "base/crc32c.h"
#include "plotter/journal.h"
#include "tests/fuzz/fuzz.h"

using namespace quarry;

namespace {

constexpr size_t kHeaderBytes = 64;
constexpr size_t kRecordBytes = 24;

void put_crc(std::byte* target, uint32_t crc) {
  for (int i = 0; i < 4; i++) target[i] = static_cast<std::byte>(crc >> (8 * i));
}

void make_checksums_right(std::span<std::byte> journal) {
  if (journal.size() < kHeaderBytes) return;
  const uint32_t header_crc = crc32c(journal.first(kHeaderBytes - 4));
  put_crc(&journal[kHeaderBytes - 4], header_crc);
  for (size_t at = kHeaderBytes; at + kRecordBytes <= journal.size(); at += kRecordBytes)
    put_crc(&journal[at + kRecordBytes - 4],
            crc32c(journal.subspan(at, kRecordBytes - 4), header_crc));
}

uint64_t sum(const std::vector<NonceSpan>& spans) {
  return std::accumulate(spans.begin(), spans.end(), uint64_t{0},
                         [](uint64_t all, const NonceSpan& span) { return all + span.count; });
}

void check_contents(const JournalContents& contents, std::span<const std::byte> bytes) {
  const uint64_t total = contents.name.nonces;
  QUARRY_CHECK(total > 0 && !contents.name.is_poc1());
  QUARRY_CHECK(contents.valid_bytes <= bytes.size());
  QUARRY_CHECK(contents.valid_bytes == kHeaderBytes + contents.records.size() * kRecordBytes);
  for (const NonceSpan& span : contents.records)
    QUARRY_CHECK(span.count > 0 && span.first < total && span.count <= total - span.first);
  // What is left open and what is done make the file, once.
  const std::vector<NonceSpan> open = uncovered(total, contents.records);
  std::vector<NonceSpan> both = contents.records;
  both.insert(both.end(), open.begin(), open.end());
  QUARRY_CHECK(uncovered(total, both).empty());
  QUARRY_CHECK(sum(open) + sum(uncovered(total, open)) == total);
  // What opening leaves is read the same way.
  auto again = parse_journal(bytes.first(contents.valid_bytes));
  QUARRY_CHECK(again.ok() && again->name == contents.name && again->records == contents.records);
}

}  // namespace

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const auto input = fuzz::as_bytes(data + 1, size - 1);
  std::vector<std::byte> journal(input.begin(), input.end());
  if (data[0] % 2 == 1) make_checksums_right(journal);
  auto contents = parse_journal(journal);
  if (contents.ok())
    check_contents(*contents, journal);
  else
    fuzz::check_refusal(contents.status(), {Code::kCorrupt, Code::kUnsupported});
  return 0;
}
