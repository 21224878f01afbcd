// The API of a Signum node, on a devnet: what wallets, miners, pools and other
// nodes ask for over HTTP. docs/devnet.md lists the requests.
//
// Facts: signum-node, brs.web.api.http and brs.peer: names and kinds of fields,
// codes and words of errors.
#pragma once

#include <memory>
#include <string>

#include "base/status.h"
#include "chainlite/devnet/chain.h"
#include "chainlite/devnet/forger.h"
#include "host/http/server.h"

namespace quarry::devnet {

// Limits of the HTTP server in front of the API. A full block as JSON fits a body.
inline constexpr size_t kMostRequestBytes = size_t{4} << 20;
inline constexpr size_t kMostConnections = 64;

class NodeApi {
 public:
  // Both outlive it. It pays out of the faucet of the chain.
  NodeApi(Chain& chain, Forger& forger);
  ~NodeApi();

  // Answers one request. Any thread. Parameters are in no log and in no reply but
  // where the live node echoes them.
  //
  //   ?requestType=X at any of the paths /api and /burst: the client's API;
  //   POST of {"protocol":"B1","requestType":X} to /burst or /: another node's.
  //
  // A passphrase is taken from this machine only.
  HttpReply handle(const IncomingRequest& request);

 private:
  HttpReply answer_client(const IncomingRequest& request);

  Chain& chain_;
  Forger& forger_;
  const signum::KeyPair faucet_;
  const std::string node_id_;  // random: tells two nodes apart
};

}  // namespace quarry::devnet
