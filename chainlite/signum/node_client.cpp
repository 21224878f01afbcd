#include "chainlite/signum/node_client.h"

#include "base/json.h"
#include "base/printable.h"
#include "chainlite/signum/block_json.h"

namespace quarry::signum {
namespace {

using nlohmann::json;

constexpr size_t kMostReplyBytes = size_t{64} << 20;  // a batch of full blocks
constexpr size_t kMostWordsOfNode = 300;              // of its errors that are shown

// What a reply says went wrong; ok if nothing did.
Status error_in(const json& reply, const std::string& node) {
  const bool has_code = has_member(reply, "errorCode") || has_member(reply, "errorDescription");
  if (!has_code && !has_member(reply, "error")) return Status();
  const auto words = read_text(reply, has_code ? "errorDescription" : "error");
  return {Code::kRefused,
          node + " refuses: " +
              (words.ok() ? printable(*words, kMostWordsOfNode) : "without saying why")};
}

}  // namespace

Result<NodeClient> NodeClient::open(HttpClient& http, const std::string& url) {
  QUARRY_ASSIGN(Url parsed, parse_url(url));
  const bool is_loopback = is_loopback_host(parsed.host.host);
  parsed.query.clear();
  parsed.path = "/";
  std::string name = format_url(parsed);
  while (name.ends_with('/')) name.pop_back();
  return NodeClient(http, std::move(name), is_loopback);
}

Result<json> NodeClient::send(HttpRequest request, const std::string& request_type,
                              const Cancel& cancel) const {
  request.max_body_bytes = kMostReplyBytes;
  QUARRY_ASSIGN(const HttpReply reply, http_->send(request, cancel));
  const std::string source = "the reply of " + name_ + " to " + request_type;
  if (reply.status != 200)
    return Status(reply.status >= 500 ? Code::kNetwork : Code::kRefused,
                  name_ + " answers " + request_type + " with HTTP " +
                      std::to_string(reply.status) + ": is this the address of a node's API?");
  QUARRY_ASSIGN(json value, parse_json(reply.body, source));
  if (!value.is_object()) return Status(Code::kCorrupt, source + " is no JSON object");
  QUARRY_TRY(error_in(value, name_));
  return value;
}

Result<json> NodeClient::call(const std::string& request_type,
                              const std::vector<Parameter>& parameters, const Cancel& cancel,
                              bool post) const {
  std::vector<Parameter> in_url = {{"requestType", request_type}}, in_body;
  for (const Parameter& parameter : parameters) {
    const bool is_secret = parameter.name == "secretPhrase";
    if (is_secret && !is_loopback_)
      return Status(Code::kRefused, "a passphrase is never sent to another machine, and " + name_ +
                                        " is one: sign here, or mine through a pool");
    (is_secret ? in_body : in_url).push_back(parameter);
  }
  HttpRequest request;
  request.method = post ? "POST" : "GET";
  request.url = name_ + "/api?" + format_query(in_url);
  if (post) {
    request.headers = {{"Content-Type", "application/x-www-form-urlencoded"}};
    request.body = format_query(in_body);
  }
  return send(std::move(request), request_type, cancel);
}

Result<json> NodeClient::ask_peer(const std::string& request_type, json members,
                                  const Cancel& cancel) const {
  members["protocol"] = "B1";
  members["requestType"] = request_type;
  HttpRequest request;
  request.method = "POST";
  request.url = name_ + "/burst";
  request.headers = {{"Content-Type", "application/json"}};
  request.body = members.dump();
  return send(std::move(request), request_type, cancel);
}

Result<NodeClient::PeerTip> NodeClient::tip(const Cancel& cancel) const {
  QUARRY_ASSIGN(const json reply, ask_peer("getCumulativeDifficulty", json::object(), cancel));
  PeerTip tip;
  QUARRY_ASSIGN(tip.height, read_u32(reply, "blockchainHeight"));
  QUARRY_ASSIGN(const std::string difficulty, read_text(reply, "cumulativeDifficulty"));
  const auto parsed = Difficulty::parse(difficulty);
  if (!parsed.ok())
    return Status(Code::kCorrupt, name_ + " tells no cumulative difficulty that is a number");
  tip.cumulative_difficulty = *parsed;
  return tip;
}

Result<std::vector<PeerBlock>> NodeClient::blocks_above(uint32_t height, uint32_t count,
                                                        const Cancel& cancel) const {
  QUARRY_ASSIGN(const json reply, ask_peer("getBlocksFromHeight",
                                           {{"height", height}, {"numBlocks", count}}, cancel));
  QUARRY_ASSIGN(const json* list, read_array(reply, "nextBlocks", count));
  std::vector<PeerBlock> blocks;
  for (const json& element : *list) {
    auto block = block_from_json(element);
    if (!block.ok())
      return block.status().with_context("block " + std::to_string(height + 1 + blocks.size()) +
                                         " of " + name_);
    PeerBlock peer{std::move(*block), std::nullopt};
    if (const auto packed = read_u64(element, "baseTarget"); packed.ok())
      peer.packed_base_target = *packed;
    blocks.push_back(std::move(peer));
  }
  return blocks;
}

}  // namespace quarry::signum
