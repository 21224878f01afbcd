// A devnet's chain with its API, asked without a network or over a real one.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <nlohmann/json.hpp>
#include <string>

#include "chainlite/devnet/api.h"
#include "host/http/server.h"
#include "tests/support/devnet_chain.h"

namespace quarry::tests {

class DevnetNode : public DevnetChain {
 public:
  DevnetNode() : api(std::make_unique<devnet::NodeApi>(*chain, *forger)) {}

  static IncomingRequest request(const std::string& method, const std::string& query,
                                 const std::string& body = {}) {
    IncomingRequest request;
    request.method = method;
    request.path = "/api";
    request.query = query;
    request.body = body;
    request.peer_is_loopback = true;
    auto parameters = parse_query(query, 256);
    EXPECT_TRUE(parameters.ok()) << query;
    if (parameters.ok()) request.parameters = std::move(*parameters);
    return request;
  }

  // What the API says to "requestType=..."; status 200 and an object.
  nlohmann::json get(const std::string& query) {
    return ask(request("GET", "requestType=" + query));
  }
  nlohmann::json post(const std::string& query, const std::string& body = {}) {
    return ask(request("POST", "requestType=" + query, body));
  }
  nlohmann::json ask(const IncomingRequest& request) {
    const HttpReply reply = api->handle(request);
    EXPECT_EQ(reply.status, 200) << request.query << ": " << reply.body;
    auto object = nlohmann::json::parse(reply.body, nullptr, false);
    EXPECT_TRUE(object.is_object()) << request.query << ": " << reply.body;
    return object;
  }

  // What another node gets for the request.
  nlohmann::json peer(nlohmann::json object) {
    object["protocol"] = "B1";
    return peer_text(object.dump());
  }
  nlohmann::json peer_text(const std::string& body) {
    IncomingRequest incoming = request("POST", "", body);
    incoming.path = "/burst";
    return ask(incoming);
  }

  // Listens on a port of this machine from here on.
  std::string serve() {
    HttpServerOptions options;
    options.max_body_bytes = devnet::kMostRequestBytes;
    auto listening = HttpServer::listen(
        options, [this](const IncomingRequest& request) { return api->handle(request); });
    EXPECT_TRUE(listening.ok()) << listening.status().message();
    server = std::move(*listening);
    return server->url();
  }

  std::unique_ptr<devnet::NodeApi> api;
  std::unique_ptr<HttpServer> server;
};

}  // namespace quarry::tests
