// An HTTP client for APIs, over libcurl.
//
//   const auto client = make_http_client();
//   QUARRY_ASSIGN(const HttpReply reply, client->send({.url = url}, cancel));
//   if (reply.status != 200) ...
//
// It speaks http and https only, verifies certificates, follows no redirects, and
// takes no more from the other side than it was told to.
#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "base/status.h"
#include "host/cancel.h"
#include "host/http/message.h"

namespace quarry {

// Initialisers, so that {.url = ...} alone gives no warning.
struct HttpRequest {
  std::string method = "GET";
  std::string url = {};                  // as parse_url() takes it
  std::vector<HttpHeader> headers = {};  // Content-Type among them, where there is a body
  std::string body = {};
  std::chrono::milliseconds connect_timeout{10000};  // until the connection stands, with TLS
  std::chrono::milliseconds timeout{30000};          // for all of it
  size_t max_body_bytes = size_t{16} << 20;          // of the reply, when unpacked
};

class HttpClient {
 public:
  virtual ~HttpClient() = default;

  // Sends a request and returns the reply, whatever its status. Any thread; several
  // at a time each have connections of their own, which are kept for later calls.
  // Returns within about 0.1 s of a request of `cancel` (kCancelled).
  //
  // kInvalidArgument for a wrong URL, method or header, kNetwork where no whole
  // reply came in time, kCorrupt for a reply that is too large or wrongly packed.
  // Messages name host and port, and hold no path, query, header or body: secrets
  // may stand there.
  virtual Result<HttpReply> send(const HttpRequest& request, const Cancel& cancel) = 0;
};

// Initialisers, so that {.proxy = ...} alone gives no warning.
struct HttpClientOptions {
  // "[scheme://][user:password@]host[:port]" with scheme http (if none is written), https,
  // socks5 or socks5h (which lets the proxy resolve names), user and password with %XX
  // for odd letters; port 1080 if none is written, as curl has it, 443 for https. ""
  // means those of the environment (http_proxy, https_proxy, no_proxy). Never used for
  // this machine.
  std::string proxy = {};

  // PEM file of the certificates that are trusted, also of a proxy; "" means those of
  // the system.
  std::string ca_file = {};
};

// kInvalidArgument for what is no proxy; messages hold nothing of it. Failures of
// opening the file.
Result<std::unique_ptr<HttpClient>> make_http_client(const HttpClientOptions& options);

// Without options, which cannot fail.
std::unique_ptr<HttpClient> make_http_client();

}  // namespace quarry
