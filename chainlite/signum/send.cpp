#include "chainlite/signum/send.h"

#include <cstdlib>
#include <string>
#include <vector>

#include "base/hex.h"
#include "base/json.h"
#include "chainlite/signum/network.h"

namespace quarry::signum {
namespace {

using nlohmann::json;

constexpr int64_t kMostClockDifference = 600;  // seconds

std::string as_text(const Bytes& bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

std::string list_of(const MultiOutPayment& payment) {
  std::string list;
  for (const auto& [recipient, amount] : payment.recipients)
    list += (list.empty() ? "" : ";") + std::to_string(recipient) + ":" + std::to_string(amount);
  return list;
}

std::string list_of(const MultiSameOutPayment& payment) {
  std::string list;
  for (const uint64_t recipient : payment.recipients)
    list += (list.empty() ? "" : ";") + std::to_string(recipient);
  return list;
}

struct CreateRequest {
  std::string type;
  std::vector<Parameter> parameters;
};

// The request that makes a node build such a transaction.
Result<CreateRequest> create_request(const Transaction& transaction) {
  CreateRequest request;
  auto& parameters = request.parameters;
  const auto amount = [&](uint64_t planck) {
    parameters.push_back({"amountNQT", std::to_string(planck)});
  };
  const auto& attachment = transaction.attachment;
  if (std::holds_alternative<Payment>(attachment)) {
    request.type = "sendMoney";
    amount(transaction.amount_planck);
  } else if (const auto* multi = std::get_if<MultiOutPayment>(&attachment)) {
    request.type = "sendMoneyMulti";
    parameters.push_back({"recipients", list_of(*multi)});
  } else if (const auto* same = std::get_if<MultiSameOutPayment>(&attachment)) {
    request.type = "sendMoneyMultiSame";
    parameters.push_back({"recipients", list_of(*same)});
    amount(transaction.amount_planck / same->recipients.size());
  } else if (std::holds_alternative<ArbitraryMessage>(attachment)) {
    request.type = "sendMessage";
  } else if (std::holds_alternative<RewardRecipientAssignment>(attachment)) {
    request.type = "setRewardRecipient";
  } else if (const auto* add = std::get_if<AddCommitment>(&attachment)) {
    request.type = "addCommitment";
    amount(add->amount_planck);
  } else if (const auto* remove = std::get_if<RemoveCommitment>(&attachment)) {
    request.type = "removeCommitment";
    amount(remove->amount_planck);
  } else {
    return Status(Code::kUnsupported, "transactions of " + kind_name(kind_of(attachment)) +
                                          " cannot be sent from here");
  }
  if (has_recipient(attachment))
    parameters.push_back({"recipient", std::to_string(transaction.recipient)});
  parameters.push_back({"publicKey", format_hex(transaction.sender)});
  parameters.push_back({"feeNQT", std::to_string(transaction.fee_planck)});
  parameters.push_back({"deadline", std::to_string(transaction.deadline_minutes)});
  parameters.push_back({"broadcast", "false"});
  if (const auto& message = transaction.message) {
    parameters.push_back(
        {"message", message->is_text ? as_text(message->bytes) : format_hex(message->bytes)});
    parameters.push_back({"messageIsText", message->is_text ? "true" : "false"});
  }
  if (const auto& secret = transaction.encrypted_message) {
    parameters.push_back({"encryptedMessageData", format_hex(secret->data)});
    parameters.push_back({"encryptedMessageNonce", format_hex(secret->nonce)});
    parameters.push_back({"messageToEncryptIsText", secret->is_text ? "true" : "false"});
  }
  return request;
}

// Least fee for the bytes of attachment and appendages, as nodes reckon it.
uint64_t least_fee(const Transaction& transaction, uint64_t fee_quant) {
  constexpr size_t kHeadBytes = 184, kOrdinaryBytes = 176;
  return fee_quant * (1 + (transaction_bytes(transaction).size() - kHeadBytes) / kOrdinaryBytes);
}

// What the chain alone knows, from the node's own bytes.
Status take_chain_fields(const Transaction& theirs, int64_t unix_now, const NodeClient& node,
                         Transaction& ours) {
  const auto epoch = static_cast<int64_t>(mainnet().epoch_unix_seconds);
  if (std::llabs(theirs.timestamp + epoch - unix_now) > kMostClockDifference)
    return Status(Code::kRefused, "the clock of " + node.name() + " is " +
                                      std::to_string(theirs.timestamp + epoch - unix_now) +
                                      " seconds from this one's: set the one that is wrong");
  ours.timestamp = theirs.timestamp;
  ours.ec_block_height = theirs.ec_block_height;
  ours.ec_block_id = theirs.ec_block_id;
  return Status();
}

}  // namespace

Result<Transaction> prepare(const NodeClient& node, const Draft& draft, const PublicKey& sender,
                            int64_t unix_now, const Cancel& cancel) {
  QUARRY_ASSIGN(const json constants, node.call("getConstants", {}, cancel));
  QUARRY_ASSIGN(const uint64_t fee_quant, read_u64(constants, "feeQuantNQT"));
  Transaction ours;
  QUARRY_ASSIGN(ours.cash_back_id, read_u64(constants, "cashBackId"));
  ours.sender = sender;
  ours.attachment = draft.attachment;
  ours.recipient = draft.recipient;
  ours.amount_planck = draft.amount_planck;
  ours.deadline_minutes = draft.deadline_minutes;
  ours.message = draft.message;
  ours.encrypted_message = draft.encrypted_message;
  ours.fee_planck = fee_quant;  // until the size is known
  QUARRY_TRY(check_form(ours));
  ours.fee_planck = draft.fee_planck ? *draft.fee_planck : least_fee(ours, fee_quant);
  QUARRY_TRY(check_form(ours));

  QUARRY_ASSIGN(const CreateRequest request, create_request(ours));
  QUARRY_ASSIGN(const json reply, node.call(request.type, request.parameters, cancel, true));
  QUARRY_ASSIGN(const Bytes their_bytes, read_hex(reply, "unsignedTransactionBytes"));
  QUARRY_ASSIGN(const Transaction theirs, parse_transaction(their_bytes));
  QUARRY_TRY(take_chain_fields(theirs, unix_now, node, ours));
  if (transaction_bytes(ours) != their_bytes)
    return Status(
        Code::kRefused,
        node.name() + " wants another transaction signed than was asked for (it would be " +
            kind_name(kind_of(theirs.attachment)) + " of " + std::to_string(theirs.amount_planck) +
            " planck to " + std::to_string(theirs.recipient) +
            "): nothing was signed; do not use this node");
  return ours;
}

Status broadcast(const NodeClient& node, const Transaction& transaction, const Cancel& cancel) {
  QUARRY_ASSIGN(
      const json reply,
      node.call("broadcastTransaction",
                {{"transactionBytes", format_hex(transaction_bytes(transaction))}}, cancel, true));
  QUARRY_ASSIGN(const std::string hash, read_text(reply, "fullHash"));
  if (hash != format_hex(full_hash(transaction)))
    return Status(Code::kRefused, node.name() + " answers with another transaction's hash");
  return Status();
}

}  // namespace quarry::signum
