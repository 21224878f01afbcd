#include "plotter/convert.h"

#include <algorithm>
#include <chrono>
#include <cstring>

#include "plotter/convert_in_place.h"
#include "plotter/discover.h"
#include "plotter/part_progress.h"
#include "plotter/plot.h"
#include "plotter/plot_file.h"
#include "plotter/plot_reader.h"
#include "plotter/poc2.h"

namespace quarry {
namespace {

constexpr uint64_t kDefaultMemory = uint64_t{256} << 20;

// Reads nonces of a PoC1 file as a PoC2 file of span.count nonces.
Status read_as_poc2(PlotRows& rows, PlotReader& reader, const PlotName& name, NonceSpan span,
                    std::byte* target, const Cancel& cancel) {
  constexpr uint64_t kHalf = kScoopBytes / 2;
  const auto place = [&](const PlotRow& row) -> Status {
    std::byte* const first = target + scoop_offset(span.count, row.scoop, row.first);
    std::byte* const second =
        target + scoop_offset(span.count, mirror_scoop(row.scoop), row.first) + kHalf;
    for (uint64_t i = 0; i < row.scoops(); i++) {
      const std::byte* const scoop = row.bytes.data() + i * kScoopBytes;
      std::memcpy(first + i * kScoopBytes, scoop, kHalf);
      std::memcpy(second + i * kScoopBytes, scoop + kHalf, kHalf);
    }
    return {};
  };
  return rows.each(reader, PlotLayout(name), span, cancel, place);
}

// Nonces that are converted together. Where groups of the source fit, whole ones:
// they are read in one run.
uint64_t chunk_nonces(const PlotName& name, uint64_t memory_bytes) {
  uint64_t chunk = std::min(memory_bytes / kNonceBytes, name.nonces);
  if (name.stagger <= chunk) return chunk / name.stagger * name.stagger;
  if (chunk >= kNoncesPerBlock) chunk = chunk / kNoncesPerBlock * kNoncesPerBlock;
  return chunk;
}

Status convert_to_folder(const ConvertRequest& request, const PlotName& name,
                         const PlotTarget& target, FileSystem& files, Progress& progress,
                         const Cancel& cancel) {
  if (request.memory_bytes < kNonceBytes)
    return {Code::kInvalidArgument,
            "converting takes " + std::to_string(kNonceBytes) + " bytes of memory or more"};
  if (files.info(target.final_path()).ok()) {
    if (files.info(target.plotting_path()).ok() || !files.info(target.journal_path()).ok())
      return {Code::kExists, target.final_path() + " is there already"};
    QUARRY_TRY(files.remove(target.journal_path()));  // all else was done
    return files.sync_folder(target.folder);
  }
  QUARRY_ASSIGN(const FileInfo info, files.info(request.source));
  if (info.size_bytes != name.size_bytes())
    return {Code::kCorrupt, request.source + " has " + std::to_string(info.size_bytes) +
                                " bytes instead of " + std::to_string(name.size_bytes())};
  QUARRY_ASSIGN(const std::unique_ptr<PlotReader> reader, PlotReader::open(files, request.source));
  QUARRY_ASSIGN(const std::unique_ptr<PlotFileWriter> writer,
                PlotFileWriter::open(target, /*direct=*/false, files));
  const uint64_t chunk = chunk_nonces(name, request.memory_bytes);
  QUARRY_ASSIGN(const HostMemory memory, HostMemory::allocate(chunk * kNonceBytes));
  uint64_t left = 0;
  const std::vector<NonceSpan> missing = writer->missing();
  for (const NonceSpan& span : missing) left += span.count;
  PartProgress meter(progress, {.task = "convert",
                                .unit = "nonces",
                                .done = name.nonces - left,
                                .total = name.nonces,
                                .bytes_per_unit = kNonceBytes,
                                .parts = {{.name = target.folder, .note = ""}}});
  PlotRows rows;
  for (const NonceSpan& span : missing)
    for (uint64_t done = 0; done < span.count; done += chunk) {
      const NonceSpan part = {span.first + done, std::min(chunk, span.count - done)};
      QUARRY_TRY(read_as_poc2(rows, *reader, name, part, memory.data(), cancel));
      QUARRY_TRY(writer->write(part, rows_of({memory.data(), part.count, nullptr}, 0)));
      QUARRY_TRY(writer->record(part));
      meter.add(0, part.count);
    }
  meter.finish();
  return writer->finish();
}

}  // namespace

Result<ConvertReport> convert_plot(const ConvertRequest& request, FileSystem& files,
                                   Progress& progress, const Cancel& cancel) {
  const auto begin = std::chrono::steady_clock::now();
  ConvertRequest settled = request;
  if (settled.memory_bytes == 0) settled.memory_bytes = kDefaultMemory;
  QUARRY_ASSIGN(
      const PlotName name,
      parse_plot_name(std::string_view(request.source).substr(request.source.rfind('/') + 1)));
  if (!name.is_poc1())
    return Status(Code::kInvalidArgument, request.source +
                                              " is a PoC2 plot by its name; PoC1 names have a "
                                              "fourth field, the stagger");
  PlotTarget target;
  target.name = name;
  target.name.stagger = 0;
  target.folder = request.folder;
  if (!request.folder.empty()) {
    QUARRY_TRY(convert_to_folder(settled, name, target, files, progress, cancel));
  } else if (name.stagger < name.nonces) {
    return Status(Code::kUnsupported,
                  request.source + " has a stagger of " + std::to_string(name.stagger) +
                      "; only plots whose stagger is their number of nonces are converted in "
                      "place: name another folder");
  } else {
    target.folder = folder_of(request.source);
    QUARRY_TRY(convert_in_place(settled, name, target.final_path(), files, progress, cancel));
  }
  ConvertReport report;
  report.path = target.final_path();
  report.nonces = name.nonces;
  report.bytes = name.size_bytes();
  report.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  return report;
}

}  // namespace quarry
