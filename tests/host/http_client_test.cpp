// The HTTP client against our server, and against ones that misbehave.
#include <gtest/gtest.h>
#include <zlib.h>

#include <atomic>
#include <cstdlib>
#include <thread>

#include "host/http/client.h"
#include "host/http/server.h"
#include "tests/support/canned_server.h"
#include "tests/support/tls_server.h"

namespace quarry {
namespace {

using tests::canned;
using tests::CannedServer;
using tests::TlsServer;

std::unique_ptr<HttpServer> serve(HttpHandler handler, HttpServerOptions options = {}) {
  auto server = HttpServer::listen(options, std::move(handler));
  EXPECT_TRUE(server.ok()) << server.status().message();
  return server.ok() ? std::move(*server) : nullptr;
}

// Everything that a handler saw of a request.
HttpReply mirror(const IncomingRequest& request) {
  HttpReply reply{.content_type = "text/plain"};
  reply.body = request.method + " " + request.path + "?" + request.query + "\n" + request.body;
  reply.headers = {{"X-Test", "  a value "}};
  for (const char* name : {"X-Given", "X-Empty", "Content-Type", "Expect"})
    if (const std::string* value = request.header(name); value != nullptr)
      reply.headers.push_back({std::string("Saw-") + name, "<" + *value + ">"});
  return reply;
}

std::string header_of(const HttpReply& reply, const char* name) {
  const std::string* value = find_header(reply.headers, name);
  return value != nullptr ? *value : "none";
}

class HttpClientTest : public testing::Test {
 protected:
  Result<HttpReply> get(const std::string& url) { return client_->send({.url = url}, cancel_); }

