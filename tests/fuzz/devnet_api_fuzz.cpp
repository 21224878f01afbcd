// What strangers say to a devnet's API: the first line is a query, the rest a body;
// without a query the body is another node's request.
#include <nlohmann/json.hpp>
#include <string>

#include "chainlite/devnet/api.h"
#include "tests/fuzz/fuzz.h"

using namespace quarry;

namespace {

class StoppedClock : public WallClock {
 public:
  int64_t unix_seconds() override { return 1'800'000'000; }
};

// One chain for all inputs: none of them makes a block, for want of time.
struct Node {
  Node() {
    auto opened = devnet::Chain::open(":memory:", 10, clock);
    QUARRY_CHECK(opened.ok());
    chain = std::move(*opened);
    forger = std::make_unique<devnet::Forger>(*chain);
    api = std::make_unique<devnet::NodeApi>(*chain, *forger);
  }
  StoppedClock clock;
  std::unique_ptr<devnet::Chain> chain;
  std::unique_ptr<devnet::Forger> forger;
  std::unique_ptr<devnet::NodeApi> api;
};

}  // namespace

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static Node node;
  const std::string_view text = fuzz::as_text(data, size);
  const size_t end = std::min(text.find('\n'), text.size());
  IncomingRequest request;
  request.method = "POST";
  request.path = "/burst";
  request.query = text.substr(0, end);
  request.body = text.substr(std::min(end + 1, text.size()));
  request.peer_is_loopback = request.query.size() % 2 == 0;
  auto parameters = parse_query(request.query, 256);
  if (!parameters.ok()) return 0;  // the server refuses it before
  request.parameters = std::move(*parameters);
  // A nonce takes a tenth of a second.
  const std::string* type = request.parameter("requestType");
  if (type != nullptr && *type == "submitNonce") return 0;

  const HttpReply reply = node.api->handle(request);
  QUARRY_CHECK(reply.status == 200 || reply.status == 404 || reply.status == 405);
  QUARRY_CHECK(nlohmann::json::parse(reply.body, nullptr, false).is_object());
  return 0;
}
