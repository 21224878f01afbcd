#include "host/http/server.h"

// ThreadSanitizer knows no fences, and needs none: locks order what Asio queues.
#if defined(__SANITIZE_THREAD__)
#define BOOST_ASIO_DISABLE_FENCED_BLOCK
#endif

#include <atomic>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <unordered_map>
#include <utility>

namespace quarry {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using asio::ip::tcp;
using boost::system::error_code;

constexpr size_t kReadAhead = size_t{64} << 10;
constexpr size_t kDrainStep = size_t{16} << 10;
// Connections beyond max_connections that are told so; others are just closed.
constexpr int kMostRefusals = 64;
constexpr std::chrono::milliseconds kPauseAfterFailedAccept{50};
constexpr std::string_view kForm = "application/x-www-form-urlencoded";

std::string text_of(beast::string_view text) { return {text.data(), text.size()}; }

HttpReply plain_reply(int status, std::string_view text) {
  return {.status = status,
          .content_type = "text/plain; charset=utf-8",
          .body = std::string(text) + "\n"};
}

// ::ffff:127.0.0.1 is what an IPv6 socket says of an IPv4 peer.
asio::ip::address unmapped(const asio::ip::address& address) {
  if (address.is_v6() && address.to_v6().is_v4_mapped())
    return asio::ip::make_address_v4(asio::ip::v4_mapped, address.to_v6());
  return address;
}

// How many connections each address has. Any thread.
class PeerCounts {
 public:
  explicit PeerCounts(size_t most) : most_(most) {}

  // False if the address has as many as it may have.
  bool enter(const std::string& address) {
    const std::lock_guard lock(mutex_);
    size_t& count = counts_[address];
    if (count >= most_) return false;
    count++;
    return true;
  }
  void leave(const std::string& address) {
    const std::lock_guard lock(mutex_);
    const auto found = counts_.find(address);
    if (found != counts_.end() && --found->second == 0) counts_.erase(found);
  }

 private:
  const size_t most_;
  std::mutex mutex_;
  std::unordered_map<std::string, size_t> counts_;
};

// What connections share with their server. They live in `io` and in `handlers`,
// which therefore go first.
struct Shared {
  Shared(const HttpServerOptions& the_options, HttpHandler the_handler)
      : options(the_options), handler(std::move(the_handler)), handlers(the_options.threads) {}

  const HttpServerOptions options;
  PeerCounts peers{options.max_connections_per_peer};
  const HttpHandler handler;
  std::atomic<size_t> connections{0};
  std::atomic<int> refusals{0};
  asio::io_context io{1};  // one thread runs it; all of a connection but the handler
  asio::thread_pool handlers;
};

// "/a?b" or, as proxies are asked, "http://host/a?b" (RFC 9112, 3.2).
Status read_target(std::string_view target, IncomingRequest& request) {
  if (!target.starts_with('/')) {
    QUARRY_ASSIGN(Url url, parse_url(target));
    request.path = std::move(url.path);
    request.query = std::move(url.query);
    return {};
  }
  target = target.substr(0, target.find('#'));
  const size_t mark = target.find('?');
  request.path = target.substr(0, mark);
  if (mark != std::string_view::npos) request.query = target.substr(mark + 1);
  return {};
}

Status read_parameters(size_t most, IncomingRequest& request) {
  QUARRY_ASSIGN(request.parameters, parse_query(request.query, most));
  const std::string* header = request.header("Content-Type");
  if (header == nullptr) return {};
  std::string_view type(*header);
  type = type.substr(0, type.find(';'));
  while (type.ends_with(' ')) type.remove_suffix(1);
  if (!equal_ignoring_case(type, kForm)) return {};
  QUARRY_ASSIGN(std::vector<Parameter> form,
                parse_query(request.body, most - request.parameters.size()));
  std::move(form.begin(), form.end(), std::back_inserter(request.parameters));
  return {};
}

// Any thread. Never throws what a handler throws.
HttpReply answer(const Shared& shared, IncomingRequest request) {
  try {
    if (const Status status = read_parameters(shared.options.max_parameters, request); !status.ok())
      return plain_reply(400, "Parameters: " + status.message());
    HttpReply reply = shared.handler(request);
    bool is_good = reply.status >= 200 && reply.status < 600 &&
                   is_sendable({"Content-Type", reply.content_type});
    for (const HttpHeader& header : reply.headers) is_good = is_good && is_sendable(header);
    if (is_good) return reply;
  } catch (...) {  // NOLINT(bugprone-empty-catch): strangers learn no details
  }
  return plain_reply(500, "The server failed to answer this request.");
}

// One connection: reads a request, answers it, and so on; on the thread of
// Shared::io. Operations in flight own it.
class Session : public std::enable_shared_from_this<Session> {
 public:
  Session(tcp::socket socket, const asio::ip::address& peer, Shared& shared, bool refused)
      : shared_(shared),
        refused_(refused),
        peer_address_(peer.to_string()),
        peer_is_loopback_(peer.is_loopback()),
        stream_(std::move(socket)),
        buffer_(shared.options.max_header_bytes + kReadAhead) {
    if (refused_)
      shared_.refusals++;
    else
      shared_.connections++;
    error_code ignored;
    stream_.socket().set_option(tcp::no_delay(true), ignored);
  }
  ~Session() {
    if (refused_)
      shared_.refusals--;
    else {
      shared_.connections--;
      if (!peer_is_loopback_) shared_.peers.leave(peer_address_);
    }
  }
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  void start() {
    if (refused_)
      refuse(503, "The server has too many connections; try again later.");
    else
      read_header();
  }

