// quarry demo: what the product does, done and proved on this machine.
#include <algorithm>
#include <chrono>
#include <cstdio>

#include "base/units.h"
#include "cli/command.h"
#include "cli/demo_chain.h"
#include "cli/session.h"
#include "host/file.h"
#include "host/memory.h"
#include "host/scratch_folder.h"
#include "plotter/generator.h"
#include "plotter/plot.h"
#include "plotter/poc2.h"
#include "plotter/scan.h"
#include "plotter/verify.h"

namespace quarry::cli {
namespace {

constexpr Flag kFlags[] = {
    {"nonces", FlagKind::kValue, "N", "nonces to plot, at least 64; default: 512 (128 MiB)"},
    {"folder", FlagKind::kValue, "DIR", "where to work; all is removed at the end; default: /tmp"},
};

constexpr uint64_t kStart = 4294967290u;  // nonce numbers pass 2^32 within the file

// What the steps hand on to each other.
struct Demo {
  const Arguments& arguments;
  Session& session;
  FileSystem& files = posix_file_system();
  std::vector<std::unique_ptr<Device>> devices = {};
  std::unique_ptr<ScratchFolder> folder = nullptr;
  PlotName plot = {};
  Round round = {};
  ScanReport scan = {};
  DemoChain chain = {};

