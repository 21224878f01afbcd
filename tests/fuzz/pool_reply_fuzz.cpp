// What pools answer: a line with the HTTP status, then the body.
#include "base/units.h"
#include "chainlite/signum/mining_client.h"
#include "tests/fuzz/fuzz.h"

using namespace quarry;

namespace {

bool is_shown_safely(std::string_view text) {
  for (const char c : text)
    if (c < ' ' || c > '~') return false;
  return text.size() <= 200;
}

void check_round(int http_status, std::string_view body) {
  const auto info = signum::parse_mining_info(http_status, body);
  if (!info.ok()) {
    fuzz::check_refusal(info.status(), {Code::kCorrupt, Code::kRefused, Code::kNetwork});
    return;
  }
  QUARRY_CHECK(info->height > 0 && info->base_target > 0 && info->target_deadline != 0);
  QUARRY_CHECK(info->same_round(*info) && http_status / 100 == 2);
}

void check_answer(int http_status, std::string_view body) {
  const signum::SubmitReply reply = signum::parse_submit_reply(http_status, body);
  const bool is_accepted = reply.outcome == signum::SubmitOutcome::kAccepted;
  QUARRY_CHECK(!is_accepted || http_status / 100 == 2);
  QUARRY_CHECK(is_accepted || !reply.deadline);
  QUARRY_CHECK(is_accepted == reply.message.empty());
  QUARRY_CHECK(is_shown_safely(reply.message));
}

}  // namespace

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text = fuzz::as_text(data, size);
  const size_t end = text.find('\n');
  if (end == std::string_view::npos) return 0;
  const auto status = parse_u64(text.substr(0, end));
  if (!status.ok() || *status > 999) return 0;
  check_round(static_cast<int>(*status), text.substr(end + 1));
  check_answer(static_cast<int>(*status), text.substr(end + 1));
  return 0;
}
