// The HTTP server against sockets that send what no good client would.
#include <gtest/gtest.h>

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <stdexcept>
#include <thread>

#include "host/http/server.h"
#include "tests/host/raw_client.h"

namespace quarry {
namespace {

using tests::RawClient;

// "GET /a?b=c; b=c; 5 bytes": what the handler was asked.
HttpReply echo(const IncomingRequest& request) {
  std::string text = request.method + " " + request.path + "?" + request.query + ";";
  for (const Parameter& parameter : request.parameters)
    text += " " + parameter.name + "=" + parameter.value;
  text += "; " + std::to_string(request.body.size()) + " bytes";
  return {.content_type = "text/plain", .body = text};
}

std::unique_ptr<HttpServer> serve(HttpServerOptions options = {}, HttpHandler handler = echo) {
  auto server = HttpServer::listen(options, std::move(handler));
  EXPECT_TRUE(server.ok()) << server.status().message();
  return server.ok() ? std::move(*server) : nullptr;
}

std::string get(std::string_view target) {
  return "GET " + std::string(target) + " HTTP/1.1\r\nHost: a\r\n\r\n";
}

std::string post(std::string_view body, std::string_view headers = "") {
  return "POST /p HTTP/1.1\r\nHost: a\r\n" + std::string(headers) +
         "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + std::string(body);
}

std::string body_of(const std::string& reply) { return reply.substr(reply.find("\r\n\r\n") + 4); }

std::string status_of(const std::string& reply) { return reply.substr(0, 12); }

constexpr const char* kOk = "HTTP/1.1 200";

// The reply to `request` on a connection of its own.
std::string ask(const HttpServer& server, std::string_view request) {
  RawClient client(server.port());
  EXPECT_TRUE(client.send(request));
  return client.read_reply();
}

TEST(HttpServer, AnswersAndKeepsTheConnection) {
  const auto server = serve();
  RawClient client(server->port());
  for (int i = 0; i < 3; i++) {
    ASSERT_TRUE(client.send(get("/burst?requestType=x&b=%41+")));
    const std::string reply = client.read_reply();
    EXPECT_EQ(status_of(reply), kOk);
    EXPECT_NE(reply.find("Content-Type: text/plain\r\n"), std::string::npos) << reply;
    EXPECT_EQ(body_of(reply), "GET /burst?requestType=x&b=%41+; requestType=x b=A ; 0 bytes");
  }
}

TEST(HttpServer, TellsWhereItListens) {
  const auto server = serve();
  EXPECT_NE(server->port(), 0);
  EXPECT_EQ(server->url(), "http://127.0.0.1:" + std::to_string(server->port()));
  const auto everywhere = serve({.address = "0.0.0.0"});
  EXPECT_EQ(everywhere->url(), "http://127.0.0.1:" + std::to_string(everywhere->port()));
  EXPECT_EQ(status_of(ask(*everywhere, get("/"))), kOk);
}

TEST(HttpServer, SaysWhyItCannotListen) {
  const auto server = serve();
  const Status taken = HttpServer::listen({.port = server->port()}, echo).status();
  EXPECT_EQ(taken.code(), Code::kExists);
  EXPECT_NE(taken.message().find("127.0.0.1:" + std::to_string(server->port())), std::string::npos);
  EXPECT_NE(taken.message().find("choose another port"), std::string::npos);
  for (const char* address : {"localhost", "", "1.2.3", "203.0.113.1"})
    EXPECT_EQ(HttpServer::listen({.address = address}, echo).status().code(),
              Code::kInvalidArgument)
        << address;
}

TEST(HttpServer, ReadsForms) {
  const auto server = serve();
  const char* form = "Content-Type: Application/x-www-form-urlencoded ; charset=UTF-8\r\n";
  const auto with_query = [&](std::string request) { return request.replace(5, 2, "/?a=1"); };
  EXPECT_EQ(body_of(ask(*server, with_query(post("a=2&b=%2B+", form)))),
            "POST /?a=1; a=1 a=2 b=+ ; 10 bytes")
      << "the query's come first";
  EXPECT_EQ(body_of(ask(*server, post("a=2", "Content-Type: application/json\r\n"))),
            "POST /p?;; 3 bytes");
  EXPECT_EQ(body_of(ask(*server, post("a=2"))), "POST /p?;; 3 bytes");
  EXPECT_EQ(status_of(ask(*server, post("a=%", form))), "HTTP/1.1 400");
  EXPECT_EQ(status_of(ask(*server, get("/?a=%"))), "HTTP/1.1 400");
}

TEST(HttpServer, BoundsTheNumberOfParameters) {
  const auto server = serve({.max_parameters = 3});
  const char* form = "Content-Type: application/x-www-form-urlencoded\r\n";
  EXPECT_EQ(status_of(ask(*server, get("/?a=1&b=2&c=3"))), kOk);
  EXPECT_EQ(status_of(ask(*server, get("/?a=1&b=2&c=3&d=4"))), "HTTP/1.1 400");
  EXPECT_EQ(status_of(ask(*server, post("a=1&b=2&c=3&d=4", form))), "HTTP/1.1 400");
}

TEST(HttpServer, GivesHeadersAndPeer) {
  const auto server = serve({}, [](const IncomingRequest& request) {
    const std::string* origin = request.header("ORIGIN");
    return HttpReply{.content_type = "",
                     .headers = {{"X-Seen", origin != nullptr ? *origin : "none"},
                                 {"Content-Length", "5"},
                                 {"Transfer-Encoding", "chunked"}},
                     .body = request.peer_address + (request.peer_is_loopback ? " near" : " far")};
  });
  RawClient client(server->port());
  client.send("GET / HTTP/1.1\r\nhost: a\r\norigin: http://evil\r\n\r\n");
  const std::string reply = client.read_reply();
  EXPECT_NE(reply.find("X-Seen: http://evil\r\n"), std::string::npos) << reply;
  EXPECT_EQ(reply.find("Transfer-Encoding"), std::string::npos) << reply;
  EXPECT_EQ(reply.find("Content-Type"), std::string::npos) << reply;
  EXPECT_EQ(body_of(reply), "127.0.0.1 near");
  EXPECT_EQ(reply.find("Content-Length: 5"), std::string::npos) << reply;
}

TEST(HttpServer, HeadIsGetWithoutTheBody) {
  const auto server = serve();
  RawClient client(server->port());
  ASSERT_TRUE(client.send("HEAD /x HTTP/1.1\r\nHost: a\r\n\r\n" + get("/y")));
  const std::string head = client.read_reply(false);
  EXPECT_NE(head.find("Content-Length: " + std::to_string(std::string("GET /x?;; 0 bytes").size())),
            std::string::npos)
      << head;
  EXPECT_EQ(body_of(client.read_reply()), "GET /y?;; 0 bytes") << "no body came in between";
}

TEST(HttpServer, AnswersPipelinedRequestsInOrder) {
  const auto server = serve();
  RawClient client(server->port());
  std::string requests;
  for (int i = 0; i < 50; i++) requests += get("/" + std::to_string(i)) + post("12345");
  ASSERT_TRUE(client.send(requests));
  for (int i = 0; i < 50; i++) {
    EXPECT_EQ(body_of(client.read_reply()), "GET /" + std::to_string(i) + "?;; 0 bytes");
    EXPECT_EQ(body_of(client.read_reply()), "POST /p?;; 5 bytes");
  }
}

TEST(HttpServer, ReadsRequestsByteByByteAndInChunks) {
  const auto server = serve();
  RawClient client(server->port());
  for (const char c : post("abc")) ASSERT_TRUE(client.send({&c, 1}));
  EXPECT_EQ(body_of(client.read_reply()), "POST /p?;; 3 bytes");
  ASSERT_TRUE(
      client.send("POST /p HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
                  "3\r\nabc\r\n2;x=y\r\nde\r\n0\r\nTrailer: 1\r\n\r\n"));
  EXPECT_EQ(body_of(client.read_reply()), "POST /p?;; 5 bytes");
}

TEST(HttpServer, ClosesWhereTheClientAsksForIt) {
  const auto server = serve();
  for (const char* request :
       {"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", "GET / HTTP/1.0\r\n\r\n"}) {
    RawClient client(server->port());
    ASSERT_TRUE(client.send(request));
    EXPECT_EQ(body_of(client.read_to_end()), "GET /?;; 0 bytes") << request;
  }
}

TEST(HttpServer, ReadsAbsoluteTargets) {
  const auto server = serve();
  EXPECT_EQ(body_of(ask(*server, get("http://a/b?c=d"))), "GET /b?c=d; c=d; 0 bytes");
  for (const char* target : {"*", "a", "a:80", "ftp://a/"})
    EXPECT_EQ(status_of(ask(*server, get(target))), "HTTP/1.1 400") << target;
}

TEST(HttpServer, RefusesWhatIsNoRequest) {
  const auto server = serve();
  for (const char* request : {
           "nonsense\r\n\r\n", "GET / HTTP/9.9\r\n\r\n",
           "GET / HTTP/1.1\r\n\r\n",                        // no Host
           "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",  // two
           "GET / HTTP/1.1\r\nHost: a\r\nno colon\r\n\r\n",
           "GET / HTTP/1.1\r\nHost: a\r\nX : y\r\n\r\n",
           "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: x\r\n\r\n",
           "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n",
           "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
           "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
           "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nx\r\n",
           "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",  // TLS
       }) {
    RawClient client(server->port());
    ASSERT_TRUE(client.send(request));
    client.finish();
    EXPECT_EQ(status_of(client.read_to_end()), "HTTP/1.1 400") << request;
  }
  EXPECT_EQ(status_of(ask(*server, get("/"))), kOk);
}

TEST(HttpServer, RefusesLongHeaders) {
  const auto server = serve({.max_header_bytes = 1024});
  EXPECT_EQ(status_of(ask(*server, get("/" + std::string(900, 'a')))), kOk);
  EXPECT_EQ(status_of(ask(*server, get("/" + std::string(2000, 'a')))), "HTTP/1.1 431");
  RawClient endless(server->port());
  endless.send("GET / HTTP/1.1\r\n");
  for (int i = 0; i < 10000 && endless.send("X: y\r\n"); i++) {
  }
  EXPECT_EQ(status_of(endless.read_reply()), "HTTP/1.1 431");
}

TEST(HttpServer, GoesOnToReadOnlyWhatItWants) {
  const auto server = serve({.max_body_bytes = 1000});
  const auto header = [](int size) {
    return "POST /p HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: " +
           std::to_string(size) + "\r\n\r\n";
  };
  RawClient client(server->port());
  ASSERT_TRUE(client.send(header(5)));
  EXPECT_EQ(client.read_reply(), "HTTP/1.1 100 Continue\r\n\r\n");
  ASSERT_TRUE(client.send("12345"));
  EXPECT_EQ(body_of(client.read_reply()), "POST /p?;; 5 bytes");
  ASSERT_TRUE(client.send(header(1001)));
  EXPECT_EQ(status_of(client.read_reply()), "HTTP/1.1 413");
}

TEST(HttpServer, TakesBodiesUpToTheLimit) {
  const auto server = serve({.max_body_bytes = 1000});
  EXPECT_EQ(body_of(ask(*server, post(std::string(1000, 'a')))), "POST /p?;; 1000 bytes");
  const std::string refused = ask(*server, post(std::string(1001, 'a')));
  EXPECT_EQ(status_of(refused), "HTTP/1.1 413");
  EXPECT_NE(refused.find("Connection: close"), std::string::npos) << refused;
  EXPECT_NE(body_of(refused).find("1000 bytes"), std::string::npos) << "it names the limit";
}

constexpr uint64_t kHuge = 100'000'000;
constexpr size_t kPiece = 1 << 20;
// What the two sockets may hold between the ends, whatever the system grants.
constexpr uint64_t kMostInSockets = 40'000'000;

const std::string kHugeHeader =
    "POST /p HTTP/1.1\r\nHost: a\r\nContent-Length: " + std::to_string(kHuge) + "\r\n\r\n";
const std::string kChunkedHeader =
    "POST /p HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";

// Sends a body of kHuge bytes, or what is taken of it.
uint64_t send_huge_body(const RawClient& client, bool chunked) {
  const std::string piece = std::string(kPiece, 'a');
  uint64_t sent = 0;
  while (sent < kHuge && (!chunked || client.send("100000\r\n")) && client.send(piece) &&
         (!chunked || client.send("\r\n")))
    sent += kPiece;
  return sent;
}

TEST(HttpServer, StopsReadingAHugeBody) {
  std::atomic<int> handled{0};
  const auto server = serve({.max_drained_bytes = 100'000}, [&](const IncomingRequest& request) {
    handled++;
    return echo(request);
  });
  for (const bool chunked : {false, true}) {
    RawClient client(server->port());
    ASSERT_TRUE(client.send(chunked ? kChunkedHeader : kHugeHeader));
    EXPECT_LT(send_huge_body(client, chunked), kMostInSockets) << chunked;
  }
  EXPECT_EQ(handled, 0);
}

TEST(HttpServer, AClientThatSendsBeforeItReadsLearnsThatTheBodyIsTooLarge) {
  const auto server = serve();
  for (const bool chunked : {false, true}) {
    RawClient client(server->port());
    ASSERT_TRUE(client.send(chunked ? kChunkedHeader : kHugeHeader));
    EXPECT_GE(send_huge_body(client, chunked), kHuge);
    client.finish();
    EXPECT_EQ(status_of(client.read_to_end()), "HTTP/1.1 413");
  }
  RawClient patient(server->port());  // one that does not send at once
  ASSERT_TRUE(patient.send(kHugeHeader));
  EXPECT_EQ(status_of(patient.read_reply()), "HTTP/1.1 413");
}

// Real time: the connection must end by itself. Only that it does is looked at.
TEST(HttpServer, GivesUpClientsThatAreTooSlow) {
  const auto server = serve({.idle_timeout = std::chrono::milliseconds(200)});
  for (const char* beginning : {"", "G", "GET / HTTP/1.1\r\nHost:",
                                "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n12"}) {
    RawClient client(server->port());
    ASSERT_TRUE(client.send(beginning));
    EXPECT_EQ(client.read_to_end(), "") << beginning;
  }
  RawClient trickles(server->port());
  ASSERT_TRUE(trickles.send("GET / HTTP/1.1\r\nX: "));
  while (trickles.send("a")) std::this_thread::sleep_for(std::chrono::milliseconds(10));
  RawClient returns(server->port());
  ASSERT_TRUE(returns.send(get("/")));
  EXPECT_EQ(status_of(returns.read_reply()), kOk);
  EXPECT_EQ(returns.read_to_end(), "") << "an idle connection ends too";
}

TEST(HttpServer, RefusesTooManyConnections) {
  const auto server = serve({.max_connections = 2});
  RawClient first(server->port());
  first.send(get("/"));
  EXPECT_EQ(status_of(first.read_reply()), kOk);
  {
    RawClient second(server->port());
    second.send(get("/"));
    EXPECT_EQ(status_of(second.read_reply()), kOk);
    RawClient third(server->port());
    third.send(get("/"));
    third.finish();
    EXPECT_EQ(status_of(third.read_to_end()), "HTTP/1.1 503");
  }
  // The server sees the end of the second connection at some time.
  std::string status;
  for (int i = 0; i < 1000 && status != kOk; i++) {
    RawClient next(server->port());
    next.send(get("/"));
    next.finish();
    status = status_of(next.read_to_end());
  }
  EXPECT_EQ(status, kOk);
}

TEST(HttpServer, AHandlerThatThrowsTellsNothing) {
  const auto server = serve({}, [](const IncomingRequest& request) -> HttpReply {
    if (request.path == "/number") throw 5;
    if (request.path == "/header") return {.headers = {{"X", "a\r\nSet-Cookie: b"}}};
    if (request.path == "/type") return {.content_type = "a\nb"};
    if (request.path == "/status") return {.status = 100};
    throw std::runtime_error("the password is hunter2");
  });
  RawClient client(server->port());
  for (const char* path : {"/", "/number", "/header", "/type", "/status"}) {
    ASSERT_TRUE(client.send(get(path)));
    const std::string reply = client.read_reply();
    EXPECT_EQ(status_of(reply), "HTTP/1.1 500") << path;
    EXPECT_EQ(reply.find("hunter2"), std::string::npos);
    EXPECT_EQ(reply.find("Set-Cookie"), std::string::npos);
  }
}

TEST(HttpServer, RepliesWithoutABody) {
  const auto server = serve({}, [](const IncomingRequest&) {
    return HttpReply{.status = 204, .content_type = "", .body = "ignored"};
  });
  RawClient client(server->port());
  for (int i = 0; i < 2; i++) {
    ASSERT_TRUE(client.send(get("/")));
    EXPECT_EQ(client.read_reply(), "HTTP/1.1 204 No Content\r\n\r\n");
  }
}

TEST(HttpServer, CallsTheHandlerOnSeveralThreads) {
  // Each handler waits until all have begun.
  constexpr int kThreads = 3;
  std::mutex mutex;
  std::condition_variable changed;
  int begun = 0;
  const auto server = serve({.threads = kThreads}, [&](const IncomingRequest& request) {
    std::unique_lock lock(mutex);
    begun++;
    changed.notify_all();
    changed.wait_for(lock, std::chrono::minutes(1), [&] { return begun >= kThreads; });
    return echo(request);
  });
  std::vector<std::unique_ptr<RawClient>> clients;
  for (int i = 0; i < kThreads; i++) {
    clients.push_back(std::make_unique<RawClient>(server->port()));
    ASSERT_TRUE(clients.back()->send(get("/")));
  }
  for (const auto& client : clients) EXPECT_EQ(status_of(client->read_reply()), kOk);
  EXPECT_EQ(begun, kThreads);
}

TEST(HttpServer, StopsWithConnectionsAndHandlersAtWork) {
  std::atomic<bool> begun{false}, go_on{false};
  std::atomic<int> ended{0};
  auto server = serve({.threads = 1}, [&](const IncomingRequest& request) {
    begun = true;
    begun.notify_all();
    go_on.wait(false);
    ended++;
    return echo(request);
  });
  RawClient idle(server->port()), half(server->port()), busy(server->port()),
      queued(server->port());
  half.send("GET / HTT");
  busy.send(get("/"));
  begun.wait(false);
  queued.send(get("/"));
  std::thread stopper([&] { server.reset(); });
  go_on = true;
  go_on.notify_all();
  stopper.join();
  EXPECT_GE(ended, 1) << "a handler that runs is waited for";
  for (RawClient* client : {&idle, &half}) EXPECT_EQ(client->read_to_end(), "");
  busy.read_to_end();  // ends, with its reply or without
  queued.read_to_end();
}

TEST(HttpServer, ManyClientsAtOnce) {
  const auto server = serve();
  std::vector<std::thread> clients;
  std::atomic<int> good{0};
  for (int i = 0; i < 8; i++)
    clients.emplace_back([&, i] {
      RawClient client(server->port());
      for (int k = 0; k < 50; k++) {
        client.send(post(std::string(static_cast<size_t>(i * 1000 + k), 'x')));
        if (body_of(client.read_reply()) == "POST /p?;; " + std::to_string(i * 1000 + k) + " bytes")
          good++;
      }
    });
  for (std::thread& client : clients) client.join();
  EXPECT_EQ(good, 400);
}

}  // namespace
}  // namespace quarry
