#include "host/http/client.h"

#include <curl/curl.h>

#include <algorithm>
#include <mutex>
#include <string_view>
#include <utility>

#include "host/file.h"
#include "host/http/url.h"

namespace quarry {
namespace {

constexpr int kCancelPollMilliseconds = 100;
constexpr size_t kMostHeaderBytes = size_t{256} << 10;
constexpr size_t kMostIdleTransfers = 8;  // that keep their connections

// A curl handle and what drives it: connections live in the latter.
struct Transfer {
  Transfer() : multi(curl_multi_init()), easy(curl_easy_init()) {}
  ~Transfer() {
    curl_easy_cleanup(easy);
    curl_multi_cleanup(multi);
  }
  Transfer(const Transfer&) = delete;
  Transfer& operator=(const Transfer&) = delete;

  CURLM* const multi;
  CURL* const easy;
};

// The reply as it comes, within its bounds.
struct Incoming {
  HttpReply reply;
  size_t max_body_bytes = 0;
  size_t header_bytes = 0;
  bool too_large = false;
  bool out_of_memory = false;
};

// Callbacks of libcurl, which is C: no exception may leave them. Anything but the
// size that was given ends the transfer.
template <class Take>
size_t take_part(char* bytes, size_t size, void* incoming, Take take) {
  auto& target = *static_cast<Incoming*>(incoming);
  try {
    if (take(target, std::string_view(bytes, size))) return size;
    target.too_large = true;
  } catch (...) {
    target.out_of_memory = true;
  }
  return size == 0 ? 1 : 0;
}

size_t take_body(char* bytes, size_t /*always 1*/, size_t size, void* incoming) {
  return take_part(bytes, size, incoming, [](Incoming& target, std::string_view part) {
    if (part.size() > target.max_body_bytes - target.reply.body.size()) return false;
    target.reply.body.append(part);
    return true;
  });
}

std::string_view trim(std::string_view text) {
  constexpr std::string_view kSpace = " \t\r\n";
  const size_t begin = text.find_first_not_of(kSpace);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(kSpace) - begin + 1);
}

// One line at a time, the first of each message being that of its status.
size_t take_header(char* bytes, size_t /*always 1*/, size_t size, void* incoming) {
  return take_part(bytes, size, incoming, [](Incoming& target, std::string_view line) {
    target.header_bytes += line.size();
    if (target.header_bytes > kMostHeaderBytes) return false;
    if (line.starts_with("HTTP/")) target.reply.headers.clear();  // "100 Continue" came before
    const size_t colon = line.find(':');
    if (colon == std::string_view::npos || line.starts_with("HTTP/")) return true;
    target.reply.headers.push_back(
        {std::string(trim(line.substr(0, colon))), std::string(trim(line.substr(colon + 1)))});
    return true;
  });
}

struct FreeList {
  void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};
using List = std::unique_ptr<curl_slist, FreeList>;

// False if there is no memory.
bool append(List& list, const std::string& line) {
  curl_slist* longer = curl_slist_append(list.get(), line.c_str());
  if (longer == nullptr) return false;
  (void)list.release();
  list.reset(longer);
  return true;
}

Result<List> header_list(const HttpRequest& request) {
  List list;
  // curl would wait for a "100 Continue" that many servers never send.
  bool ok = append(list, "Expect:");
  // And it would say that any body is a form.
  if (find_header(request.headers, "Content-Type") == nullptr)
    ok = ok && append(list, "Content-Type:");
  for (const HttpHeader& header : request.headers) {
    if (!is_sendable(header))
      return Status(Code::kInvalidArgument,
                    "a header of the request holds a line break or another control");
    // To curl, "Name:" would mean to leave the header out.
    ok = ok && append(list, header.name + (header.value.empty() ? ";" : ": " + header.value));
  }
  if (!ok) return Status(Code::kOutOfMemory, "no memory for the headers of a request");
  return list;
}

bool is_method(std::string_view method) {
  return !method.empty() && method.size() <= 32 &&
         std::all_of(method.begin(), method.end(), [](char c) { return c >= 'A' && c <= 'Z'; });
}

// The way to other machines, in curl's words. All empty: what the environment says.
struct Route {
  std::string proxy;  // "http://host:port"
  std::string user;
  std::string password;
  std::string ca_file;
};

Status wrong_proxy(const std::string& what) {
  return {Code::kInvalidArgument,
          "the proxy must be [http|https|socks5|socks5h://][user:password@]host[:port]: " + what};
}

// As HttpClientOptions has it.
Result<Route> parse_proxy(std::string_view text) {
  std::string scheme = "http";
  if (const size_t end = text.find("://"); end != std::string_view::npos) {
    scheme = text.substr(0, end);
    text.remove_prefix(end + 3);
  }
  if (scheme != "http" && scheme != "https" && scheme != "socks5" && scheme != "socks5h")
    return wrong_proxy("it has another scheme");
  if (text.ends_with('/')) text.remove_suffix(1);
  Route route;
  if (const size_t at = text.rfind('@'); at != std::string_view::npos) {
    const std::string_view names = text.substr(0, at);
    const size_t colon = std::min(names.find(':'), names.size());
    const auto user = percent_decode(names.substr(0, colon));
    const auto password = percent_decode(names.substr(std::min(colon + 1, names.size())));
    // To curl, a zero byte would be the end.
    if (!user.ok() || !password.ok() || (*user + *password).find('\0') != std::string::npos)
      return wrong_proxy("a % in the user or password is not followed by a byte's two digits");
    route.user = *user;
    route.password = *password;
    text.remove_prefix(at + 1);
  }
  const auto host = parse_host_and_port(text, scheme == "https" ? 443 : 1080);
  if (!host.ok()) return wrong_proxy(host.status().message());
  route.proxy = scheme + "://" + format_host_and_port(*host);
  return route;
}

// curl copies texts.
void set_up_route(CURL* easy, const Url& url, const Route& route) {
  if (is_loopback_host(url.host.host)) {
    curl_easy_setopt(easy, CURLOPT_PROXY, "");
  } else if (!route.proxy.empty()) {
    curl_easy_setopt(easy, CURLOPT_PROXY, route.proxy.c_str());
    curl_easy_setopt(easy, CURLOPT_NOPROXY, "");  // whatever the environment says
    if (!route.user.empty() || !route.password.empty()) {
      curl_easy_setopt(easy, CURLOPT_PROXYUSERNAME, route.user.c_str());
      curl_easy_setopt(easy, CURLOPT_PROXYPASSWORD, route.password.c_str());
    }
  }
  if (route.ca_file.empty()) return;
  for (const CURLoption option : {CURLOPT_CAINFO, CURLOPT_PROXY_CAINFO})
    curl_easy_setopt(easy, option, route.ca_file.c_str());
  for (const CURLoption option : {CURLOPT_CAPATH, CURLOPT_PROXY_CAPATH})
    curl_easy_setopt(easy, option, static_cast<const char*>(nullptr));
}

// All else that curl is told. It keeps pointers to the body, the list and `incoming`.
void set_up(CURL* easy, const Url& url, const HttpRequest& request, const curl_slist* headers,
            Incoming& incoming) {
  // Keeps connections, and no option of an earlier request.
  curl_easy_reset(easy);
  curl_easy_setopt(easy, CURLOPT_URL, format_url(url).c_str());
#if LIBCURL_VERSION_NUM >= 0x075500
  curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
#else
  curl_easy_setopt(easy, CURLOPT_PROTOCOLS, CURLPROTO_HTTP | CURLPROTO_HTTPS);
#endif
#if LIBCURL_VERSION_NUM >= 0x075700
  // A name that does not resolve must not hold up a cancel.
  curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L);
#endif
  curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
  curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 1L);
  curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 2L);
  curl_easy_setopt(easy, CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
  curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(easy, CURLOPT_ACCEPT_ENCODING, "gzip");
  curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS,
                   static_cast<long>(request.connect_timeout.count()));
  curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, static_cast<long>(request.timeout.count()));
  curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers);
  curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, take_body);
  curl_easy_setopt(easy, CURLOPT_WRITEDATA, &incoming);
  curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, take_header);
  curl_easy_setopt(easy, CURLOPT_HEADERDATA, &incoming);
  if (!request.body.empty() || request.method == "POST" || request.method == "PUT") {
    curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE,
                     static_cast<curl_off_t>(request.body.size()));
    curl_easy_setopt(easy, CURLOPT_POSTFIELDS, request.body.c_str());
  }
  if (request.method == "HEAD") curl_easy_setopt(easy, CURLOPT_NOBODY, 1L);
  curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, request.method.c_str());
}

