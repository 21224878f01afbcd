// quarry wallet: keys, and what is done with them.
#include "cli/wallet.h"

#include "base/hex.h"
#include "base/json.h"
#include "chainlite/signum/address.h"
#include "chainlite/wallet/passphrase.h"
#include "cli/command.h"
#include "host/terminal.h"

namespace quarry::cli {
namespace {

constexpr const char* kNetwork = "signum";
constexpr const char* kDefaultNode = "http://127.0.0.1:8125";

constexpr Flag kFlags[] = {
    {"folder", FlagKind::kValue, "DIR",
     "where key files are; default: quarry/wallet in the user's folder for data"},
    {"password-fd", FlagKind::kValue, "N",
     "reads the key's password from this file descriptor, not the terminal"},
    {"passphrase-fd", FlagKind::kValue, "N",
     "import: reads the passphrase from this file descriptor"},
    {"show-passphrase", FlagKind::kSwitch, "",
     "new, show: prints the passphrase, to write it down"},
    {"quick-kdf", FlagKind::kSwitch, "",
     "new, import: a password that costs little to try; for tests"},
    {"node", FlagKind::kValue, "URL",
     "the node to ask; default: http://127.0.0.1:8125, a devnet's"},
    {"to", FlagKind::kList, "ACCOUNT", "send: the recipient; or, repeated, ACCOUNT=COINS"},
    {"amount", FlagKind::kValue, "COINS", "send, fund: how much"},
    {"fee", FlagKind::kValue, "COINS", "send: default: the least that the network takes"},
    {"deadline", FlagKind::kValue, "MINUTES",
     "send: forgotten if no block takes it until then; default: 1440"},
    {"message", FlagKind::kValue, "TEXT", "send: a message with it, or alone"},
    {"encrypt", FlagKind::kSwitch, "", "send: only the recipient can read the message"},
    {"reward-recipient", FlagKind::kValue, "ACCOUNT",
     "send: who gets the rewards of blocks: a pool, or oneself"},
    {"add-commitment", FlagKind::kValue, "COINS", "send: coins to lock for mining"},
    {"remove-commitment", FlagKind::kValue, "COINS", "send: coins to unlock again"},
    {"dry-run", FlagKind::kSwitch, "", "send: signs and shows the transaction, and sends nothing"},
    {"text", FlagKind::kValue, "TEXT", "sign, verify: the message"},
    {"file", FlagKind::kValue, "FILE", "sign, verify: a file that is the message"},
    {"transaction", FlagKind::kValue, "HEX", "sign, verify: the bytes of a transaction"},
    {"signature", FlagKind::kValue, "HEX", "verify: 64 bytes"},
    {"public-key", FlagKind::kValue, "HEX", "verify: 32 bytes"},
    {"count", FlagKind::kValue, "N", "history: how many, newest first; default: 20"},
};

// Argon2id that takes no time; for tests, where a password guards nothing.
constexpr KdfCost kQuickCost = {1, uint64_t{8} << 10};

Result<Secret> password_for(const Arguments& arguments, const std::string& name, bool is_new) {
  if (arguments.has("password-fd")) {
    QUARRY_ASSIGN(const uint64_t descriptor, arguments.number("password-fd"));
    if (descriptor > INT32_MAX) return arguments.usage_error("--password-fd: no such descriptor");
    return read_secret_fd(static_cast<int>(descriptor));
  }
  return is_new ? read_new_secret("new password for key \"" + name + "\"")
                : read_secret_line("password of key \"" + name + "\": ");
}

Json key_json(const std::string& name, const std::string& network,
              const signum::PublicKey& public_key) {
  const uint64_t account = signum::account_of(public_key);
  return {{"name", name},
          {"network", network},
          {"account", json_u64(account)},
          {"address", signum::format_address(account)},
          {"public_key", format_hex(public_key)}};
}

std::string key_text(const Json& key) {
  return format_table({{"name", key["name"]},
                       {"account", key["account"]},
                       {"address", key["address"]},
                       {"public key", key["public_key"]}});
}

// Writes the key file and tells what it is.
Result<int> add_key(const Arguments& arguments, Session& session, const Secret& passphrase) {
  QUARRY_ASSIGN(const std::string name, key_name(arguments));
  QUARRY_ASSIGN(KeyFolder folder, key_folder(arguments));
  if (folder.load(name).ok())
    return Status(Code::kExists, "there is a key \"" + name + "\" already: choose another name");
  QUARRY_ASSIGN(const Secret password, password_for(arguments, name, true));
  const auto keys = signum::KeyPair::from_passphrase(passphrase);
  SealOptions options;
  if (arguments.is_on("quick-kdf")) options.cost = kQuickCost;
  QUARRY_ASSIGN(const KeyFile file,
                seal_key({name, kNetwork, keys.public_key()}, passphrase, password, options));
  QUARRY_TRY(folder.add(file));
  Json json = key_json(name, kNetwork, keys.public_key());
  json["file"] = folder.path() + "/" + name + ".key";
  std::string text = key_text(json) + "kept in " + json["file"].get<std::string>() + "\n";
  if (arguments.is_on("show-passphrase")) {
    json["passphrase"] = passphrase.text();
    text += "passphrase: " + std::string(passphrase.text()) + "\n";
  } else {
    text +=
        "Without its file and password the key is lost. To write the passphrase down:\n"
        "  quarry wallet show " +
        name + " --show-passphrase\n";
  }
  session.print(json, text);
  return kExitDone;
}

Result<int> wallet_new(const Arguments& arguments, Session& session) {
  return add_key(arguments, session, new_passphrase());
}

Result<int> wallet_import(const Arguments& arguments, Session& session) {
  QUARRY_TRY(key_name(arguments).status());
  if (arguments.has("passphrase-fd")) {
    QUARRY_ASSIGN(const uint64_t descriptor, arguments.number("passphrase-fd"));
    if (descriptor > INT32_MAX) return arguments.usage_error("--passphrase-fd: no such descriptor");
    QUARRY_ASSIGN(const Secret passphrase, read_secret_fd(static_cast<int>(descriptor)));
    return add_key(arguments, session, passphrase);
  }
  QUARRY_ASSIGN(const Secret passphrase, read_secret_line("passphrase, exactly as it is: "));
  return add_key(arguments, session, passphrase);
}

Result<int> wallet_list(const Arguments& arguments, Session& session) {
  QUARRY_ASSIGN(KeyFolder folder, key_folder(arguments));
  QUARRY_ASSIGN(const KeyList list, folder.list());
  Json keys = Json::array();
  std::vector<std::vector<std::string>> rows = {{"NAME", "NETWORK", "ADDRESS", "ACCOUNT"}};
  for (const StoredKey& stored : list.keys) {
    if (!stored.warning.ok()) session.warn(stored.warning);
    const KeyInfo& info = stored.file.info;
    const Json key = key_json(info.name, info.network, info.public_key);
    rows.push_back({info.name, info.network, key["address"], key["account"]});
    keys.push_back(key);
  }
  for (const Status& failure : list.failures) session.warn(failure);
  session.print({{"folder", folder.path()}, {"keys", keys}},
                list.keys.empty() ? "no keys in " + folder.path() + "\n" : format_table(rows));
  return list.failures.empty() ? kExitDone : kExitCorrupt;
}

Result<int> wallet_show(const Arguments& arguments, Session& session) {
  QUARRY_ASSIGN(const std::string name, key_name(arguments));
  QUARRY_ASSIGN(KeyFolder folder, key_folder(arguments));
  QUARRY_ASSIGN(const StoredKey stored, folder.load(name));
  if (!stored.warning.ok()) session.warn(stored.warning);
  const KeyInfo& info = stored.file.info;
  Json json = key_json(info.name, info.network, info.public_key);
  std::string text = key_text(json);
  if (arguments.is_on("show-passphrase")) {
    QUARRY_ASSIGN(const Secret password, password_for(arguments, name, false));
    QUARRY_ASSIGN(const Secret passphrase, open_key(stored.file, password));
    json["passphrase"] = passphrase.text();
    text += "passphrase: " + std::string(passphrase.text()) + "\n";
  }
  session.print(json, text);
  return kExitDone;
}

struct Action {
  std::string_view name;
  Result<int> (*run)(const Arguments& arguments, Session& session);
};
constexpr Action kActions[] = {
    {"new", wallet_new},   {"import", wallet_import},   {"list", wallet_list},
    {"show", wallet_show}, {"sign", wallet_sign},       {"verify", wallet_verify},
    {"send", wallet_send}, {"history", wallet_history}, {"balance", wallet_balance},
    {"fund", wallet_fund},
};

Result<int> run(const Arguments& arguments, Session& session) {
  std::string names;
  for (const Action& action : kActions) {
    if (!arguments.positional().empty() && arguments.positional()[0] == action.name)
      return action.run(arguments, session);
    names += (names.empty() ? "" : ", ") + std::string(action.name);
  }
  return arguments.usage_error("say what to do: " + names);
}

}  // namespace

Result<KeyFolder> key_folder(const Arguments& arguments) {
  std::string folder = arguments.text("folder");
  if (folder.empty()) folder = default_key_folder();
  if (folder.empty())
    return Status(Code::kNotFound,
                  "neither XDG_DATA_HOME nor HOME says where keys belong: give --folder DIR");
  return KeyFolder(posix_file_system(), folder);
}

Result<std::string> key_name(const Arguments& arguments) {
  if (arguments.positional().size() != 2)
    return arguments.usage_error("name one key, as in: quarry wallet " + arguments.positional()[0] +
                                 " NAME");
  const std::string& name = arguments.positional()[1];
  QUARRY_TRY(check_key_name(name));
  return name;
}

Result<Secret> unlock_passphrase(const std::string& name, const Arguments& arguments,
                                 Session& session) {
  QUARRY_ASSIGN(KeyFolder folder, key_folder(arguments));
  QUARRY_ASSIGN(const StoredKey stored, folder.load(name));
  if (!stored.warning.ok()) session.warn(stored.warning);
  QUARRY_ASSIGN(const Secret password, password_for(arguments, name, false));
  QUARRY_ASSIGN(Secret passphrase, open_key(stored.file, password));
  if (signum::KeyPair::from_passphrase(passphrase).public_key() != stored.file.info.public_key)
    return Status(Code::kCorrupt, "key \"" + name + "\": its public key is not the passphrase's");
  return passphrase;
}

Result<signum::KeyPair> unlock_key(const Arguments& arguments, Session& session) {
  QUARRY_ASSIGN(const std::string name, key_name(arguments));
  QUARRY_ASSIGN(const Secret passphrase, unlock_passphrase(name, arguments, session));
  return signum::KeyPair::from_passphrase(passphrase);
}

Result<Node> open_node(const Arguments& arguments) {
  Node node;
  node.http = make_http_client();
  auto client = signum::NodeClient::open(*node.http, arguments.text("node", kDefaultNode));
  if (!client.ok()) return arguments.usage_error("--node: " + client.status().message());
  node.client = std::make_unique<signum::NodeClient>(std::move(*client));
  return node;
}

Result<std::string> address_prefix(const Node& node, const Cancel& cancel) {
  QUARRY_ASSIGN(const auto constants, node.client->call("getConstants", {}, cancel));
  QUARRY_ASSIGN(std::string prefix, read_text(constants, "addressPrefix"));
  if (prefix.size() > 10) return Status(Code::kCorrupt, "the node's address prefix is none");
  return prefix;
}

const Command kWalletCommand = {"wallet",
                                "keys of Signum: new, import, list, show, sign, verify, send, "
                                "balance, history, fund",
                                "ACTION [NAME]",
                                DeviceUse::kNone,
                                kFlags,
                                run};

}  // namespace quarry::cli
