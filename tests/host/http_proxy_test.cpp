// The HTTP client on its way through proxies, and whom it trusts.
#include <gtest/gtest.h>

#include <cstdlib>
#include <mutex>

#include "host/http/client.h"
#include "host/http/server.h"
#include "tests/support/canned_server.h"
#include "tests/support/temp_folder.h"
#include "tests/support/tls_server.h"

namespace quarry {
namespace {

using tests::CannedServer;
using tests::TlsServer;

constexpr const char* kSecret = "hunter2";

HttpReply mirror(const IncomingRequest& request) {
  const std::string* login = request.header("Proxy-Authorization");
  return {.body = *request.header("Host") + " " + request.path + " " +
                  (login != nullptr ? *login : "nobody")};
}

// A SOCKS5 proxy (RFC 1928, 1929) that plays the other machine itself: it says where it
// was to go, and who asked.
void serve_socks(int connection) {
  const auto read = [&](size_t size) {
    std::string bytes(size, '\0');
    const ssize_t got = recv(connection, bytes.data(), size, MSG_WAITALL);
    bytes.resize(got > 0 ? static_cast<size_t>(got) : 0);
    return bytes;
  };
  const auto read_text = [&] {
    const std::string size = read(1);
    return size.empty() ? "" : read(static_cast<unsigned char>(size[0]));
  };
  std::string who = "nobody";
  read(1);  // version
  if (read_text().find('\2') == std::string::npos) {
    tests::write_all(connection, std::string("\5\0", 2));
  } else {
    tests::write_all(connection, "\5\2");
    read(1);
    who = read_text();
    who += ":" + read_text();
    tests::write_all(connection, std::string("\1\0", 2));
  }
  const std::string kind = read(4);
  const bool is_name = kind.size() == 4 && kind[3] == 3;
  const std::string where = is_name ? read_text() : "address " + std::to_string(read(4).size());
  read(2);  // port
  tests::write_all(connection, std::string("\5\0\0\1\0\0\0\0\0\0", 10));
  const std::string request = tests::read_request(connection);
  const std::string body = where + " " + request.substr(0, request.find('\r')) + " " + who;
  tests::write_all(connection, "HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(body.size()) +
                                   "\r\n\r\n" + body);
}

class HttpProxyTest : public testing::Test {
 protected:
  HttpProxyTest() {
    for (const char* name : {"http_proxy", "https_proxy", "no_proxy", "NO_PROXY"}) unsetenv(name);
  }

  // The body of the reply, or the message of the failure.
  std::string get(const HttpClientOptions& options, const std::string& url) {
    const auto client = make_http_client(options);
    if (!client.ok()) return client.status().message();
    const auto reply = (*client)->send({.url = url}, Cancel());
    return reply.ok() ? reply->body : reply.status().message();
  }
  static bool holds(const std::string& text, const std::string& words) {
    return text.find(words) != std::string::npos;
  }