  std::string path() const { return folder->path() + "/" + format_plot_name(plot); }
};

Status broken(const std::string& message) { return {Code::kCorrupt, message}; }

Result<std::string> test_devices(Demo& demo) {
  QUARRY_ASSIGN(demo.devices, open_devices(demo.arguments, demo.session));
  std::string names;
  for (const auto& device : demo.devices)
    names += (names.empty() ? "" : ", ") + device->info().id + " (" + device->info().name + ")";
  return names + " computed the golden vectors";
}

Result<std::string> plot(Demo& demo) {
  PlotRequest request;
  request.account_id = demo.plot.account_id;
  request.start = demo.plot.start;
  request.nonces = demo.plot.nonces;
  request.folders = {demo.folder->path()};
  QUARRY_ASSIGN(const PlotPlan plan, plan_plot(request, demo.files));
  QUARRY_ASSIGN(const PlotReport report, run_plot(plan, demo.devices, demo.files,
                                                  demo.session.progress(), demo.session.cancel()));
  QUARRY_ASSIGN(const FileInfo info, demo.files.info(demo.path()));
  if (report.files.size() != 1 || info.size_bytes != demo.plot.size_bytes())
    return broken("the plot has not the size that its name promises");
  return std::to_string(demo.plot.nonces) + " nonces, " + format_bytes(info.size_bytes) + ", " +
         format_real(report.files[0].nonces_per_second, 1) + " nonces/s";
}

// Verifies every nonce; the number of bad ones.
Result<uint64_t> count_bad(Demo& demo, bool repair) {
  VerifyRequest request;
  request.paths = {demo.path()};
  request.full = true;
  request.repair = repair;
  QUARRY_ASSIGN(const auto reports, verify_plots(request, demo.devices, demo.files,
                                                 demo.session.progress(), demo.session.cancel()));
  if (reports.size() != 1) return broken("verify did not find the plot");
  QUARRY_TRY(reports[0].status);
  if (reports[0].checked_nonces != demo.plot.nonces)
    return broken("verify did not look at every nonce");
  return reports[0].bad_nonces;
}

Result<std::string> verify(Demo& demo) {
  QUARRY_ASSIGN(const uint64_t bad, count_bad(demo, false));
  if (bad > 0) return broken(std::to_string(bad) + " nonces are wrong");
  return "all " + std::to_string(demo.plot.nonces * kScoopsPerNonce) + " scoops as computed again";
}

Result<std::string> repair(Demo& demo) {
  {
    QUARRY_ASSIGN(const auto file, demo.files.open(demo.path(), {.write = true}));
    const uint64_t offset = demo.plot.size_bytes() / 3;
    std::byte byte{};
    QUARRY_TRY(file->read_at(offset, {&byte, 1}));
    byte ^= std::byte{1};
    QUARRY_TRY(file->write_at(offset, {&byte, 1}));
  }
  QUARRY_ASSIGN(const uint64_t found, count_bad(demo, true));
  if (found != 1)
    return broken("one bit was flipped, and " + std::to_string(found) + " nonces were found bad");
  QUARRY_ASSIGN(const uint64_t left, count_bad(demo, false));
  if (left != 0) return broken("the repaired plot is still wrong");
  return std::string("one flipped bit: its nonce found, rewritten, and the file right again");
}

Result<std::string> scan(Demo& demo) {
  for (size_t i = 0; i < demo.round.generation_signature.size(); i++)
    demo.round.generation_signature[i] = static_cast<std::byte>(7 * i + 1);
  demo.round.height = 1234567;
  demo.round.base_target = 280000;
  QUARRY_ASSIGN(demo.scan, scan_plots(demo.round, {demo.folder->path()}, demo.devices, demo.files,
                                      demo.session.progress(), demo.session.cancel()));
  if (demo.scan.nonces != demo.plot.nonces || demo.scan.best.size() != 1)
    return broken("the scan did not read every nonce");
  return "scoop " + std::to_string(demo.scan.scoop) + " of each nonce; best: nonce " +
         std::to_string(demo.scan.best[0].nonce) + ", deadline " +
         std::to_string(demo.scan.best[0].deadline) + " s";
}

// The smallest hit of the round, by plain code over the bytes of the file.
Result<uint64_t> smallest_hit(Demo& demo) {
  QUARRY_ASSIGN(const auto file, demo.files.open(demo.path(), {}));
  std::vector<std::byte> scoops(demo.plot.nonces * kScoopBytes);
  QUARRY_TRY(file->read_at(scoop_offset(demo.plot.nonces, scoop_of(demo.round), 0), scoops));
  uint64_t smallest = UINT64_MAX;
  for (size_t i = 0; i < scoops.size(); i += kScoopBytes)
    smallest =
        std::min(smallest, hit_of(demo.round, std::span<const std::byte, 64>(&scoops[i], 64)));
  return smallest;
}

Result<std::string> cross_check(Demo& demo) {
  const Deadline& best = demo.scan.best[0];
  QUARRY_ASSIGN(const uint64_t smallest, smallest_hit(demo));
  if (smallest != best.hit) return broken("a plain loop finds another best hit");
  QUARRY_ASSIGN(const auto scalar, open_device("cpu:scalar"));
  QUARRY_ASSIGN(const auto generator, NonceGenerator::open(*scalar, {.slot_nonces = 1}));
  QUARRY_ASSIGN(const HostMemory memory, HostMemory::allocate(kNonceBytes));
  NonceRange range;
  range.account_id = best.account_id;
  range.start = best.nonce;
  range.count = 1;
  QUARRY_TRY(generator->generate(range, {memory.data(), 1, nullptr}, 0, demo.session.cancel()));
  const auto scoop = memory.bytes().subspan(scoop_offset(1, demo.scan.scoop, 0)).first<64>();
  const uint64_t hit = hit_of(demo.round, scoop);
  if (hit != best.hit || hit / demo.round.base_target != best.deadline)
    return broken("the scalar code computes another deadline for this nonce");
  return std::string("the winning nonce computed by scalar code alone: the same deadline");
}

Result<std::string> start_devnet(Demo& demo) {
  return demo.chain.start(demo.folder->path() + "/devnet");
}

Result<std::string> mine(Demo& demo) {
  return demo.chain.mine(demo.path(), demo.devices, demo.session.cancel());
}

Result<std::string> pay(Demo& demo) { return demo.chain.pay(demo.session.cancel()); }

Result<std::string> join_pool(Demo& demo) {
  return demo.chain.join_pool(demo.path(), demo.devices, demo.session.cancel());
}

Result<std::string> see_payout(Demo& demo) { return demo.chain.see_payout(demo.session.cancel()); }

Result<std::string> verify_chain(Demo& demo) { return demo.chain.verify(demo.session.cancel()); }

// One row of the table. A later feature adds its row here.
struct Step {
  const char* feature;
  Result<std::string> (*run)(Demo& demo);
};

constexpr Step kSteps[] = {
    {"devices", test_devices}, {"plot", plot},         {"verify", verify},
    {"repair", repair},        {"scan", scan},         {"cross-check", cross_check},
    {"devnet", start_devnet},  {"mine", mine},         {"payment", pay},
    {"pool", join_pool},       {"payout", see_payout}, {"light client", verify_chain},
};

Result<int> run(const Arguments& arguments, Session& session) {
  Demo demo{arguments, session};
  QUARRY_ASSIGN(const uint64_t nonces, arguments.number("nonces", 512));
  if (nonces < 64 || nonces > (uint64_t{1} << 20))
    return arguments.usage_error("--nonces: give a number from 64 to 1048576");
  demo.plot = {demo.chain.account_id(), kStart, nonces, 0};
  QUARRY_ASSIGN(demo.folder, ScratchFolder::make(arguments.text("folder", temporary_folder())));

  Json list = Json::array();
  std::vector<std::vector<std::string>> rows = {{"FEATURE", "RESULT", "TIME", "WHAT WAS PROVED"}};
  bool all_passed = true;
  double total = 0;
  for (const Step& step : kSteps) {
    const auto begin = std::chrono::steady_clock::now();
    const Result<std::string> proved = step.run(demo);
    const std::chrono::duration<double> time = std::chrono::steady_clock::now() - begin;
    if (proved.status().code() == Code::kCancelled) return proved.status();
    if (proved.status().code() == Code::kInvalidArgument) return proved.status();
    total += time.count();
    all_passed = proved.ok();
    const std::string text = proved.ok() ? *proved : proved.status().message();
    list.push_back({{"feature", step.feature},
                    {"passed", proved.ok()},
                    {"seconds", time.count()},
                    {"proved", text}});
    rows.push_back(
        {step.feature, proved.ok() ? "passed" : "FAILED", format_seconds(time.count()), text});
    if (!proved.ok()) break;  // the steps behind it build on it
  }
  session.print({{"passed", all_passed}, {"seconds", total}, {"rows", list}},
                format_table(rows, {2}) + (all_passed ? "\nAll proved in " : "\nStopped after ") +
                    format_seconds(total) + ".\n");
  return all_passed ? kExitDone : kExitFailed;
}

}  // namespace

const Command kDemoCommand = {"demo", "shows on this machine, with proof, what Quarry does",
                              "",     DeviceUse::kUses,
                              kFlags, run};

}  // namespace quarry::cli