  std::unique_ptr<HttpClient> client_ = make_http_client();
  Cancel cancel_;
};

TEST_F(HttpClientTest, SendsAndReceivesAll) {
  const auto server = serve(mirror);
  const auto reply = client_->send({.method = "POST",
                                    .url = server->url() + "/path?a=%20#gone",
                                    .headers = {{"X-Given", "seen"}, {"X-Empty", ""}},
                                    .body = std::string("a\0b\r\n", 5)},
                                   cancel_);
  ASSERT_TRUE(reply.ok()) << reply.status().message();
  EXPECT_EQ(reply->status, 200);
  EXPECT_EQ(reply->content_type, "text/plain");
  EXPECT_EQ(reply->body, std::string("POST /path?a=%20\na\0b\r\n", 22));
  EXPECT_EQ(header_of(*reply, "x-test"), "a value");
  EXPECT_EQ(header_of(*reply, "Saw-X-Given"), "<seen>");
  EXPECT_EQ(header_of(*reply, "Saw-X-Empty"), "<>");
  EXPECT_EQ(header_of(*reply, "Saw-Content-Type"), "none");
}

TEST_F(HttpClientTest, KnowsOtherMethods) {
  const auto server = serve(mirror);
  for (const std::string method : {"GET", "PUT", "DELETE", "OPTIONS", "POST"}) {
    const auto reply = client_->send({.method = method, .url = server->url()}, cancel_);
    ASSERT_TRUE(reply.ok()) << reply.status().message();
    EXPECT_EQ(reply->body, method + " /?\n");
  }
  const auto head = client_->send({.method = "HEAD", .url = server->url()}, cancel_);
  ASSERT_TRUE(head.ok()) << head.status().message();
  EXPECT_EQ(head->status, 200);
  EXPECT_EQ(head->body, "");
}

TEST_F(HttpClientTest, ReportsEveryStatusAndFollowsNoRedirect) {
  const auto server = serve([](const IncomingRequest& request) {
    if (request.path == "/moved") return HttpReply{.status = 302, .headers = {{"Location", "/ok"}}};
    return HttpReply{.status = request.path == "/ok" ? 200 : 404, .body = "b"};
  });
  EXPECT_EQ(get(server->url() + "/moved")->status, 302);
  EXPECT_EQ(get(server->url() + "/ok")->status, 200);
  const auto missing = get(server->url() + "/no");
  EXPECT_EQ(missing->status, 404);
  EXPECT_EQ(missing->body, "b");
}

TEST_F(HttpClientTest, KeepsItsConnection) {
  // A second connection would be refused.
  const auto server = serve(mirror, {.max_connections = 1});
  for (int i = 0; i < 20; i++) EXPECT_EQ(get(server->url())->status, 200) << i;
}

TEST_F(HttpClientTest, SurvivesARestartOfTheServer) {
  auto server = serve(mirror);
  const std::string url = server->url();
  const uint16_t port = server->port();
  EXPECT_EQ(get(url)->status, 200);
  server.reset();
  auto again = HttpServer::listen({.port = port}, mirror);
  if (!again.ok()) GTEST_SKIP() << "another program took the port meanwhile";
  const auto reply = get(url);
  ASSERT_TRUE(reply.ok()) << reply.status().message();
  EXPECT_EQ(reply->status, 200);
}

TEST_F(HttpClientTest, ReachesIpv6) {
  auto server = HttpServer::listen({.address = "::1"}, [](const IncomingRequest& request) {
    return HttpReply{.body = request.peer_is_loopback ? "near" : "far"};
  });
  if (!server.ok()) GTEST_SKIP() << server.status().message();
  EXPECT_EQ((*server)->url(), "http://[::1]:" + std::to_string((*server)->port()));
  EXPECT_EQ(get((*server)->url())->body, "near");
  server->reset();
  auto all = HttpServer::listen({.address = "::"}, [](const IncomingRequest& request) {
    return HttpReply{.body = request.peer_is_loopback ? "near" : "far"};
  });
  ASSERT_TRUE(all.ok()) << all.status().message();
  EXPECT_EQ(get((*all)->url())->body, "near");
  // Where the system lets an IPv6 socket have IPv4 peers.
  const auto v4 = get("http://127.0.0.1:" + std::to_string((*all)->port()));
  EXPECT_TRUE(!v4.ok() || v4->body == "near");
}

std::string gzip(std::string_view text) {
  z_stream stream{};
  EXPECT_EQ(deflateInit2(&stream, 9, Z_DEFLATED, 15 + 16, 9, Z_DEFAULT_STRATEGY), Z_OK);
  std::string packed(deflateBound(&stream, text.size()), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(packed.data());
  stream.avail_out = static_cast<uInt>(packed.size());
  EXPECT_EQ(deflate(&stream, Z_FINISH), Z_STREAM_END);
  packed.resize(stream.total_out);
  deflateEnd(&stream);
  return packed;
}

TEST_F(HttpClientTest, UnpacksAndBoundsWhatIsUnpacked) {
  constexpr size_t kSize = 1'000'000;
  const std::string packed = gzip(std::string(kSize, 'a'));
  ASSERT_LT(packed.size(), kSize / 100);
  const auto server = serve([&](const IncomingRequest& request) {
    const std::string* wanted = request.header("Accept-Encoding");
    EXPECT_TRUE(wanted != nullptr && *wanted == "gzip");
    return HttpReply{.headers = {{"Content-Encoding", "gzip"}},
                     .body = request.path == "/bad" ? "not packed" : packed};
  });
  EXPECT_EQ(get(server->url())->body, std::string(kSize, 'a'));
  EXPECT_EQ(client_->send({.url = server->url(), .max_body_bytes = kSize}, cancel_)->body.size(),
            kSize);
  EXPECT_EQ(
      client_->send({.url = server->url(), .max_body_bytes = kSize - 1}, cancel_).status().code(),
      Code::kCorrupt);
  EXPECT_EQ(get(server->url() + "/bad").status().code(), Code::kCorrupt);
}

TEST_F(HttpClientTest, TakesNoMoreThanItMay) {
  const auto server = serve([](const IncomingRequest& request) {
    return HttpReply{.body = std::string(std::stoul(request.query), 'a')};
  });
  const auto ask = [&](size_t size, size_t most) {
    return client_->send(
        {.url = server->url() + "/?" + std::to_string(size), .max_body_bytes = most}, cancel_);
  };
  EXPECT_EQ(ask(1000, 1000)->body.size(), 1000u);
  EXPECT_EQ(ask(0, 0)->body, "");
  const Status refused = ask(1001, 1000).status();
  EXPECT_EQ(refused.code(), Code::kCorrupt);
  EXPECT_NE(refused.message().find("1000 bytes"), std::string::npos) << refused.message();
  EXPECT_EQ(ask(1000, 1000)->body.size(), 1000u) << "the client works on";

  const CannedServer endless(canned("HTTP/1.1 200 OK\r\n\r\n", std::string(4096, 'a')));
  EXPECT_EQ(get(endless.url()).status().code(), Code::kCorrupt);
  const CannedServer headers(
      canned("HTTP/1.1 200 OK\r\n", "X: " + std::string(1000, 'a') + "\r\n"));
  EXPECT_EQ(get(headers.url()).status().code(), Code::kCorrupt);
}

TEST_F(HttpClientTest, ReadsPastAHundred) {
  const CannedServer server(
      canned("HTTP/1.1 100 Continue\r\nX-Early: a\r\n\r\n"
             "HTTP/1.1 200 OK\r\nX-Late: b\r\nContent-Length: 1\r\n\r\nc"));
  const auto reply = get(server.url());
  ASSERT_TRUE(reply.ok()) << reply.status().message();
  EXPECT_EQ(reply->status, 200);
  EXPECT_EQ(header_of(*reply, "X-Early"), "none");
  EXPECT_EQ(header_of(*reply, "X-Late"), "b");
}

constexpr const char* kSecret = "hunter2";

// No whole reply: kNetwork, that names the host and nothing of the request.
void expect_network_failure(HttpClient& client, const std::string& host) {
  const HttpRequest request{.method = "POST",
                            .url = "http://" + host + "/p-hunter2?key=hunter2",
                            .headers = {{"X-Key", kSecret}},
                            .body = kSecret,
                            .connect_timeout = std::chrono::milliseconds(5000),
                            .timeout = std::chrono::milliseconds(200)};
  const auto reply = client.send(request, Cancel());
  EXPECT_EQ(reply.status().code(), Code::kNetwork) << reply.status().message();
  EXPECT_NE(reply.status().message().find(host), std::string::npos) << reply.status().message();
  EXPECT_EQ(reply.status().message().find(kSecret), std::string::npos) << reply.status().message();
}

TEST_F(HttpClientTest, SaysWhoDoesNotAnswer) {
  std::string host;
  {
    const CannedServer gone(canned(""));
    host = gone.host();
  }
  expect_network_failure(*client_, host);
  for (const char* reply :
       {"", "HTTP/1.1 200", "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc", "nonsense\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab"}) {
    const CannedServer server(canned(reply));
    expect_network_failure(*client_, server.host());
  }
  std::atomic<bool> stop{false};
  const CannedServer silent([&](int) { stop.wait(false); });
  expect_network_failure(*client_, silent.host());
  stop = true;
  stop.notify_all();
}

TEST_F(HttpClientTest, StopsWhenToldTo) {
  std::atomic<bool> begun{false}, go_on{false};
  const auto server = serve([&](const IncomingRequest& request) {
    begun = true;
    begun.notify_all();
    go_on.wait(false);
    return mirror(request);
  });
  std::thread canceller([&] {
    begun.wait(false);
    cancel_.request();
  });
  // Returns though no reply ever comes.
  EXPECT_EQ(get(server->url()).status().code(), Code::kCancelled);
  canceller.join();
  EXPECT_EQ(get(server->url()).status().code(), Code::kCancelled) << "and does not begin another";
  go_on = true;
  go_on.notify_all();
}

TEST_F(HttpClientTest, RefusesWrongRequests) {
  const auto refused = [&](const HttpRequest& request) {
    const auto reply = client_->send(request, cancel_);
    EXPECT_EQ(reply.status().code(), Code::kInvalidArgument);
  };
  for (const char* url : {"", "file:///etc/passwd", "ftp://127.0.0.1/", "gopher://127.0.0.1:1/x",
                          "http://user:pass@127.0.0.1/", "127.0.0.1"})
    refused({.url = url});
  refused({.method = "GET / HTTP/1.1\r\n", .url = "http://127.0.0.1:1"});
  refused({.method = "", .url = "http://127.0.0.1:1"});
  refused({.url = "http://127.0.0.1:1", .headers = {{"X", "a\r\nY: b"}}});
  refused({.url = "http://127.0.0.1:1", .headers = {{"X: a\r\nY", "b"}}});
}

TEST_F(HttpClientTest, UsesNoProxyForThisMachine) {
  const auto server = serve(mirror);
  const auto proxy = serve([](const IncomingRequest& request) {
    return HttpReply{.body = "by proxy to " + *request.header("Host")};
  });
  for (const char* name : {"no_proxy", "NO_PROXY"}) unsetenv(name);
  setenv("http_proxy", proxy->url().c_str(), 1);
  EXPECT_EQ(get(server->url())->body, "GET /?\n");
  EXPECT_FALSE(get("http://127.0.0.2:" + std::to_string(server->port())).ok()) << "nobody is there";
  EXPECT_EQ(get("http://pool.example:8125/x")->body, "by proxy to pool.example:8125");
  unsetenv("http_proxy");
}

TEST_F(HttpClientTest, ServesManyThreads) {
  const auto server = serve(mirror);
  std::atomic<int> good{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < 12; i++)
    threads.emplace_back([&, i] {
      for (int k = 0; k < 20; k++) {
        const std::string path = "/" + std::to_string(i) + "/" + std::to_string(k);
        const auto reply = get(server->url() + path);
        if (reply.ok() && reply->body == "GET " + path + "?\n") good++;
      }
    });
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(good, 240);
}

TEST_F(HttpClientTest, TrustsNoUnknownCertificate) {
  const TlsServer tls;
  std::atomic<int> connections{0}, requests{0};
  const CannedServer server([&](int connection) {
    connections++;
    if (tls.serve(connection, "")) requests++;
  });
  const auto reply = get("https://" + server.host() + "/?hunter2");
  EXPECT_EQ(reply.status().code(), Code::kNetwork);
  EXPECT_NE(reply.status().message().find("certificate"), std::string::npos)
      << reply.status().message();
  EXPECT_EQ(reply.status().message().find(kSecret), std::string::npos);
  EXPECT_EQ(connections, 1);
  EXPECT_EQ(requests, 0) << "nothing of the request was sent";
}

}  // namespace
}  // namespace quarry