 private:
  // The call of a member when an operation ends; keeps this object until then.
  auto then(void (Session::*member)(error_code)) {
    return [self = shared_from_this(), member](error_code error, size_t = 0) {
      ((*self).*member)(error);
    };
  }
  void limit_time() { stream_.expires_after(shared_.options.idle_timeout); }

  void read_header() {
    parser_.emplace();
    parser_->header_limit(static_cast<uint32_t>(shared_.options.max_header_bytes));
    parser_->body_limit(shared_.options.max_body_bytes);
    limit_time();
    http::async_read_header(stream_, buffer_, *parser_, then(&Session::on_header));
  }

  void on_header(error_code error) {
    if (error) return on_wrong_request(error);
    const auto& header = parser_->get();
    const size_t hosts = header.count(http::field::host);
    if (hosts > 1 || (hosts == 0 && header.version() >= 11))
      return refuse(400, "A request must have one Host header.");
    if (!beast::iequals(header[http::field::expect], "100-continue")) return read_body({});
    limit_time();
    go_on_.emplace(http::status::continue_, header.version());
    http::async_write(stream_, *go_on_, then(&Session::read_body));
  }

  void read_body(error_code error) {
    if (error) return;
    limit_time();
    http::async_read(stream_, buffer_, *parser_, then(&Session::on_body));
  }

  void on_body(error_code error) {
    if (error) return on_wrong_request(error);
    auto message = parser_->release();
    head_only_ = message.method() == http::verb::head;
    keep_alive_ = message.keep_alive();
    version_ = message.version();
    IncomingRequest request;
    request.method = head_only_ ? "GET" : text_of(message.method_string());
    request.peer_address = peer_address_;
    request.peer_is_loopback = peer_is_loopback_;
    if (!read_target(text_of(message.target()), request).ok())
      return refuse(400, "The request's target must begin with / or be an absolute URL.");
    for (const auto& field : message)
      request.headers.push_back({text_of(field.name_string()), text_of(field.value())});
    request.body = std::move(message.body());
    asio::post(
        shared_.handlers, [self = shared_from_this(), request = std::move(request)]() mutable {
          Shared& shared = self->shared_;
          HttpReply reply = answer(shared, std::move(request));
          // The connection must not end its life on this thread.
          asio::post(shared.io, [self = std::move(self), reply = std::move(reply)]() mutable {
            self->write(std::move(reply));
          });
        });
  }

  // The other end closed, was too slow, or sent what is no request.
  void on_wrong_request(error_code error) {
    if (error == http::error::end_of_stream || error == http::error::partial_message) return;
    if (error == http::error::body_limit)
      return refuse(413, "The body must not be larger than " +
                             std::to_string(shared_.options.max_body_bytes) + " bytes.");
    if (error == http::error::header_limit || error == http::error::buffer_overflow)
      return refuse(431, "The header must not be larger than " +
                             std::to_string(shared_.options.max_header_bytes) + " bytes.");
    if (error.category() == http::make_error_code(http::error::bad_target).category())
      return refuse(400, "This is not an HTTP/1.1 request.");
  }

  // Answers, and closes: what else comes on the connection has no meaning.
  void refuse(int status, std::string_view text) {
    keep_alive_ = false;
    head_only_ = false;
    write(plain_reply(status, text));
  }

  void write(HttpReply reply) {
    response_.emplace(static_cast<http::status>(reply.status), version_);
    for (const HttpHeader& header : reply.headers) response_->insert(header.name, header.value);
    if (!reply.content_type.empty()) response_->set(http::field::content_type, reply.content_type);
    response_->erase(http::field::transfer_encoding);
    response_->keep_alive(keep_alive_);
    const bool may_have_body = reply.status != 204 && reply.status != 304;
    if (may_have_body) response_->content_length(reply.body.size());
    if (may_have_body && !head_only_) response_->body() = std::move(reply.body);
    limit_time();
    http::async_write(stream_, *response_, then(&Session::on_written));
  }

  void on_written(error_code error) {
    response_.reset();
    if (error) return;
    if (keep_alive_) return read_header();
    // Closing at once would take the reply from a client that still sends: the
    // system answers unread bytes with a reset.
    stream_.socket().shutdown(tcp::socket::shutdown_send, error);
    if (error) return;
    limit_time();
    drain();
  }

