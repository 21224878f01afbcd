// A devnet as its user starts it, and what miners and wallets ask it over HTTP.
#pragma once

#include <signal.h>

#include <chrono>
#include <functional>
#include <memory>
#include <thread>

#include "base/secret.h"
#include "chainlite/signum/eckcdsa.h"
#include "host/http/client.h"
#include "host/http/url.h"
#include "tests/e2e/command_line.h"

namespace quarry::tests {

class DevnetProcess {
 public:
  using Words = std::vector<std::string>;
  static constexpr std::chrono::seconds kPatience{120};  // for what takes a second or two

  // Starts it on a free port, without a pool unless `more` asks for one, with --json,
  // and waits until it listens.
  DevnetProcess(const std::string& data, const Words& more = {},
                const Process::Environment& environment = {}) {
    Words words = {QUARRY_BINARY, "devnet", "--json",          "--listen", "127.0.0.1:0",
                   "--data",      data,     "--block-seconds", "1"};
    if (std::find(more.begin(), more.end(), "--pool") == more.end())
      words.insert(words.end(), {"--pool", "off"});
    words.insert(words.end(), more.begin(), more.end());
    process = std::make_unique<Process>(words, environment);
    const auto start = event("started");
    if (start.is_object()) url = start["url"];
    if (start.contains("pool_url")) pool_url = start["pool_url"];
  }

  // The first event of this kind, when it has come.
  nlohmann::json event(const std::string& name) const {
    nlohmann::json found;
    EXPECT_TRUE(eventually([&] {
      for (const auto& object : events())
        if (found.is_null() && object.value("event", "") == name) found = object;
      return !found.is_null() || !process->running();
    })) << name;
    EXPECT_TRUE(found.is_object()) << name << ": " << process->errors_so_far();
    return found;
  }
  std::vector<nlohmann::json> events() const {
    std::vector<nlohmann::json> all;
    const std::string text = process->output_so_far();
    for (size_t at = 0, end; (end = text.find('\n', at)) != std::string::npos; at = end + 1) {
      all.push_back(nlohmann::json::parse(text.substr(at, end - at), nullptr, false));
      EXPECT_TRUE(all.back().is_object()) << text;
    }
    return all;
  }

  static bool eventually(const std::function<bool()>& condition) {
    const auto end = std::chrono::steady_clock::now() + kPatience;
    while (!condition()) {
      if (std::chrono::steady_clock::now() > end) return false;
      std::this_thread::sleep_for(std::chrono::milliseconds(50));
    }
    return true;
  }

  nlohmann::json get(const std::string& query) const { return ask("GET", query); }
  nlohmann::json post(const std::string& query) const { return ask("POST", query); }
  nlohmann::json ask(const std::string& method, const std::string& query) const {
    HttpRequest request;
    request.method = method;
    request.url = url + "/api?requestType=" + query;
    const auto reply = client->send(request, never);
    EXPECT_TRUE(reply.ok()) << query << ": " << reply.status().message();
    if (!reply.ok()) return {};
    EXPECT_EQ(reply->status, 200) << query << ": " << reply->body;
    return nlohmann::json::parse(reply->body, nullptr, false);
  }

  uint32_t height() const { return get("getBlockchainStatus").value("numberOfBlocks", 1u) - 1; }
  std::string tip() const { return get("getBlock").value("block", ""); }

  // Submits a nonce for the next block of the passphrase's account, and waits for it.
  void mine(const std::string& passphrase, int blocks = 1) const {
    for (int i = 0; i < blocks; i++) {
      const uint32_t before = height();
      const auto reply = post("submitNonce&nonce=" + std::to_string(before) +
                              "&secretPhrase=" + percent_encode(passphrase));
      EXPECT_EQ(reply.value("result", ""), "success") << reply;
      EXPECT_TRUE(eventually([&] { return height() > before; })) << process->errors_so_far();
    }
  }

  std::unique_ptr<Process> process;
  std::string url;
  std::string pool_url;  // "": none
  const std::unique_ptr<HttpClient> client = make_http_client();
  Cancel never;
};

inline uint64_t account_of_phrase(std::string_view passphrase) {
  return signum::KeyPair::from_passphrase(Secret::copy_of(passphrase)).account_id();
}

}  // namespace quarry::tests