// Moves the bytes until the transfer has ended, and says how.
Result<CURLcode> drive(Transfer& transfer, const Cancel& cancel) {
  if (curl_multi_add_handle(transfer.multi, transfer.easy) != CURLM_OK)
    return Status(Code::kOutOfMemory, "libcurl cannot start a transfer");
  Result<CURLcode> outcome = CURLE_OK;
  int running = 1;
  while (running > 0) {
    CURLMcode code = curl_multi_perform(transfer.multi, &running);
    if (code == CURLM_OK && running > 0)
      code = curl_multi_poll(transfer.multi, nullptr, 0, kCancelPollMilliseconds, nullptr);
    if (code != CURLM_OK) {
      outcome = Status(Code::kIo, std::string("libcurl failed: ") + curl_multi_strerror(code));
      break;
    }
    if (running > 0 && cancel.requested()) {
      outcome = cancel.status();
      break;
    }
  }
  int left = 0;
  const CURLMsg* message = curl_multi_info_read(transfer.multi, &left);
  if (outcome.ok() && message != nullptr) outcome = message->data.result;
  curl_multi_remove_handle(transfer.multi, transfer.easy);  // closes what has not ended
  return outcome;
}

// Why there is no reply, without what may quote the request.
std::string words_of(CURL* easy, CURLcode code, const char* details) {
  const bool is_plain = code == CURLE_COULDNT_CONNECT || code == CURLE_COULDNT_RESOLVE_HOST ||
                        code == CURLE_OPERATION_TIMEDOUT || code == CURLE_PEER_FAILED_VERIFICATION;
  std::string words = is_plain && *details != '\0' ? details : curl_easy_strerror(code);
  long status_of_proxy = 0;  // its answer to the wish for a tunnel
  curl_easy_getinfo(easy, CURLINFO_HTTP_CONNECTCODE, &status_of_proxy);
  if (status_of_proxy >= 300)
    words += "; the proxy answers with HTTP " + std::to_string(status_of_proxy);
  return words;
}