  void drain() {
    buffer_.clear();
    stream_.async_read_some(
        buffer_.prepare(kDrainStep), [self = shared_from_this()](error_code error, size_t size) {
          self->drained_bytes_ += size;
          if (!error && self->drained_bytes_ < self->shared_.options.max_drained_bytes)
            self->drain();
        });
  }

  Shared& shared_;
  const bool refused_;
  const std::string peer_address_;
  const bool peer_is_loopback_;
  beast::tcp_stream stream_;
  beast::flat_buffer buffer_;
  std::optional<http::request_parser<http::string_body>> parser_;
  std::optional<http::response<http::empty_body>> go_on_;
  std::optional<http::response<http::string_body>> response_;
  bool head_only_ = false;
  bool keep_alive_ = false;
  unsigned version_ = 11;
  uint64_t drained_bytes_ = 0;
};

class BeastServer : public HttpServer {
 public:
  BeastServer(const HttpServerOptions& options, HttpHandler handler)
      : shared_(options, std::move(handler)), acceptor_(shared_.io), pause_(shared_.io) {}

  ~BeastServer() override {
    shared_.io.stop();
    if (thread_.joinable()) thread_.join();
    shared_.handlers.stop();
    shared_.handlers.join();
  }

  Status start() {
    const HttpServerOptions& options = shared_.options;
    error_code error;
    const auto address = asio::ip::make_address(options.address, error);
    if (error)
      return {Code::kInvalidArgument, "cannot listen on \"" + options.address +
                                          "\": it must be an IP address, as 127.0.0.1 or ::1"};
    const tcp::endpoint endpoint(address, options.port);
    acceptor_.open(endpoint.protocol(), error);
    if (!error) acceptor_.set_option(tcp::acceptor::reuse_address(true), error);
    if (!error) acceptor_.bind(endpoint, error);
    if (!error) acceptor_.listen(asio::socket_base::max_listen_connections, error);
    if (!error) endpoint_ = acceptor_.local_endpoint(error);
    if (error) return listen_status(error);
    accept();
    thread_ = std::thread([this] { run(); });
    return {};
  }

  uint16_t port() const override { return endpoint_.port(); }

  std::string url() const override {
    asio::ip::address address = endpoint_.address();
    if (address.is_unspecified())
      address = address.is_v4() ? asio::ip::address(asio::ip::address_v4::loopback())
                                : asio::ip::address(asio::ip::address_v6::loopback());
    return "http://" + format_host_and_port({address.to_string(), port()});
  }

 private:
  Status listen_status(error_code error) const {
    const HttpServerOptions& options = shared_.options;
    const std::string where = format_host_and_port({options.address, options.port});
    if (error == asio::error::address_in_use)
      return {Code::kExists, "cannot listen on " + where +
                                 ": another program does; stop it, or choose another port"};
    if (error == asio::error::access_denied)
      return {Code::kPermission, "cannot listen on " + where +
                                     ": the system reserves this port; choose one above 1023"};
    if (error == boost::system::errc::address_not_available)
      return {Code::kInvalidArgument,
              "cannot listen on " + where + ": no interface of this machine has this address"};
    return errno_status(error.value(), "listen on", where);
  }

  // Out of memory, say, ends the connection that asked for it, and not the server.
  void run() {
    while (true) {
      try {
        shared_.io.run();
        return;
      } catch (const std::exception&) {  // NOLINT(bugprone-empty-catch)
      }
    }
  }

  void accept() {
    acceptor_.async_accept([this](error_code error, tcp::socket socket) {
      if (!error) {
        start_session(std::move(socket));
        return accept();
      }
      // No descriptors are left, most likely.
      pause_.expires_after(kPauseAfterFailedAccept);
      pause_.async_wait([this](error_code) { accept(); });
    });
  }

  void start_session(tcp::socket socket) {
    error_code unknown;
    const tcp::endpoint peer = socket.remote_endpoint(unknown);
    if (unknown) return;  // it has gone
    const asio::ip::address address = unmapped(peer.address());
    const bool refused = shared_.connections >= shared_.options.max_connections ||
                         (!address.is_loopback() && !shared_.peers.enter(address.to_string()));
    if (refused && shared_.refusals >= kMostRefusals) return;
    std::make_shared<Session>(std::move(socket), address, shared_, refused)->start();
  }

  Shared shared_;
  tcp::acceptor acceptor_;
  asio::steady_timer pause_;
  tcp::endpoint endpoint_;
  std::thread thread_;
};

}  // namespace

Result<std::unique_ptr<HttpServer>> HttpServer::listen(const HttpServerOptions& options,
                                                       HttpHandler handler) {
  QUARRY_CHECK(handler != nullptr && options.threads > 0);
  try {
    auto server = std::make_unique<BeastServer>(options, std::move(handler));
    QUARRY_TRY(server->start());
    return std::unique_ptr<HttpServer>(std::move(server));
  } catch (const std::exception& error) {
    return Status(Code::kOutOfMemory, std::string("cannot start an HTTP server: ") + error.what());
  }
}

}  // namespace quarry
