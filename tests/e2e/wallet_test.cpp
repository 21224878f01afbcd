// quarry wallet and quarry chain, against a devnet.
#include <gtest/gtest.h>

#include <fstream>

#include "base/hex.h"
#include "chainlite/signum/transaction.h"
#include "tests/e2e/devnet_process.h"

namespace quarry::tests {
namespace {

using nlohmann::json;

class Wallet : public CommandLine {
 protected:
  void SetUp() override { std::ofstream(folder_.file("password")) << "secret password\n"; }

  // `quarry wallet WORDS` with the password on descriptor 3 and `passphrase` on 4.
  Outcome wallet(const std::string& words, const std::string& passphrase = "") const {
    std::ofstream(folder_.file("passphrase")) << passphrase;
    return run(
        {"bash", "-c",
         std::string(QUARRY_BINARY) + " wallet " + words + " --folder " + folder_.file("keys") +
             " --password-fd 3 3<" + folder_.file("password") + " 4<" + folder_.file("passphrase")},
        environment());
  }
  json wallet_json(const std::string& words, int code = 0, const std::string& passphrase = "") {
    const Outcome outcome = wallet(words + " --json", passphrase);
    EXPECT_EQ(outcome.exit_code, code) << words << "\n" << outcome.errors << outcome.output;
    const json object = json::parse(outcome.output, nullptr, false);
    EXPECT_TRUE(object.is_object()) << outcome.output;
    return object;
  }
  void import_user() { wallet_json("import user --quick-kdf --passphrase-fd 4", 0, "user"); }

