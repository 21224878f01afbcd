// URLs and form data: what is read, what is refused, what is this machine.
#include "host/http/url.h"

#include <gtest/gtest.h>

#include <random>

#include "host/http/message.h"

namespace quarry {
namespace {

TEST(Percent, EncodesAllButUnreservedLetters) {
  EXPECT_EQ(percent_encode("aZ09-._~"), "aZ09-._~");
  EXPECT_EQ(percent_encode(std::string_view("a b+&=%/\0\xC3\xA4", 11)),
            "a%20b%2B%26%3D%25%2F%00%C3%A4");
}

TEST(Percent, Decodes) {
  EXPECT_EQ(*percent_decode("a%20b%2b%2B+"), "a b+++") << "a plus is a plus outside of forms";
  EXPECT_EQ(*percent_decode("%00"), std::string(1, '\0'));
  for (const char* wrong : {"%", "%4", "a%", "%4g", "%g4", "%%41", "% 41", "%-1"})
    EXPECT_EQ(percent_decode(wrong).status().code(), Code::kInvalidArgument) << wrong;
}

TEST(Percent, AnyBytesComeBack) {
  const uint64_t seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937_64 random(seed);
  for (int round = 0; round < 100; round++) {
    std::vector<Parameter> parameters(random() % 5);
    for (Parameter& parameter : parameters)
      for (std::string* text : {&parameter.name, &parameter.value})
        for (uint64_t i = 1 + random() % 8; i > 0; i--)
          text->push_back(static_cast<char>(random()));
    const std::string query = format_query(parameters);
    EXPECT_EQ(*parse_query(query, 5), parameters) << query;
  }
}

TEST(Query, KeepsOrderAndRepetition) {
  const auto parameters = *parse_query("&a=1&b=x+y%21&&a=2&c&=d&e=f=g&", 10);
  const std::vector<Parameter> wanted = {{"a", "1"}, {"b", "x y!"}, {"a", "2"},
                                         {"c", ""},  {"", "d"},     {"e", "f=g"}};
  EXPECT_EQ(parameters, wanted);
  EXPECT_EQ(*find_parameter(parameters, "a"), "1");
  EXPECT_EQ(find_parameter(parameters, "A"), nullptr);
  EXPECT_TRUE(parse_query("", 0)->empty());
}

TEST(Query, IsBounded) {
  EXPECT_EQ(parse_query("a=1&b=2&c=3", 3)->size(), 3u);
  EXPECT_EQ(parse_query("a=1&b=2&c=3", 2).status().code(), Code::kInvalidArgument);
  EXPECT_EQ(parse_query("a=%", 2).status().code(), Code::kInvalidArgument);
  EXPECT_EQ(parse_query("%=a", 2).status().code(), Code::kInvalidArgument);
}

TEST(ParseUrl, TakesApart) {
  struct Case {
    const char* text;
    const char* scheme;
    const char* host;
    int port;
    const char* path;
    const char* query;
  };
  for (const Case& c : {
           Case{"http://pool.example", "http", "pool.example", 80, "/", ""},
           Case{"HTTPS://Pool.Example/", "https", "pool.example", 443, "/", ""},
           Case{"http://a:8125/burst?requestType=x&y=%20", "http", "a", 8125, "/burst",
                "requestType=x&y=%20"},
           Case{"http://a?b", "http", "a", 80, "/", "b"},
           Case{"http://a/b?c?d/e#f", "http", "a", 80, "/b", "c?d/e"},
           Case{"http://a#f", "http", "a", 80, "/", ""},
           Case{"http://127.0.0.1:1/", "http", "127.0.0.1", 1, "/", ""},
           Case{"http://[::1]:65535/p", "http", "::1", 65535, "/p", ""},
           Case{"https://[2001:DB8::1]", "https", "2001:db8::1", 443, "/", ""},
           Case{"http://a.b-c_d.:80/@x", "http", "a.b-c_d.", 80, "/@x", ""},
           Case{"http://1.example/", "http", "1.example", 80, "/", ""},
       }) {
    const auto url = parse_url(c.text);
    ASSERT_TRUE(url.ok()) << c.text << ": " << url.status().message();
    EXPECT_EQ(url->scheme, c.scheme) << c.text;
    EXPECT_EQ(url->host.host, c.host) << c.text;
    EXPECT_EQ(url->host.port, c.port) << c.text;
    EXPECT_EQ(url->path, c.path) << c.text;
    EXPECT_EQ(url->query, c.query) << c.text;
    const auto again = parse_url(format_url(*url));
    ASSERT_TRUE(again.ok()) << format_url(*url);
    EXPECT_EQ(format_url(*again), format_url(*url));
  }
  EXPECT_EQ(format_url(*parse_url("http://[::1]?q")), "http://[::1]:80/?q");
}

TEST(ParseUrl, RefusesWhatIsNone) {
  for (const char* text : {
           "",
           "http",
           "http:",
           "http://",
           "http:///x",
           "://a",
           "//a",
           "a.example",
           "/path",
           "ftp://a/",
           "file:///etc/passwd",
           "javascript://a/",
           "unix://a",
           "http://user@a/",
           "http://user:pass@a/",
           "http://a@b:80",
           "http://@a",
           "http://a:0",
           "http://a:65536",
           "http://a:99999999999999999999",
           "http://a:",
           "http://a:x",
           "http://a:-1",
           "http://a:+1",
           "http://a:1:2",
           "http://a: 1",
           "http://[::1",
           "http://[::1]x",
           "http://[::1]80",
           "http://[]",
           "http://[a]",
           "http://::1/",
           "http://[127.0.0.1]",
           "http://[::1%lo]",
           "http://[::1%25lo]",
           "http://a b",
           "http://a/b c",
           "http://a/\n",
           "http://a\\b",
           "http://a/\x7F",
           "http://a..b",
           "http://.a",
           "http://\xC3\xA4",
           "http://a%62",
           "http://a,b",
           "http://127.1",
           "http://0x7f.1",
           "http://2130706433",
           "http://0x7f000001/",
           "http://0177.0.0.1",
           "http://127.0.0.1.",
           "http://1.2.3.4.5",
           "http://256.0.0.1",
           "http://127.0.0.01",
           "http://0x",
           "http://a.0x1",
       })
    EXPECT_EQ(parse_url(text).status().code(), Code::kInvalidArgument) << text;
  EXPECT_FALSE(parse_url("http://" + std::string(300, 'a')).ok());
  EXPECT_FALSE(parse_url("http://a/" + std::string(1 << 20, 'a')).ok());
  EXPECT_FALSE(parse_url(std::string_view("http://a/\0", 10)).ok());
  EXPECT_FALSE(parse_host_and_port(std::string_view("[::1\0]", 6), 80).ok());
}

TEST(ParseUrl, NeverQuotesASecret) {
  for (const char* text : {"http://me:hunter2@a/", "http://a/ ?s=hunter2", "x://a?s=hunter2"})
    EXPECT_EQ(parse_url(text).status().message().find("hunter2"), std::string::npos) << text;
}

TEST(IsLoopbackHost, OnlyThisMachine) {
  for (const char* host : {"localhost", "LocalHost", "127.0.0.1", "127.1.2.3", "127.255.255.255",
                           "::1", "0:0:0:0:0:0:0:1", "::ffff:127.0.0.1", "::FFFF:7f00:1"})
    EXPECT_TRUE(is_loopback_host(host)) << host;
  for (const char* host : {"",
                           "localhost.evil.com",
                           "127.0.0.1.evil.com",
                           "localhost.",
                           "xlocalhost",
                           "a.localhost",
                           "0x7f.1",
                           "2130706433",
                           "127.1",
                           "0177.0.0.1",
                           "127.0.0.01",
                           "127.0.0.1.",
                           "127.0.0.1 ",
                           " 127.0.0.1",
                           "127.0.0.256",
                           "128.0.0.1",
                           "0.0.0.0",
                           "::",
                           "::2",
                           "[::1]",
                           "::1%lo",
                           "::127.0.0.1",
                           "::ffff:128.0.0.1",
                           "::fffe:127.0.0.1",
                           "1::1",
                           "localhost:80",
                           "127.0.0.1:80"})
    EXPECT_FALSE(is_loopback_host(host)) << host;
  EXPECT_FALSE(is_loopback_host(std::string_view("127.0.0.1\0.evil.com", 19)));
  EXPECT_FALSE(is_loopback_host(std::string_view("::1\0x", 5)));
}

TEST(HttpHeaders, AreFoundInAnyCaseAndHoldNoLineBreaks) {
  const std::vector<HttpHeader> headers = {{"Host", "a"}, {"HOST", "b"}};
  EXPECT_EQ(*find_header(headers, "host"), "a");
  EXPECT_EQ(find_header(headers, "hos"), nullptr);
  EXPECT_TRUE(is_sendable({"X-Name", "any\tthing \xC3\xA4"}));
  EXPECT_TRUE(is_sendable({"X-Name", ""}));
  for (const char* value : {"a\r\nSet-Cookie: b", "a\nb", "a\rb", "\x7F", "\x01"})
    EXPECT_FALSE(is_sendable({"X-Name", value})) << value;
  EXPECT_FALSE(is_sendable({"X-Name", std::string(1, '\0')}));
  for (const char* name : {"", "a b", "a:", "a\n", "\xC3\xA4"})
    EXPECT_FALSE(is_sendable({name, "a"})) << name;
}

}  // namespace
}  // namespace quarry
