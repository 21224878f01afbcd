#include "plotter/plot_file.h"

#include <algorithm>

#include "plotter/poc2.h"

namespace quarry {
namespace {

// Bytes of one write where a pool is the whole file: long enough for any disk.
constexpr uint64_t kLongWrite = uint64_t{16} << 20;

bool aligned(const std::vector<NonceSpan>& spans) {
  return std::all_of(spans.begin(), spans.end(), [](const NonceSpan& span) {
    return span.first % kNoncesPerBlock == 0 && span.count % kNoncesPerBlock == 0;
  });
}

}  // namespace

std::string PlotTarget::final_path() const { return folder + "/" + format_plot_name(name); }
std::string PlotTarget::plotting_path() const { return final_path() + ".plotting"; }
std::string PlotTarget::journal_path() const { return final_path() + ".journal"; }

Result<std::unique_ptr<PlotFileWriter>> PlotFileWriter::open(const PlotTarget& target, bool direct,
                                                             FileSystem& files) {
  std::unique_ptr<PlotFileWriter> writer(new PlotFileWriter(target, files));
  const std::string path = target.plotting_path();
  const bool existed = files.info(path).ok();
  OpenOptions options = {.write = true, .create = true, .exclusive = false, .direct = direct};
  QUARRY_ASSIGN(writer->file_, files.open(path, options));
  Status status = writer->file_->lock();
  if (!status.ok()) return status;  // another process has it: leave its files alone
  const bool had_journal = files.info(target.journal_path()).ok();
  if (existed && !had_journal) {
    // The journal comes first, so this is not an unfinished plot of ours.
    if (auto size = writer->file_->size(); !size.ok() || *size != 0)
      return Status(Code::kExists, path +
                                       " has no journal beside it, so it cannot be continued; "
                                       "remove it to plot again");
  }
  const auto prepare = [&]() -> Status {
    QUARRY_ASSIGN(writer->journal_, Journal::open(files, target.journal_path(), target.name));
    return writer->file_->allocate(target.name.size_bytes());
  };
  if (status = prepare(); !status.ok()) {
    if (!existed) {
      // Nothing was plotted yet. The first failure is the one to report.
      if (writer->journal_ != nullptr && !had_journal) (void)files.remove(target.journal_path());
      (void)files.remove(path);
    }
    return status;
  }
  writer->recorded_ = writer->journal_->records();
  if (direct && !aligned(writer->missing())) {
    // Odd spans can only be written through the page cache. Closing any
    // descriptor of the file may drop the lock, so it is opened and locked anew.
    writer->file_.reset();
    options.direct = false;
    QUARRY_ASSIGN(writer->file_, files.open(path, options));
    QUARRY_TRY(writer->file_->lock());
  }
  return writer;
}

std::vector<NonceSpan> PlotFileWriter::missing() const {
  return uncovered(target_.name.nonces, recorded_);
}

NonceSpan PlotFileWriter::last_recorded() const {
  return recorded_.empty() ? NonceSpan{} : recorded_.back();
}

void PlotFileWriter::distrust(NonceSpan span) { std::erase(recorded_, span); }

Status PlotFileWriter::read(NonceSpan span, const ScoopBlock& target) {
  for (uint64_t scoop = 0; scoop < kScoopsPerNonce; scoop++)
    QUARRY_TRY(file_->read_at(
        scoop_offset(target_.name.nonces, scoop, span.first),
        {target.data + scoop_offset(target.nonces, scoop, 0), span.count * kScoopBytes}));
  return {};
}

Status PlotFileWriter::write(NonceSpan span, const ScoopRows& rows) {
  QUARRY_CHECK(rows.pitch_bytes == span.count * kScoopBytes);
  const uint64_t total = target_.name.nonces;
  const uint64_t begin = scoop_offset(total, rows.first_scoop, span.first);
  // Where the nonces are the whole file, the scoops are one run of it.
  const bool whole = span.count == total;
  const uint64_t size = rows.scoops * rows.pitch_bytes;
  const uint64_t piece = whole ? kLongWrite : rows.pitch_bytes;
  const uint64_t distance = whole ? kLongWrite : total * kScoopBytes;
  for (uint64_t i = 0; i * piece < size; i++)
    QUARRY_TRY(file_->write_at(begin + i * distance,
                               {rows.data + i * piece, std::min(piece, size - i * piece)}));
  return {};
}

Status PlotFileWriter::record(NonceSpan span) {
  QUARRY_TRY(file_->sync());
  QUARRY_TRY(journal_->append(span));
  recorded_.push_back(span);
  return {};
}

Status PlotFileWriter::finish() {
  QUARRY_CHECK(missing().empty());
  QUARRY_TRY(file_->sync());
  QUARRY_TRY(files_.rename(target_.plotting_path(), target_.final_path()));
  QUARRY_TRY(files_.sync_folder(target_.folder));
  journal_.reset();
  QUARRY_TRY(files_.remove(target_.journal_path()));
  return files_.sync_folder(target_.folder);
}

}  // namespace quarry
