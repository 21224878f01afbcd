#include "plotter/plot_name.h"

#include <array>
#include <charconv>

#include "plotter/poc2.h"

namespace quarry {
namespace {

constexpr std::array<std::string_view, 4> kFieldNames = {"account id", "start nonce",
                                                         "number of nonces", "stagger"};

// Strict: digits only, no leading zero, at most 2^64 - 1.
bool parse_field(std::string_view text, uint64_t& value) {
  if (text.empty() || (text.size() > 1 && text.front() == '0')) return false;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() && end == text.data() + text.size();
}

}  // namespace

uint64_t PlotName::size_bytes() const { return nonces * kNonceBytes; }

Result<PlotName> parse_plot_name(std::string_view file_name) {
  const std::string quoted = "\"" + std::string(file_name.substr(0, 100)) + "\"";
  std::array<uint64_t, 4> fields{};
  size_t count = 0;
  std::string_view rest = file_name;
  while (true) {
    const size_t end = rest.find('_');
    if (count == fields.size())
      return Status(Code::kInvalidArgument, quoted + " has more than four fields");
    if (!parse_field(rest.substr(0, end), fields[count]))
      return Status(Code::kInvalidArgument, quoted + " is no plot name: its " +
                                                std::string(kFieldNames[count]) +
                                                " is not an unsigned decimal number");
    count++;
    if (end == rest.npos) break;
    rest.remove_prefix(end + 1);
  }
  if (count < 3)
    return Status(Code::kInvalidArgument,
                  quoted + " is no plot name: it should be <account id>_<start>_<nonces>");
  const PlotName name = {fields[0], fields[1], fields[2], fields[3]};
  if (!valid_nonce_range(name.start, name.nonces))
    return Status(Code::kInvalidArgument,
                  quoted + (name.nonces == 0 ? " has no nonces" : " has nonces over 2^64 - 1"));
  if (name.nonces > static_cast<uint64_t>(INT64_MAX) / kNonceBytes)
    return Status(Code::kInvalidArgument, quoted + " is larger than any file can be");
  if (count == 4 && (name.stagger == 0 || name.nonces % name.stagger != 0))
    return Status(Code::kInvalidArgument,
                  quoted + " has a stagger that does not divide its nonces");
  return name;
}

std::string format_plot_name(const PlotName& name) {
  std::string text = std::to_string(name.account_id) + "_" + std::to_string(name.start) + "_" +
                     std::to_string(name.nonces);
  if (name.is_poc1()) text += "_" + std::to_string(name.stagger);
  return text;
}

}  // namespace quarry
