// What the actions of `quarry wallet` share.
#pragma once

#include <memory>
#include <string>

#include "base/secret.h"
#include "chainlite/signum/eckcdsa.h"
#include "chainlite/signum/node_client.h"
#include "chainlite/wallet/key_folder.h"
#include "cli/arguments.h"
#include "cli/session.h"

namespace quarry::cli {

// The folder of --folder, or the user's.
Result<KeyFolder> key_folder(const Arguments& arguments);

// The key's name, the second word of the command.
Result<std::string> key_name(const Arguments& arguments);

// Loads the key `name` and asks for its password: --password-fd, or the terminal. Its
// passphrase, whose public key is the one in the file's header.
Result<Secret> unlock_passphrase(const std::string& name, const Arguments& arguments,
                                 Session& session);

// The keys of key_name()'s passphrase.
Result<signum::KeyPair> unlock_key(const Arguments& arguments, Session& session);

// The node of --node, by default a devnet's on this machine.
struct Node {
  std::unique_ptr<HttpClient> http;
  std::unique_ptr<signum::NodeClient> client;
};
Result<Node> open_node(const Arguments& arguments);

// What an account that the node knows is written like: "S", "TS".
Result<std::string> address_prefix(const Node& node, const Cancel& cancel);

// Actions, by files.
Result<int> wallet_sign(const Arguments& arguments, Session& session);
Result<int> wallet_verify(const Arguments& arguments, Session& session);
Result<int> wallet_send(const Arguments& arguments, Session& session);
Result<int> wallet_history(const Arguments& arguments, Session& session);
Result<int> wallet_fund(const Arguments& arguments, Session& session);
Result<int> wallet_balance(const Arguments& arguments, Session& session);

}  // namespace quarry::cli