Status failure(CURLcode code, const Incoming& incoming, const std::string& host,
               const std::string& words) {
  if (incoming.out_of_memory || code == CURLE_OUT_OF_MEMORY)
    return {Code::kOutOfMemory, "no memory for the reply of " + host};
  if (incoming.too_large)
    return {Code::kCorrupt, "the reply of " + host + " is larger than the " +
                                std::to_string(incoming.max_body_bytes) +
                                " bytes that are taken, or has endless headers"};
  if (code == CURLE_BAD_CONTENT_ENCODING)
    return {Code::kCorrupt, "the reply of " + host + " is not packed as it says"};
  return {Code::kNetwork, "no reply from " + host + ": " + words};
}

class CurlClient : public HttpClient {
 public:
  explicit CurlClient(Route route) : route_(std::move(route)) {}

  Result<HttpReply> send(const HttpRequest& request, const Cancel& cancel) override {
    QUARRY_TRY(cancel.status());
    QUARRY_ASSIGN(const Url url, parse_url(request.url));
    if (!is_method(request.method))
      return Status(Code::kInvalidArgument, "the method of a request must be a word like GET");
    QUARRY_ASSIGN(const List headers, header_list(request));
    std::unique_ptr<Transfer> transfer = take();
    if (transfer->easy == nullptr || transfer->multi == nullptr)
      return Status(Code::kOutOfMemory, "libcurl cannot start");

    Incoming incoming;
    incoming.max_body_bytes = request.max_body_bytes;
    char details[CURL_ERROR_SIZE] = "";
    set_up(transfer->easy, url, request, headers.get(), incoming);
    set_up_route(transfer->easy, url, route_);
    curl_easy_setopt(transfer->easy, CURLOPT_ERRORBUFFER, details);
    const auto outcome = drive(*transfer, cancel);
    const std::string host = format_host_and_port(url.host);
    Status status = outcome.status();
    if (outcome.ok() && *outcome != CURLE_OK)
      status = failure(*outcome, incoming, host, words_of(transfer->easy, *outcome, details));
    HttpReply reply = std::move(incoming.reply);
    long number = 0;
    curl_easy_getinfo(transfer->easy, CURLINFO_RESPONSE_CODE, &number);
    reply.status = static_cast<int>(number);
    curl_easy_reset(transfer->easy);  // no pointer to what ends here
    give_back(std::move(transfer));
    if (!status.ok()) return status;
    if (const auto* type = find_header(reply.headers, "Content-Type")) reply.content_type = *type;
    return reply;
  }

 private:
  std::unique_ptr<Transfer> take() {
    {
      const std::lock_guard lock(mutex_);
      if (!idle_.empty()) {
        auto transfer = std::move(idle_.back());
        idle_.pop_back();
        return transfer;
      }
    }
    return std::make_unique<Transfer>();
  }

  void give_back(std::unique_ptr<Transfer> transfer) {
    const std::lock_guard lock(mutex_);
    if (idle_.size() < kMostIdleTransfers) idle_.push_back(std::move(transfer));
  }

  const Route route_;
  std::mutex mutex_;
  std::vector<std::unique_ptr<Transfer>> idle_;
};

std::unique_ptr<HttpClient> make_client(Route route) {
  // Once, before any handle, and never undone: others may use libcurl too.
  static const CURLcode started = curl_global_init(CURL_GLOBAL_DEFAULT);
  (void)started;  // where it fails, handles cannot be made either
  return std::make_unique<CurlClient>(std::move(route));
}

}  // namespace

Result<std::unique_ptr<HttpClient>> make_http_client(const HttpClientOptions& options) {
  Route route;
  if (!options.proxy.empty()) {
    QUARRY_ASSIGN(route, parse_proxy(options.proxy));
  }
  if (!options.ca_file.empty()) QUARRY_TRY(posix_file_system().open(options.ca_file, {}).status());
  route.ca_file = options.ca_file;
  return make_client(std::move(route));
}

std::unique_ptr<HttpClient> make_http_client() { return make_client({}); }

}  // namespace quarry
