// Asks a Signum node: its client API, and, as peers do, for whole blocks.
//
// Everything that comes back is what the node says: "reported". What is believed
// is decided elsewhere (light_client.h). Sizes are bounded; nothing is retried.
#pragma once

#include <chrono>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "base/status.h"
#include "chainlite/signum/block.h"
#include "chainlite/signum/consensus.h"
#include "chainlite/signum/light_client.h"
#include "host/cancel.h"
#include "host/http/client.h"
#include "host/http/url.h"

namespace quarry::signum {

// Any thread; calls are independent.
class NodeClient {
 public:
  // `url`: "http://host:port", with or without "/api" or "/burst" behind it. `http`
  // outlives it. kInvalidArgument for what is no URL.
  static Result<NodeClient> open(HttpClient& http, const std::string& url);

  // "http://host:port", for messages.
  const std::string& name() const { return name_; }
  // Whether only this machine can be meant.
  bool is_loopback() const { return is_loopback_; }

  // A request of the client API: its reply, an object. A reply with errorCode is
  // kRefused with the node's words; what is no JSON object is kCorrupt. `post` for
  // requests that change something.
  //
  // A parameter "secretPhrase" is refused (kRefused) unless the node is on this
  // machine; it is sent in the body, never in the URL.
  Result<nlohmann::json> call(const std::string& request_type,
                              const std::vector<Parameter>& parameters, const Cancel& cancel,
                              bool post = false) const;

  // A request of peer to peer: its reply, an object. kRefused as above ("error").
  Result<nlohmann::json> ask_peer(const std::string& request_type, nlohmann::json members,
                                  const Cancel& cancel) const;

  struct PeerTip {
    uint32_t height = 0;
    Difficulty cumulative_difficulty;
  };
  Result<PeerTip> tip(const Cancel& cancel) const;

  // Up to `count` blocks above `height`, in ascending order; none at the tip. Only
  // their form is checked. kCorrupt if there are more than were asked for.
  Result<std::vector<PeerBlock>> blocks_above(uint32_t height, uint32_t count,
                                              const Cancel& cancel) const;

 private:
  NodeClient(HttpClient& http, std::string name, bool is_loopback)
      : http_(&http), name_(std::move(name)), is_loopback_(is_loopback) {}

  Result<nlohmann::json> send(HttpRequest request, const std::string& request_type,
                              const Cancel& cancel) const;

  HttpClient* http_;
  std::string name_;
  bool is_loopback_ = false;
};

}  // namespace quarry::signum
