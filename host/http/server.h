// An HTTP/1.1 server for APIs: it reads requests, calls one handler, writes what
// that returns. It serves no files and speaks no TLS; a proxy in front may.
//
//   QUARRY_ASSIGN(auto server, HttpServer::listen({.port = 8125}, [](const IncomingRequest& r) {
//     const std::string* type = r.parameter("requestType");
//     return HttpReply{.content_type = "application/json", .body = answer_to(type)};
//   }));
//
// What strangers can cost is bounded: memory by max_connections times the limits
// of header and body; time by idle_timeout. A body that is too large is refused
// (413) before it is read, or as soon as a chunked one grows too large.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "host/http/message.h"
#include "host/http/url.h"

namespace quarry {

struct HttpServerOptions {
  std::string address = "127.0.0.1";           // IPv4 or IPv6; "0.0.0.0" or "::" for all interfaces
  uint16_t port = 0;                           // 0: any that is free
  unsigned threads = 4;                        // that call the handler
  size_t max_header_bytes = size_t{64} << 10;  // request line and headers; else 431
  size_t max_body_bytes = size_t{1} << 20;     // else 413
  size_t max_parameters = 256;                 // else 400
  size_t max_connections = 512;                // else 503
  size_t max_connections_per_peer = SIZE_MAX;  // of one address that is not this machine; else 503

  // A connection is closed if the next request's header, a body, or the taking of
  // a reply takes longer, however many bytes trickle.
  std::chrono::milliseconds idle_timeout{30000};

  // After a refusal, so much more is read and thrown away, for as long as
  // idle_timeout: a client that sends before it reads would else see an error of
  // the connection, and not the reply.
  uint64_t max_drained_bytes = uint64_t{128} << 20;
};

struct IncomingRequest {
  std::string method;  // "GET", "POST", ...; "GET" for HEAD too, whose reply goes without its body
  std::string path;    // from "/" on, still percent-encoded
  std::string query;   // after "?", still encoded
  std::vector<HttpHeader> headers;
  std::string body;

  // Of the query, then of the body if that is application/x-www-form-urlencoded;
  // decoded to any bytes, UTF-8 or not. A name may stand there more than once.
  std::vector<Parameter> parameters;

  // The other end of the connection: an IP address ("192.0.2.1", "2001:db8::1"; an
  // IPv4 peer of an IPv6 socket as IPv4), "" if it is gone; and whether it is this
  // machine. Behind a proxy these are the proxy's.
  std::string peer_address;
  bool peer_is_loopback = false;

  // The first value of a parameter, as Java's getParameter(), or of a header, in any
  // case ("Host", "Origin"); nullptr if there is none. Lives as long as the request.
  const std::string* parameter(std::string_view name) const {
    return find_parameter(parameters, name);
  }
  const std::string* header(std::string_view name) const { return find_header(headers, name); }
};

// Called on several threads at a time; one that waits keeps one of them. An
// exception becomes a 500 without details. Status must be from 200 to 599.
using HttpHandler = std::function<HttpReply(const IncomingRequest&)>;

class HttpServer {
 public:
  // Returns when connections are accepted. kExists if the port is in use,
  // kPermission for ports that the system reserves, kInvalidArgument for an address
  // that is none, or none of this machine.
  static Result<std::unique_ptr<HttpServer>> listen(const HttpServerOptions& options,
                                                    HttpHandler handler);

  // Closes all connections, and waits for handlers that run. Not to be called by a
  // handler.
  virtual ~HttpServer() = default;

  virtual uint16_t port() const = 0;

  // "http://127.0.0.1:8125", for programs on this machine, also where the server
  // listens on all interfaces.
  virtual std::string url() const = 0;
};

}  // namespace quarry
