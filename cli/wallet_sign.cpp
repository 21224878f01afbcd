// quarry wallet sign, verify: messages, files, transactions.
#include "base/hex.h"
#include "chainlite/signum/transaction.h"
#include "cli/command.h"
#include "cli/wallet.h"
#include "host/file.h"

namespace quarry::cli {
namespace {

constexpr uint64_t kMostFileBytes = uint64_t{1} << 30;

// What --text or --file say; exactly one of the two.
Result<Bytes> read_message(const Arguments& arguments) {
  if (arguments.has("text") == arguments.has("file"))
    return arguments.usage_error("give --text TEXT, --file FILE or --transaction HEX");
  if (arguments.has("text")) {
    const std::string text = arguments.text("text");
    const auto bytes = text_bytes(text);
    return Bytes(bytes.begin(), bytes.end());
  }
  const std::string path = arguments.text("file");
  QUARRY_ASSIGN(const FileInfo info, posix_file_system().info(path));
  if (info.size_bytes > kMostFileBytes)
    return arguments.usage_error("--file: " + path + " is larger than 1 GiB");
  QUARRY_ASSIGN(const auto file, posix_file_system().open(path, {}));
  Bytes bytes(info.size_bytes);
  QUARRY_TRY(file->read_at(0, bytes));
  return bytes;
}

Result<signum::Transaction> read_transaction(const Arguments& arguments) {
  auto bytes = parse_hex(arguments.text("transaction"));
  if (!bytes.ok()) return arguments.usage_error("--transaction: " + bytes.status().message());
  return signum::parse_transaction(*bytes);
}

Json transaction_json(const signum::Transaction& transaction) {
  const Hash256 hash = signum::full_hash(transaction);
  return {{"transaction", json_u64(signum::id_of(hash))},
          {"full_hash", format_hex(hash)},
          {"kind", signum::kind_name(signum::kind_of(transaction.attachment))},
          {"bytes", format_hex(signum::transaction_bytes(transaction))}};
}

Result<int> sign_transaction(const Arguments& arguments, Session& session) {
  QUARRY_ASSIGN(signum::Transaction transaction, read_transaction(arguments));
  QUARRY_ASSIGN(const signum::KeyPair keys, unlock_key(arguments, session));
  if (transaction.sender != keys.public_key())
    return Status(Code::kRefused, "the transaction's sender is another account than this key's");
  QUARRY_TRY(signum::sign(transaction, keys));
  Json json = transaction_json(transaction);
  json["signature"] = format_hex(transaction.signature);
  session.print(json, json["bytes"].get<std::string>() + "\n");
  return kExitDone;
}

template <size_t kSize>
Result<ByteArray<kSize>> read_array(const Arguments& arguments, const char* flag) {
  QUARRY_TRY(arguments.require(flag));
  const auto bytes = parse_hex(arguments.text(flag));
  ByteArray<kSize> array;
  if (!bytes.ok() || bytes->size() != kSize)
    return arguments.usage_error("--" + std::string(flag) + ": give " + std::to_string(2 * kSize) +
                                 " hexadecimal digits");
  std::copy(bytes->begin(), bytes->end(), array.begin());
  return array;
}

Result<int> tell_verdict(bool is_valid, Json json, Session& session) {
  json["valid"] = is_valid;
  session.print(json, is_valid ? "the signature holds\n" : "the signature does not hold\n");
  return is_valid ? kExitDone : kExitCorrupt;
}

}  // namespace

Result<int> wallet_sign(const Arguments& arguments, Session& session) {
  if (arguments.has("transaction")) return sign_transaction(arguments, session);
  QUARRY_ASSIGN(const Bytes message, read_message(arguments));
  QUARRY_ASSIGN(const signum::KeyPair keys, unlock_key(arguments, session));
  QUARRY_ASSIGN(const signum::Signature signature, keys.sign(message));
  session.print(
      {{"signature", format_hex(signature)}, {"public_key", format_hex(keys.public_key())}},
      format_hex(signature) + "\n");
  return kExitDone;
}

Result<int> wallet_verify(const Arguments& arguments, Session& session) {
  if (arguments.has("transaction")) {
    QUARRY_ASSIGN(const signum::Transaction transaction, read_transaction(arguments));
    return tell_verdict(signum::verify_signature(transaction), transaction_json(transaction),
                        session);
  }
  QUARRY_ASSIGN(const Bytes message, read_message(arguments));
  QUARRY_ASSIGN(const auto signature, read_array<64>(arguments, "signature"));
  QUARRY_ASSIGN(const auto public_key, read_array<32>(arguments, "public-key"));
  return tell_verdict(signum::verify(signature, message, public_key), Json::object(), session);
}

}  // namespace quarry::cli
