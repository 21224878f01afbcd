// quarry verify: are these plots what their names promise?
#include "plotter/verify.h"

#include "cli/command.h"
#include "cli/session.h"

namespace quarry::cli {
namespace {

constexpr Flag kFlags[] = {
    {"sample", FlagKind::kValue, "N", "look at N nonces spread over each file; default: 64"},
    {"full", FlagKind::kSwitch, "", "look at every nonce"},
    {"repair", FlagKind::kSwitch, "", "rewrite the bad nonces that were found, and only those"},
};

Result<VerifyRequest> read_request(const Arguments& arguments) {
  VerifyRequest request;
  request.paths = arguments.positional();
  if (request.paths.empty())
    return arguments.usage_error("name a plot file or a folder of plot files");
  request.full = arguments.is_on("full");
  if (request.full && arguments.has("sample"))
    return arguments.usage_error("give --sample or --full, not both");
  QUARRY_ASSIGN(request.sample_nonces, arguments.number("sample", request.sample_nonces));
  if (request.sample_nonces == 0) return arguments.usage_error("--sample: at least 1 is needed");
  request.repair = arguments.is_on("repair");
  return request;
}

Json file_json(const VerifyFileReport& file) {
  Json spans = Json::array();
  for (const NonceSpan& span : file.bad_spans)
    spans.push_back({{"first", span.first}, {"count", span.count}});
  Json object = {{"path", file.path},
                 {"checked_nonces", file.checked_nonces},
                 {"bad_nonces", file.bad_nonces},
                 {"bad_spans", spans},
                 {"repaired_nonces", file.repaired_nonces}};
  if (!file.status.ok())
    object["error"] = {{"code", code_name(file.status.code())}, {"message", file.status.message()}};
  return object;
}

std::string file_text(const VerifyFileReport& file) {
  if (!file.status.ok()) return file.path + ": not checked\n";  // the reason is on stderr
  std::string text = file.path + ": " + std::to_string(file.checked_nonces) + " nonces checked, ";
  if (file.bad_nonces == 0) return text + "all good\n";
  text += std::to_string(file.bad_nonces) + " bad";
  if (file.repaired_nonces > 0) text += ", " + std::to_string(file.repaired_nonces) + " repaired";
  text += "\n";
  for (const NonceSpan& span : file.bad_spans)
    text += "  bad: nonces " + std::to_string(span.first) + " to " +
            std::to_string(span.first + span.count - 1) + " of the file, counted from 0\n";
  return text;
}

// Corrupt data outweighs other failures: it is what the user asked about.
int worse(int a, int b) {
  if (a == kExitCorrupt || b == kExitCorrupt) return kExitCorrupt;
  return a != kExitDone ? a : b;
}

Result<int> run(const Arguments& arguments, Session& session) {
  QUARRY_ASSIGN(const VerifyRequest request, read_request(arguments));
  QUARRY_ASSIGN(const CareOptions care, read_care(arguments));
  QUARRY_ASSIGN(const auto devices, open_devices(arguments, session));
  QUARRY_ASSIGN(const std::vector<VerifyFileReport> reports,
                verify_plots(request, devices, posix_file_system(), session.progress(),
                             session.cancel(), care));
  Json list = Json::array();
  std::string text;
  int code = kExitDone;
  for (const VerifyFileReport& file : reports) {
    list.push_back(file_json(file));
    text += file_text(file);
    if (file.bad_nonces > 0) code = worse(code, kExitCorrupt);
    if (!file.status.ok()) {
      code = worse(code, exit_code(file.status.code()));
      session.warn(file.status);
    }
  }
  session.print({{"files", list}}, text);
  return code;
}

}  // namespace

const Command kVerifyCommand = {"verify",   "checks plot files, and repairs them",
                                "PATH ...", DeviceUse::kLongHours,
                                kFlags,     run};

}  // namespace quarry::cli