  std::unique_ptr<HttpServer> web_ = *HttpServer::listen({}, mirror);
};

TEST_F(HttpProxyTest, GoesThroughTheProxyThatIsGiven) {
  const std::string address = web_->url().substr(7);
  for (const std::string& proxy : {address, "http://" + address, "http://" + address + "/"})
    EXPECT_EQ(get({.proxy = proxy}, "http://pool.example:8125/x"), "pool.example:8125 /x nobody");
  EXPECT_EQ(get({.proxy = "us%40er:p%3Ass@" + address}, "http://pool.example:8125/x"),
            "pool.example:8125 /x Basic dXNAZXI6cDpzcw==");
}

TEST_F(HttpProxyTest, ReachesThisMachineWithoutIt) {
  CannedServer proxy([](int) { ADD_FAILURE() << "a proxy is no place for a passphrase"; });
  EXPECT_EQ(get({.proxy = proxy.url()}, web_->url() + "/x"), web_->url().substr(7) + " /x nobody");
}

TEST_F(HttpProxyTest, ListensToTheUserRatherThanToTheEnvironment) {
  CannedServer other([](int) { ADD_FAILURE() << "not this one"; });
  setenv("http_proxy", other.url().c_str(), 1);
  setenv("no_proxy", "*", 1);
  EXPECT_EQ(get({.proxy = web_->url()}, "http://pool.example:80/x"), "pool.example /x nobody");
  unsetenv("no_proxy");
  setenv("http_proxy", web_->url().c_str(), 1);
  EXPECT_EQ(get({}, "http://pool.example:80/x"), "pool.example /x nobody");
  unsetenv("http_proxy");
}

TEST_F(HttpProxyTest, GoesThroughSocks) {
  CannedServer socks(serve_socks);
  EXPECT_EQ(get({.proxy = "socks5h://" + socks.host()}, "http://pool.example/x"),
            "pool.example GET /x HTTP/1.1 nobody");
  EXPECT_EQ(get({.proxy = "socks5h://me:hunter2@" + socks.host()}, "http://pool.example/x"),
            "pool.example GET /x HTTP/1.1 me:hunter2");
  EXPECT_EQ(get({.proxy = "socks5://" + socks.host()}, "http://192.0.2.1/x"),
            "address 4 GET /x HTTP/1.1 nobody");
}

TEST_F(HttpProxyTest, DigsATunnelForTls) {
  const tests::TempFolder folder;
  const std::string trusted = folder.path() + "/pool.pem";
  const TlsServer pool("pool.example");
  pool.write_certificate(trusted);
  std::mutex mutex;
  std::string asked;
  CannedServer proxy([&](int connection) {
    const std::string request = tests::read_request(connection);
    {
      const std::lock_guard lock(mutex);
      asked = request;
    }
    tests::write_all(connection, "HTTP/1.1 200 OK\r\nX-Proxy: 1\r\n\r\n");
    pool.serve(connection, "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ndeep");
  });
  const std::string with_login = "me:hunter2@" + proxy.host();
  EXPECT_EQ(get({.proxy = with_login, .ca_file = trusted}, "https://pool.example/x?secret"),
            "deep");
  const std::lock_guard lock(mutex);
  EXPECT_TRUE(asked.starts_with("CONNECT pool.example:443 HTTP/1.1\r\n")) << asked;
  EXPECT_TRUE(holds(asked, "Proxy-Authorization: Basic ")) << asked;
  EXPECT_FALSE(holds(asked, "secret")) << asked;
}

TEST_F(HttpProxyTest, SaysWhatTheProxySays) {
  CannedServer proxy(tests::canned("HTTP/1.1 407 Who are you?\r\nContent-Length: 0\r\n\r\n"));
  const std::string words =
      get({.proxy = "me:hunter2@" + proxy.host()}, "https://pool.example/x?hunter2");
  EXPECT_TRUE(holds(words, "pool.example:443")) << words;
  EXPECT_TRUE(holds(words, "HTTP 407")) << words;
  EXPECT_FALSE(holds(words, kSecret)) << words;
  std::string gone;
  {
    const CannedServer server(tests::canned(""));
    gone = server.host();
  }
  for (const char* scheme : {"http", "https", "socks5", "socks5h"}) {
    const auto client =
        make_http_client(HttpClientOptions{.proxy = std::string(scheme) + "://me:hunter2@" + gone});
    const Status status =
        (*client)->send({.url = "http://pool.example/hunter2"}, Cancel()).status();
    EXPECT_EQ(status.code(), Code::kNetwork);
    EXPECT_FALSE(holds(status.message(), kSecret)) << status.message();
  }
}

TEST_F(HttpProxyTest, RefusesWhatIsNoProxy) {
  for (const char* proxy : {"ftp://hunter2@host:1", "hunter2://host", "http://", "http://hunter2@",
                            "host:0", "host:hunter2", "http://host/hunter2", "http://a b",
                            "u:hunter2%@host", "u:hunter2%00x@host", "http://host\r\nX: hunter2"}) {
    const Status status = make_http_client({.proxy = proxy}).status();
    EXPECT_EQ(status.code(), Code::kInvalidArgument) << proxy;
    EXPECT_FALSE(holds(status.message(), kSecret)) << status.message();
  }
}

TEST_F(HttpProxyTest, TrustsTheCertificatesThatAreGivenAndNoOthers) {
  const tests::TempFolder folder;
  const std::string trusted = folder.path() + "/trusted.pem", other = folder.path() + "/other.pem";
  const TlsServer tls("localhost"), stranger("localhost");
  tls.write_certificate(trusted);
  stranger.write_certificate(other);
  CannedServer server([&](int connection) {
    tls.serve(connection, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
  });
  const std::string port = server.host().substr(server.host().find(':'));
  EXPECT_EQ(get({.ca_file = trusted}, "https://localhost" + port), "ok");
  EXPECT_TRUE(holds(get({.ca_file = other}, "https://localhost" + port), "certificate"));
  EXPECT_TRUE(holds(get({.ca_file = trusted}, "https://127.0.0.1" + port), "no reply from"))
      << "another name than the certificate's";
  EXPECT_EQ(make_http_client({.ca_file = folder.path() + "/none"}).status().code(),
            Code::kNotFound);
}

}  // namespace
}  // namespace quarry
