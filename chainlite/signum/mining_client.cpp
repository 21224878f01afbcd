#include "chainlite/signum/mining_client.h"

#include <utility>

#include "host/http/url.h"

namespace quarry::signum {
namespace {

constexpr std::chrono::seconds kMiningInfoTimeout{10};
constexpr std::chrono::seconds kSubmitTimeout{15};    // a pool computes the nonce again
constexpr size_t kMostReplyBytes = size_t{64} << 10;  // real ones have a few hundred

// What signum-miner and foxy-miner send with both requests.
std::vector<HttpHeader> headers_of(const MinerIdentity& miner) {
  std::vector<HttpHeader> headers = {{"User-Agent", miner.software}, {"X-Miner", miner.software}};
  if (!miner.name.empty()) headers.push_back({"X-Minername", miner.name});
  if (miner.capacity_gib > 0) headers.push_back({"X-Capacity", std::to_string(miner.capacity_gib)});
  headers.insert(headers.end(), miner.headers.begin(), miner.headers.end());
  return headers;
}

// BlagoMiner has always asked by POST, and there are servers that know nothing else.
// Nodes say it in words, with HTTP 200.
bool wants_post(const HttpReply& reply) {
  return reply.status == 405 || reply.status == 501 ||
         contains_ignoring_case(reply.body, "only accepted using POST") ||
         contains_ignoring_case(reply.body, "method not allowed");
}

// What HttpClient::send's failure means for a nonce: all but a request that can never be
// sent may go better next time.
SubmitReply not_sent(const Status& status) {
  const bool is_hopeless = status.code() == Code::kInvalidArgument;
  return {is_hopeless ? SubmitOutcome::kRefused : SubmitOutcome::kUnreachable, std::nullopt,
          status.message()};
}

}  // namespace

Result<MiningClient> MiningClient::open(HttpClient& http, const std::string& url) {
  QUARRY_ASSIGN(Url parsed, parse_url(url));
  const bool is_loopback = is_loopback_host(parsed.host.host);
  while (parsed.path.ends_with('/')) parsed.path.pop_back();
  if (!parsed.path.ends_with("/burst") && !parsed.path.ends_with("/api")) parsed.path += "/burst";
  std::string api = format_url(parsed) + (parsed.query.empty() ? "?" : "&");
  std::string name = parsed.scheme + "://" + format_host_and_port(parsed.host);
  return MiningClient(http, std::move(name), std::move(api), is_loopback);
}

Result<MiningInfo> MiningClient::mining_info(const MinerIdentity& miner,
                                             const Cancel& cancel) const {
  const bool by_post = *post_only_;
  HttpRequest request;
  request.method = by_post ? "POST" : "GET";
  request.url = api_ + "requestType=getMiningInfo";
  request.headers = headers_of(miner);
  request.timeout = kMiningInfoTimeout;
  request.max_body_bytes = kMostReplyBytes;
  auto reply = http_->send(request, cancel);
  if (!by_post && reply.ok() && wants_post(*reply)) {
    request.method = "POST";
    reply = http_->send(request, cancel);
    if (reply.ok() && parse_mining_info(reply->status, reply->body).ok()) *post_only_ = true;
  }
  QUARRY_TRY(reply.status());
  auto info = parse_mining_info(reply->status, reply->body);
  if (!info.ok()) return info.status().with_context(name_);
  return info;
}

SubmitReply MiningClient::submit(const NonceSubmission& submission, const MinerIdentity& miner,
                                 const Secret* passphrase, const Cancel& cancel) const {
  if (passphrase != nullptr && !is_loopback_)
    return {SubmitOutcome::kRefused, std::nullopt,
            "a passphrase is never sent to another machine, and " + name_ +
                " is one: mine through a pool"};
  std::vector<Parameter> in_url = {{"requestType", "submitNonce"},
                                   {"accountId", std::to_string(submission.account_id)},
                                   {"nonce", std::to_string(submission.nonce)},
                                   {"blockheight", std::to_string(submission.height)}};
  HttpRequest request;
  request.method = "POST";
  request.headers = headers_of(miner);
  request.headers.push_back({"X-Deadline", std::to_string(submission.deadline)});
  if (passphrase != nullptr) {
    request.headers.push_back({"Content-Type", "application/x-www-form-urlencoded"});
    request.body = format_query({{"secretPhrase", std::string(passphrase->text())}});
  } else {
    in_url.push_back({"deadline", std::to_string(submission.hit)});
  }
  request.url = api_ + format_query(in_url);
  request.timeout = kSubmitTimeout;
  request.max_body_bytes = kMostReplyBytes;
  const auto reply = http_->send(request, cancel);
  if (passphrase != nullptr) wipe(std::as_writable_bytes(std::span(request.body)));
  if (!reply.ok()) return not_sent(reply.status());
  SubmitReply answer = parse_submit_reply(reply->status, reply->body);
  if (answer.outcome == SubmitOutcome::kAccepted &&
      answer.deadline.value_or(submission.deadline) != submission.deadline) {
    answer.outcome = SubmitOutcome::kWrongDeadline;
    answer.message = name_ + " computes deadline " + std::to_string(*answer.deadline) +
                     " instead of " + std::to_string(submission.deadline);
  }
  return answer;
}

}  // namespace quarry::signum
