// The journal's bytes, its damage, and power cuts at every step of its writing.
#include "plotter/journal.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <cstring>
#include <random>

#include "base/crc32c.h"
#include "tests/support/faulty_file_system.h"
#include "tests/support/temp_folder.h"

namespace quarry {
namespace {

using tests::FaultyFileSystem;
using tests::Loss;
using tests::Operation;
using tests::read_file;
using tests::TempFolder;

constexpr PlotName kName = {10282355196851764065u, 4294967290u, 1000, 0};
const std::vector<NonceSpan> kSpans = {{0, 64}, {128, 64}, {64, 64}, {999, 1}};

template <class T>
void append_little_endian(std::string& text, T value) {
  for (size_t i = 0; i < sizeof value; i++) text += static_cast<char>(value >> (8 * i));
}

uint32_t crc_of(const std::string& text, uint32_t before = 0) {
  return crc32c(std::as_bytes(std::span(text)), before);
}

// The layout of journal.h, once more.
std::string header_of(const PlotName& name, uint32_t version = 1) {
  std::string header("QRYPLOT\0", 8);
  append_little_endian(header, version);
  append_little_endian(header, uint32_t{0});
  append_little_endian(header, name.account_id);
  append_little_endian(header, name.start);
  append_little_endian(header, name.nonces);
  header.append(20, '\0');
  append_little_endian(header, crc_of(header));
  return header;
}

std::string record_of(const std::string& header, NonceSpan span) {
  std::string record;
  append_little_endian(record, span.first);
  append_little_endian(record, span.count);
  append_little_endian(record, uint32_t{0});
  append_little_endian(record, crc_of(record, crc_of(header.substr(0, 60))));
  return record;
}

std::string journal_of(const PlotName& name, const std::vector<NonceSpan>& spans) {
  std::string text = header_of(name);
  for (const NonceSpan& span : spans) text += record_of(header_of(name), span);
  return text;
}

Result<JournalContents> parse(const std::string& text) {
  return parse_journal(std::as_bytes(std::span(text)));
}

void write_file(const std::string& path, const std::string& text) {
  std::ofstream(path, std::ios::binary) << text;
}

TEST(JournalFormat, IsAsDocumented) {
  const TempFolder folder;
  const std::string path = folder.file("a.journal");
  auto journal = Journal::open(posix_file_system(), path, kName);
  ASSERT_TRUE(journal.ok()) << journal.status().message();
  EXPECT_EQ(read_file(path), journal_of(kName, {}));
  for (const NonceSpan& span : kSpans) EXPECT_TRUE((*journal)->append(span).ok());
  EXPECT_EQ((*journal)->records(), kSpans);
  EXPECT_EQ(read_file(path), journal_of(kName, kSpans));

  auto contents = parse(read_file(path));
  ASSERT_TRUE(contents.ok()) << contents.status().message();
  EXPECT_EQ(contents->name, kName);
  EXPECT_EQ(contents->records, kSpans);
  EXPECT_EQ(contents->valid_bytes, 64u + 4 * 24);

  journal = Journal::open(posix_file_system(), path, kName);
  ASSERT_TRUE(journal.ok()) << journal.status().message();
  EXPECT_EQ((*journal)->records(), kSpans);
  EXPECT_TRUE((*journal)->append({500, 10}).ok());
  EXPECT_EQ(parse(read_file(path))->records.back(), (NonceSpan{500, 10}));
}

TEST(JournalFormat, CutAnywhereKeepsTheWholeRecords) {
  const std::string text = journal_of(kName, kSpans);
  for (size_t length = 0; length < text.size(); length++) {
    auto contents = parse(text.substr(0, length));
    ASSERT_EQ(contents.ok(), length >= 64) << length;
    if (!contents.ok()) {
      EXPECT_EQ(contents.status().code(), Code::kCorrupt);
      continue;
    }
    EXPECT_EQ(contents->records.size(), (length - 64) / 24);
    EXPECT_EQ(contents->valid_bytes, 64 + (length - 64) / 24 * 24);
  }
}

TEST(JournalFormat, NoFlippedBitIsBelieved) {
  const std::string text = journal_of(kName, kSpans);
  for (size_t bit = 0; bit < text.size() * 8; bit++) {
    std::string damaged = text;
    damaged[bit / 8] = static_cast<char>(damaged[bit / 8] ^ (1 << (bit % 8)));
    auto contents = parse(damaged);
    ASSERT_EQ(contents.ok(), bit / 8 >= 64) << bit;
    if (!contents.ok()) continue;
    const size_t intact = (bit / 8 - 64) / 24;
    EXPECT_EQ(contents->records,
              std::vector<NonceSpan>(kSpans.begin(), kSpans.begin() + static_cast<long>(intact)));
  }
}

TEST(JournalFormat, ImpossibleContentsWithGoodChecksumsAreRefused) {
  EXPECT_EQ(parse(header_of(kName, 2)).status().code(), Code::kUnsupported);
  EXPECT_EQ(parse(header_of({1, 0, 0, 0})).status().code(), Code::kCorrupt);
  EXPECT_EQ(parse(header_of({1, UINT64_MAX, 2, 0})).status().code(), Code::kCorrupt);
  EXPECT_EQ(parse(header_of({1, 0, UINT64_MAX, 0})).status().code(), Code::kCorrupt);
  for (const NonceSpan span :
       {NonceSpan{0, 0}, {1000, 1}, {999, 2}, {0, 1001}, {1, UINT64_MAX}, {UINT64_MAX, 1}})
    EXPECT_TRUE(parse(journal_of(kName, {span}))->records.empty());
}

TEST(JournalFormat, RecordsOfAnotherJournalAreRefused) {
  const std::string other = header_of({1, 0, 1000, 0});
  EXPECT_TRUE(parse(header_of(kName) + record_of(other, {0, 64}))->records.empty());
}

TEST(JournalOpen, CutsATornTailOff) {
  const TempFolder folder;
  const std::string path = folder.file("a.journal");
  const std::string good = journal_of(kName, {kSpans[0]});
  write_file(path, good + "torn record of some le");
  auto journal = Journal::open(posix_file_system(), path, kName);
  ASSERT_TRUE(journal.ok()) << journal.status().message();
  EXPECT_EQ((*journal)->records(), std::vector<NonceSpan>{kSpans[0]});
  EXPECT_EQ(read_file(path), good);
  EXPECT_TRUE((*journal)->append(kSpans[1]).ok());
  EXPECT_EQ(read_file(path), journal_of(kName, {kSpans[0], kSpans[1]}));
}

TEST(JournalOpen, BeginsAgainWhereTheHeaderWasTorn) {
  const TempFolder folder;
  const std::string path = folder.file("a.journal");
  for (size_t length = 0; length < 64; length++) {
    write_file(path, header_of(kName).substr(0, length));
    auto journal = Journal::open(posix_file_system(), path, kName);
    ASSERT_TRUE(journal.ok()) << journal.status().message();
    EXPECT_EQ(read_file(path), header_of(kName));
  }
}

TEST(JournalOpen, RefusesForeignAndDamagedOnesAndLeavesThemAlone) {
  const TempFolder folder;
  const std::string path = folder.file("a.journal");
  std::string damaged = journal_of(kName, kSpans);
  damaged[20] ^= 1;
  for (const std::string& text :
       {journal_of({1, 0, 1000, 0}, kSpans), damaged, std::string(100, 'x')}) {
    write_file(path, text);
    auto journal = Journal::open(posix_file_system(), path, kName);
    ASSERT_EQ(journal.status().code(), Code::kCorrupt);
    EXPECT_NE(journal.status().message().find(path), std::string::npos);
    EXPECT_EQ(read_file(path), text);
  }
}

TEST(JournalAppend, AFailedRecordIsNotCountedAndTheNextTakesItsPlace) {
  for (const Operation operation : {Operation::kWrite, Operation::kSync}) {
    const TempFolder folder;
    FaultyFileSystem files(posix_file_system());
    const std::string path = folder.file("a.journal");
    auto journal = Journal::open(files, path, kName);
    ASSERT_TRUE(journal.ok()) << journal.status().message();
    files.reset();
    files.fail(operation, 2, ENOSPC);
    EXPECT_TRUE((*journal)->append(kSpans[0]).ok());
    EXPECT_EQ((*journal)->append(kSpans[1]).code(), Code::kNoSpace);
    EXPECT_EQ((*journal)->records(), std::vector<NonceSpan>{kSpans[0]});
    EXPECT_TRUE((*journal)->append(kSpans[2]).ok());
    EXPECT_EQ(parse(read_file(path))->records, (std::vector<NonceSpan>{kSpans[0], kSpans[2]}));
  }
}

// Opens and appends until the power is cut; the records that were promised.
std::vector<NonceSpan> append_all(FaultyFileSystem& files, const std::string& path) {
  auto journal = Journal::open(files, path, kName);
  if (!journal.ok()) return {};
  for (size_t i = (*journal)->records().size(); i < kSpans.size(); i++)
    if (!(*journal)->append(kSpans[i]).ok()) break;
  return (*journal)->records();
}

// In memory where that can be: the loss is played, and thousands of real syncs take long.
std::filesystem::path quick_folder() {
  return std::filesystem::exists("/dev/shm") ? "/dev/shm" : std::filesystem::temp_directory_path();
}

// Whatever is lost, every record that append() promised is there afterwards,
// and no other than the one under way.
TEST(JournalPowerCut, KeepsEveryPromiseAtEveryStep) {
  for (const Loss loss : {Loss::kNothing, Loss::kUnsynced}) {
    for (uint64_t seed = 0; seed < 20; seed++) {
      for (uint64_t step = 1; step <= 16; step++) {
        SCOPED_TRACE("seed " + std::to_string(seed) + ", step " + std::to_string(step));
        const TempFolder folder(quick_folder());
        const std::string path = folder.file("a.journal");
        FaultyFileSystem files(posix_file_system(), seed);
        if (seed % 2 == 0)
          files.cut_power(step, loss);
        else
          files.tear_write(1 + step % 5, loss);
        const auto promised = append_all(files, path);
        files.reset();
        auto journal = Journal::open(files, path, kName);
        ASSERT_TRUE(journal.ok()) << journal.status().message();
        const auto& found = (*journal)->records();
        ASSERT_GE(found.size(), promised.size());
        ASSERT_LE(found.size(), promised.size() + 1);
        EXPECT_EQ(found, std::vector<NonceSpan>(kSpans.begin(),
                                                kSpans.begin() + static_cast<long>(found.size())));
        journal->reset();
        EXPECT_EQ(append_all(files, path), kSpans);
      }
    }
  }
}

TEST(Uncovered, SmallCases) {
  EXPECT_EQ(uncovered(10, {}), (std::vector<NonceSpan>{{0, 10}}));
  EXPECT_EQ(uncovered(0, {}), std::vector<NonceSpan>{});
  EXPECT_EQ(uncovered(10, {{0, 10}}), std::vector<NonceSpan>{});
  EXPECT_EQ(uncovered(10, {{4, 2}, {2, 1}}), (std::vector<NonceSpan>{{0, 2}, {3, 1}, {6, 4}}));
  EXPECT_EQ(uncovered(10, {{0, 8}, {1, 2}}), (std::vector<NonceSpan>{{8, 2}}));
  EXPECT_EQ(uncovered(UINT64_MAX, {{1, UINT64_MAX}}), (std::vector<NonceSpan>{{0, 1}}));
  EXPECT_EQ(uncovered(10, {{UINT64_MAX, UINT64_MAX}, {9, 1}}), (std::vector<NonceSpan>{{0, 9}}));
}

TEST(Uncovered, EqualsABitmap) {
  const unsigned seed = std::random_device()();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937_64 random(seed);
  for (int round = 0; round < 2000; round++) {
    const uint64_t total = random() % 60;
    std::vector<bool> is_open(total, true);
    std::vector<NonceSpan> done;
    for (uint64_t i = random() % 8; i > 0; i--) {
      const NonceSpan span = {random() % 70, 1 + random() % 20};
      done.push_back(span);
      for (uint64_t n = span.first; n < std::min(total, span.first + span.count); n++)
        is_open[n] = false;
    }
    uint64_t next = 0;
    for (const NonceSpan& span : uncovered(total, done)) {
      ASSERT_GT(span.count, 0u);
      ASSERT_GE(span.first, next);
      for (; next < span.first; next++) ASSERT_FALSE(is_open[next]);
      for (; next < span.first + span.count; next++) ASSERT_TRUE(is_open[next]);
    }
    for (; next < total; next++) ASSERT_FALSE(is_open[next]);
  }
}

}  // namespace
}  // namespace quarry
