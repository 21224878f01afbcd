#include "plotter/journal.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>

#include "base/crc32c.h"

namespace quarry {
namespace {

static_assert(std::endian::native == std::endian::little, "records are written as they lie");

constexpr uint64_t kHeaderBytes = 64;
constexpr uint64_t kRecordBytes = 24;
constexpr uint32_t kLayoutVersion = 1;
constexpr std::array<char, 8> kMagic = {'Q', 'R', 'Y', 'P', 'L', 'O', 'T', '\0'};
// A record covers a pool; no plot has so many of them.
constexpr uint64_t kMaxBytes = uint64_t{1} << 30;

using Header = std::array<std::byte, kHeaderBytes>;
using Record = std::array<std::byte, kRecordBytes>;

template <class T>
void put(std::span<std::byte> bytes, size_t offset, T value) {
  std::memcpy(bytes.data() + offset, &value, sizeof value);
}

template <class T>
T get(std::span<const std::byte> bytes, size_t offset) {
  T value;
  std::memcpy(&value, bytes.data() + offset, sizeof value);
  return value;
}

Header make_header(const PlotName& name) {
  Header header{};
  std::memcpy(header.data(), kMagic.data(), kMagic.size());
  put(header, 8, kLayoutVersion);
  put(header, 16, name.account_id);
  put(header, 24, name.start);
  put(header, 32, name.nonces);
  put(header, 60, crc32c(std::span(header).first(60)));
  return header;
}

Record make_record(NonceSpan span, uint32_t header_crc) {
  Record record{};
  put(record, 0, span.first);
  put(record, 8, span.count);
  put(record, 20, crc32c(std::span(record).first(20), header_crc));
  return record;
}

}  // namespace

std::vector<NonceSpan> uncovered(uint64_t total, std::vector<NonceSpan> done) {
  std::sort(done.begin(), done.end(),
            [](const NonceSpan& a, const NonceSpan& b) { return a.first < b.first; });
  std::vector<NonceSpan> open;
  uint64_t next = 0;
  for (const NonceSpan& span : done) {
    if (span.first >= total) break;
    if (span.first > next) open.push_back({next, span.first - next});
    next = std::max(next, span.first + std::min(span.count, total - span.first));
  }
  if (next < total) open.push_back({next, total - next});
  return open;
}

Result<JournalContents> parse_journal(std::span<const std::byte> bytes) {
  if (bytes.size() < kHeaderBytes || std::memcmp(bytes.data(), kMagic.data(), kMagic.size()) != 0)
    return Status(Code::kCorrupt, "not a plot journal");
  if (get<uint32_t>(bytes, 8) != kLayoutVersion)
    return Status(Code::kUnsupported, "a plot journal of layout version " +
                                          std::to_string(get<uint32_t>(bytes, 8)) +
                                          ", made by another release");
  const auto header_crc = get<uint32_t>(bytes, 60);
  if (header_crc != crc32c(bytes.first(60)))
    return Status(Code::kCorrupt, "the header of the plot journal is damaged");
  JournalContents contents;
  contents.name = {get<uint64_t>(bytes, 16), get<uint64_t>(bytes, 24), get<uint64_t>(bytes, 32), 0};
  // Whoever can write a CRC can also write an impossible plot.
  if (auto name = parse_plot_name(format_plot_name(contents.name)); !name.ok())
    return Status(Code::kCorrupt, "the plot journal is of an impossible plot");
  uint64_t offset = kHeaderBytes;
  for (; offset + kRecordBytes <= bytes.size(); offset += kRecordBytes) {
    const auto record = bytes.subspan(offset, kRecordBytes);
    const NonceSpan span = {get<uint64_t>(record, 0), get<uint64_t>(record, 8)};
    const uint64_t total = contents.name.nonces;
    if (get<uint32_t>(record, 20) != crc32c(record.first(20), header_crc) || span.first >= total ||
        span.count == 0 || span.count > total - span.first)
      break;  // torn: whatever comes behind it was never promised
    contents.records.push_back(span);
  }
  contents.valid_bytes = offset;
  return contents;
}

Result<std::unique_ptr<Journal>> Journal::open(FileSystem& files, const std::string& path,
                                               const PlotName& name) {
  std::unique_ptr<Journal> journal(new Journal);
  QUARRY_ASSIGN(journal->file_, files.open(path, {.write = true, .create = true}));
  QUARRY_ASSIGN(const uint64_t size, journal->file_->size());
  if (size > kMaxBytes) return Status(Code::kCorrupt, path + " is too large for a plot journal");
  const Header header = make_header(name);
  journal->header_crc_ = get<uint32_t>(header, 60);
  if (size < kHeaderBytes) {
    // New, or torn while its header was written: nothing was recorded yet.
    QUARRY_TRY(journal->file_->truncate(0));
    QUARRY_TRY(journal->file_->write_at(0, header));
    QUARRY_TRY(journal->file_->sync());
    const size_t slash = path.rfind('/');
    QUARRY_TRY(files.sync_folder(slash == path.npos ? "." : path.substr(0, slash)));
    journal->end_ = kHeaderBytes;
    return journal;
  }
  std::vector<std::byte> bytes(size);
  QUARRY_TRY(journal->file_->read_at(0, bytes));
  auto contents = parse_journal(bytes);
  if (!contents.ok())
    return contents.status().with_context("cannot continue " + path +
                                          " (remove it and the .plotting file to plot again)");
  if (contents->name != name)
    return Status(Code::kCorrupt, path + " is the journal of " + format_plot_name(contents->name) +
                                      "; remove it and the .plotting file to plot again");
  QUARRY_TRY(journal->file_->truncate(contents->valid_bytes));
  journal->records_ = std::move(contents->records);
  journal->end_ = contents->valid_bytes;
  return journal;
}

Status Journal::append(NonceSpan span) {
  QUARRY_TRY(file_->write_at(end_, make_record(span, header_crc_)));
  QUARRY_TRY(file_->sync());
  end_ += kRecordBytes;
  records_.push_back(span);
  return {};
}

}  // namespace quarry