  json chain_json(const Words& words, int code = 0) const {
    Words all = {"chain"};
    all.insert(all.end(), words.begin(), words.end());
    return quarry_json(all, code);
  }
};

const std::string kUser = std::to_string(account_of_phrase("user"));

TEST_F(Wallet, KeysAreMadeImportedListedAndShown) {
  const json made = wallet_json("new first --quick-kdf --show-passphrase");
  EXPECT_EQ(made["account"],
            std::to_string(account_of_phrase(made["passphrase"].get<std::string>())));
  const json imported = wallet_json("import user --quick-kdf --passphrase-fd 4", 0, "user");
  EXPECT_EQ(imported["account"], kUser);
  EXPECT_FALSE(imported.contains("passphrase"));
  EXPECT_EQ(wallet_json("list")["keys"].size(), 2u);
  EXPECT_FALSE(wallet_json("show user").contains("passphrase"));
  EXPECT_EQ(wallet_json("show user --show-passphrase")["passphrase"], "user");
  const auto mode = std::filesystem::status(folder_.file("keys/user.key")).permissions();
  EXPECT_EQ(static_cast<int>(mode), 0600);
  EXPECT_EQ(read_file(folder_.file("keys/first.key")).find(made["passphrase"].get<std::string>()),
            std::string::npos);
  EXPECT_EQ(wallet("new user --quick-kdf").exit_code, 1) << "the name is taken";
  std::ofstream(folder_.file("password")) << "another password\n";
  const Outcome wrong = wallet("show user --show-passphrase");
  EXPECT_EQ(wrong.exit_code, 1);
  EXPECT_NE(wrong.errors.find("password"), std::string::npos) << wrong.errors;
}

TEST_F(Wallet, WrongWordsAreExplained) {
  for (const char* words :
       {"", "nonsense", "new", "new two words", "show ../etc", "send user", "sign user",
        "send user --to 1 --amount 1.123456789", "send user --to 1 --add-commitment 1",
        "send user --to nobody --amount 1", "send user --to 1", "verify --text x",
        "send user --to 1 --amount 1 --node ftp://x", "history user --count 0"}) {
    const Outcome outcome = wallet(words);
    EXPECT_NE(outcome.exit_code, 0) << words;
    EXPECT_FALSE(outcome.errors.empty()) << words;
  }
  EXPECT_EQ(wallet("send user --to nobody --amount 1").exit_code, 2);
}

TEST_F(Wallet, SignaturesOfTextsFilesAndTransactions) {
  import_user();
  const json signed_text = wallet_json("sign user --text hello");
  const std::string check = "verify --signature " + signed_text["signature"].get<std::string>() +
                            " --public-key " + signed_text["public_key"].get<std::string>();
  EXPECT_EQ(wallet_json(check + " --text hello")["valid"], true);
  EXPECT_EQ(wallet_json(check + " --text Hello", 3)["valid"], false);
  std::ofstream(folder_.file("message")) << "hello";
  EXPECT_EQ(wallet_json(check + " --file " + folder_.file("message"))["valid"], true);

  signum::Transaction transaction;
  transaction.attachment = signum::Payment();
  transaction.recipient = 5;
  transaction.amount_planck = 6;
  transaction.fee_planck = 1'000'000;
  const auto keys = signum::KeyPair::from_passphrase(Secret::copy_of("user"));
  transaction.sender = keys.public_key();
  const std::string bytes = format_hex(signum::transaction_bytes(transaction));
  const json signed_bytes = wallet_json("sign user --transaction " + bytes);
  EXPECT_EQ(
      wallet_json("verify --transaction " + signed_bytes["bytes"].get<std::string>())["valid"],
      true);
  EXPECT_EQ(wallet_json("verify --transaction " + bytes, 3)["valid"], false);
  transaction.sender[0] ^= std::byte{1};
  EXPECT_EQ(wallet("sign user --transaction " + format_hex(signum::transaction_bytes(transaction)))
                .exit_code,
            4)
      << "somebody else's transaction";
}

TEST_F(Wallet, SendsEveryKindAndReadsThemBack) {
  import_user();
  DevnetProcess devnet(folder_.file("data"));
  const std::string node = " --node " + devnet.url;
  devnet.mine("miner");
  wallet_json("fund user --amount 5000" + node);
  devnet.mine("miner");
  EXPECT_EQ(wallet_json("balance user" + node)["balance_planck"], "500000000000");
  EXPECT_EQ(wallet_json("balance user" + node)["evidence"], "reported");

  const std::string miner = std::to_string(account_of_phrase("miner"));
  const json dry = wallet_json("send user --to " + miner + " --amount 1.5 --dry-run" + node);
  EXPECT_EQ(dry["sent"], false);
  devnet.mine("miner");
  EXPECT_EQ(wallet_json("history user" + node)["transactions"].size(), 1u) << "only the faucet's";

  const Words kinds = {"--to " + miner + " --amount 1.5",
                       "--to " + miner + " --amount 1 --message hello",
                       "--to " + miner + " --message 'only words ✓'",
                       "--to " + miner + " --message secret --encrypt",
                       "--to " + miner + "=2 --to 17=3",
                       "--reward-recipient " + miner,
                       "--add-commitment 100",
                       "--to TS-2223-2222-KB8Y-22222 --amount 0.00000001 --fee 0.5"};
  for (const std::string& what : kinds) {
    const json sent = wallet_json("send user " + what + node);
    EXPECT_EQ(sent["sent"], true) << what;
  }
  devnet.mine("miner");
  const json removed = wallet_json("send user --remove-commitment 100" + node);
  devnet.mine("miner");
  const json history = wallet_json("history user" + node)["transactions"];
  EXPECT_EQ(history.size(), 10u);
  for (const json& entry : history) {
    EXPECT_EQ(entry["content"], "verified") << entry;
    EXPECT_EQ(entry["confirmed"], "reported");
  }
  const Outcome text = wallet("history user" + node);
  EXPECT_NE(text.output.find("set reward recipient"), std::string::npos) << text.output;

  // What the chain commands make of it.
  const json tip = chain_json({"sync", "--node", devnet.url});
  EXPECT_EQ(tip["from_genesis"], true);
  EXPECT_EQ(tip["tip"]["evidence"], "verified");
  const std::string id = removed["transaction"];
  const json found =
      chain_json({"tx", id, "--node", devnet.url, "--proof", folder_.file("proof.json")});
  EXPECT_EQ(found["inclusion"], "verified");
  EXPECT_EQ(found["block"]["evidence"], "verified");
  EXPECT_EQ(chain_json({"verify-proof", folder_.file("proof.json")})["transaction"], id);
  EXPECT_EQ(chain_json({"block", "1", "--node", devnet.url})["evidence"], "verified");
  EXPECT_EQ(chain_json({"status", "--node", devnet.url})["network"], "devnet");
  const json from_middle = chain_json({"block", "4", "--depth", "2", "--node", devnet.url});
  EXPECT_EQ(from_middle["evidence"], "reported") << "too few blocks below are known";

  std::string proof = read_file(folder_.file("proof.json"));
  const size_t at = proof.find("\"feeNQT\": ");
  proof[at + 10] = proof[at + 10] == '1' ? '2' : '1';
  std::ofstream(folder_.file("forged.json")) << proof;
  chain_json({"verify-proof", folder_.file("forged.json")}, 3);
  chain_json({"block", "99", "--node", devnet.url}, 1);
  chain_json({"tx", "123", "--node", devnet.url}, 4);
}

TEST_F(Wallet, NodesThatAreNotThereAreNamed) {
  import_user();
  const Outcome outcome = wallet("send user --to 1 --amount 1 --node http://127.0.0.1:1");
  EXPECT_EQ(outcome.exit_code, 1);
  EXPECT_NE(outcome.errors.find("127.0.0.1:1"), std::string::npos) << outcome.errors;
}

}  // namespace
}  // namespace quarry::tests
