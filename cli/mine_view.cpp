#include "cli/mine_view.h"

#include <algorithm>

#include "base/hex.h"
#include "base/units.h"
#include "chainlite/signum/address.h"

namespace quarry::cli {
namespace {

using namespace mining;

constexpr size_t kMostAccounts = 8;
constexpr size_t kMostDisks = 24;
constexpr size_t kBarCells = 24;

Json best_json(const Finding& finding) {
  return {{"account", json_u64(finding.nonce.account_id)},
          {"nonce", json_u64(finding.nonce.nonce)},
          {"hit", json_u64(finding.nonce.hit)},
          {"deadline", json_u64(finding.nonce.deadline)},
          {"file", finding.file}};
}

Json to_json(const RoundBegun& event) {
  Json json = {{"event", "round"},
               {"network", event.network},
               {"pool", event.pool},
               {"height", event.info.height},
               {"scoop", event.scoop},
               {"base_target", json_u64(event.info.base_target)},
               {"generation_signature", format_hex(event.info.generation_signature)}};
  if (event.info.target_deadline) json["target_deadline"] = json_u64(*event.info.target_deadline);
  return json;
}

Json to_json(const RoundScanned& event) {
  return {{"event", "scan"},
          {"network", event.network},
          {"height", event.height},
          {"whole", event.whole},
          {"seconds", event.report.seconds},
          {"nonces", event.report.nonces},
          {"bytes", event.report.bytes}};
}

Json to_json(const DeadlineFound& event) {
  return {{"event", "deadline"},
          {"network", event.network},
          {"height", event.height},
          {"account", json_u64(event.best.account_id)},
          {"nonce", json_u64(event.best.nonce)},
          {"hit", json_u64(event.best.hit)},
          {"deadline", json_u64(event.best.deadline)},
          {"file", event.best.file},
          {"wanted", event.wanted}};
}

Json to_json(const SubmissionAnswered& event) {
  Json json = {
      {"event", "submission"}, {"network", event.network}, {"height", event.finding.nonce.height}};
  json.update(best_json(event.finding));
  json["outcome"] = outcome_name(event.reply.outcome);
  json["message"] = event.reply.message;
  json["will_retry"] = event.will_retry;
  if (event.reply.deadline) json["deadline_of_pool"] = json_u64(*event.reply.deadline);
  return json;
}

Json to_json(const MismatchJudged& event) {
  Json json = {
      {"event", "mismatch"}, {"network", event.network}, {"height", event.finding.nonce.height}};
  json.update(best_json(event.finding));
  json["deadline_of_pool"] = json_u64(event.theirs);
  json["deadline_computed"] = json_u64(event.computed);
  json["wrong"] = event.file_is_wrong ? "file" : "pool";
  json["mismatches_of_file"] = event.mismatches_of_file;
  return json;
}

Json to_json(const BlockWon& event) {
  return {{"event", "block_won"},
          {"network", event.network},
          {"height", event.height},
          {"account", json_u64(event.account_id)}};
}

Json to_json(const PoolChanged& event) {
  return {{"event", "pool"},
          {"network", event.network},
          {"pool", event.pool},
          {"answers", event.failure.empty()},
          {"message", event.failure}};
}

Json to_json(const PlotProblem& event) {
  return {{"event", "plot_problem"},
          {"code", code_name(event.status.code())},
          {"message", event.status.message()}};
}

std::string seconds_text(uint64_t seconds) { return std::to_string(seconds) + " s"; }

std::string to_text(const RoundBegun& event) {
  return event.network + ": block " + std::to_string(event.info.height) + ", scoop " +
         std::to_string(event.scoop) + ", base target " + std::to_string(event.info.base_target);
}

std::string to_text(const RoundScanned& event) {
  if (!event.whole)
    return event.network + ": block " + std::to_string(event.height) +
           " came to its end before all was read (" + format_seconds(event.report.seconds) + ")";
  return event.network + ": block " + std::to_string(event.height) + " scanned, " +
         std::to_string(event.report.nonces) + " nonces in " + format_seconds(event.report.seconds);
}

std::string to_text(const DeadlineFound&) { return ""; }

std::string to_text(const SubmissionAnswered& event) {
  const auto& nonce = event.finding.nonce;
  const std::string what = event.network + ": deadline " + seconds_text(nonce.deadline) + " of " +
                           signum::format_address(nonce.account_id) + " for block " +
                           std::to_string(nonce.height);
  if (event.reply.outcome == signum::SubmitOutcome::kAccepted) return what + ": accepted";
  return what + ": " + explain(event.reply) + (event.will_retry ? "; trying again" : "");
}

std::string to_text(const MismatchJudged& event) {
  const std::string nonce = std::to_string(event.finding.nonce.nonce);
  if (event.file_is_wrong)
    return event.finding.file + " is wrong at nonce " + nonce + " (its deadline was " +
           std::to_string(event.finding.nonce.deadline) + ", computed anew it is " +
           std::to_string(event.computed) + "; " + std::to_string(event.mismatches_of_file) +
           " so far): run  quarry verify --full --repair " + event.finding.file;
  return event.network + ": the pool computes deadline " + std::to_string(event.theirs) +
         " for nonce " + nonce + ", and " + std::to_string(event.computed) +
         " is right: the plot is good, the pool is wrong";
}

std::string to_text(const BlockWon& event) {
  return event.network + ": block " + std::to_string(event.height) + " WON by " +
         signum::format_address(event.account_id);
}

std::string to_text(const PoolChanged& event) {
  if (event.failure.empty()) return event.network + ": mining with " + event.pool;
  return event.network + ": " + event.failure + "; trying again";
}

std::string to_text(const PlotProblem& event) { return event.status.message(); }

std::string bar(double fraction, bool color) {
  const auto full = static_cast<size_t>(std::clamp(fraction, 0.0, 1.0) * kBarCells);
  const std::string done(full, '#'), open(kBarCells - full, '-');
  return color ? "[\x1b[32m" + done + "\x1b[0m" + open + "]" : "[" + done + open + "]";
}

// A line of plain text, cut; file and pool names may hold anything.
std::string plain(std::string line, size_t width) {
  for (char& c : line)
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = '?';
  if (line.size() > width) line.resize(width);
  return line;
}

double fraction_scanned(const MinerState& state) {
  uint64_t scanned = 0;
  for (const ScanDisk& disk : state.disks) scanned += disk.nonces_scanned;
  return state.nonces == 0 ? 0 : static_cast<double>(scanned) / static_cast<double>(state.nonces);
}

void put_accounts(const NetworkState& network, size_t width, std::vector<std::string>& lines) {
  std::vector<std::pair<uint64_t, uint64_t>> best;  // deadline, account
  for (const auto& [account, found] : network.accounts)
    best.emplace_back(found.best_deadline, account);
  std::sort(best.begin(), best.end());
  for (size_t i = 0; i < std::min(best.size(), kMostAccounts); i++) {
    const auto [deadline, account] = best[i];
    lines.push_back(plain("  " + signum::format_address(account) + "  best " +
                              seconds_text(deadline) + "  " +
                              network.accounts.at(account).last_answer,
                          width));
  }
  if (best.size() > kMostAccounts)
    lines.push_back("  and " + std::to_string(best.size() - kMostAccounts) + " accounts more");
}

void put_network(const MinerState& state, const NetworkState& network, size_t width, bool color,
                 std::vector<std::string>& lines) {
  std::string pool = "no pool answers";
  for (const PoolState& one : network.pools)
    if (one.active) pool = one.failures == 0 ? one.name : one.name + " (failing)";
  if (network.round.height == 0) {
    lines.push_back(plain(network.name + "  waiting for a round  " + pool, width));
    return;
  }
  lines.push_back(plain(network.name + "  block " + std::to_string(network.round.height) +
                            "  scoop " + std::to_string(network.scoop) + "  " +
                            format_seconds(network.round_seconds) + "  " + pool,
                        width));
  if (network.scanning && width > kBarCells + 30)
    lines.push_back("  " + bar(fraction_scanned(state), color) + " " +
                    format_real(100 * fraction_scanned(state), 1) + " %");
  else
    lines.push_back(plain(network.scanned ? "  scanned in " + format_seconds(network.scan_seconds)
                          : network.scanning ? std::string("  reading")
                                             : std::string("  waits for the disks"),
                          width));
  put_accounts(network, width, lines);
  lines.push_back(plain("  rounds " + std::to_string(network.rounds) + ", accepted " +
                            std::to_string(network.accepted) + ", refused " +
                            std::to_string(network.rejected) + ", unanswered " +
                            std::to_string(network.unanswered) + ", blocks won " +
                            std::to_string(network.blocks_won),
                        width));
}

std::string disk_line(const ScanDisk& disk) {
  std::string line = "  " + disk.name + "  " + std::to_string(disk.plots) +
                     (disk.plots == 1 ? " plot  " : " plots  ") +
                     format_bytes(disk.nonces * 262144);
  if (disk.stuck) return line + "  DOES NOT ANSWER";
  if (disk.seconds > 0)
    line +=
        "  " + format_real(static_cast<double>(disk.bytes_read) / disk.seconds / 1e6, 1) + " MB/s";
  return line;
}

}  // namespace

Json mine_event_json(const MinerEvent& event) {
  return std::visit([](const auto& one) { return to_json(one); }, event);
}

std::string mine_event_text(const MinerEvent& event) {
  return std::visit([](const auto& one) { return to_text(one); }, event);
}

std::string explain(const signum::SubmitReply& reply) {
  using signum::SubmitOutcome;
  const std::string words = reply.message.empty() ? "" : " (\"" + reply.message + "\")";
  switch (reply.outcome) {
    case SubmitOutcome::kAccepted: return "accepted";
    case SubmitOutcome::kStaleRound: return "too late, the round was over" + words;
    case SubmitOutcome::kDeadlineTooHigh:
      return "the pool takes no deadline that long" + words + ": --target-deadline keeps them back";
    case SubmitOutcome::kWrongRewardRecipient:
      return "the account's rewards do not go to this pool" + words +
             ": quarry wallet send NAME --reward-recipient POOL-ACCOUNT, then wait 4 blocks";
    case SubmitOutcome::kWrongDeadline: return "the pool computes another deadline" + words;
    case SubmitOutcome::kRateLimited: return "the pool asks for patience" + words;
    case SubmitOutcome::kUnreachable: return "no answer" + words;
    case SubmitOutcome::kRefused: break;
  }
  return "refused" + words;
}

std::vector<std::string> mine_view(const MinerState& state, size_t width, bool color) {
  std::vector<std::string> lines;
  for (const NetworkState& network : state.networks)
    put_network(state, network, width, color, lines);
  for (size_t i = 0; i < std::min(state.disks.size(), kMostDisks); i++)
    lines.push_back(plain(disk_line(state.disks[i]), width));
  if (state.disks.size() > kMostDisks)
    lines.push_back("  and " + std::to_string(state.disks.size() - kMostDisks) + " disks more");
  if (state.disks.empty()) lines.push_back("  no plots yet");
  return lines;
}

}  // namespace quarry::cli
