// Every shape of answer that a miner gets, as the programs that give it write it.
#include <gtest/gtest.h>

#include "base/hex.h"
#include "chainlite/signum/mining_client.h"

namespace quarry::signum {
namespace {

constexpr const char* kSignature =
    "ba6f11e2fd1d4eb0f2ca9d92ea4a9a55b4f3f8d3f4c3ba2f3d4b1c8c5f9a0e17";

// `text` with $S for the signature.
std::string filled(std::string text) {
  for (size_t at; (at = text.find("$S")) != std::string::npos;) text.replace(at, 2, kSignature);
  return text;
}

struct Round {
  const char* who;
  const char* body;
  uint64_t height, base_target;
  std::optional<uint64_t> target_deadline, average_commitment;
};

const Round kRounds[] = {
    {"signum-node",
     R"({"generationSignature":"$S","baseTarget":"280712","averageCommitmentNQT":"180000000000",)"
     R"("lastBlockReward":"100","lastBlockRewardNQT":"10000000000","requestProcessingTime":0,)"
     R"("height":"1029000","timestamp":"251031442"})",
     1029000, 280712, std::nullopt, 180000000000},
    {"signum-pool",
     R"({"height":"1029000","generationSignature":"$S","baseTarget":"280712",)"
     R"("averageCommitmentNQT":"180000000000"})",
     1029000, 280712, std::nullopt, 180000000000},
    {"signum-pool, getCurrentRound, and old wallets, with numbers",
     R"({"generationSignature":"$S","baseTarget":513689,"height":1029000})", 1029000, 513689,
     std::nullopt, std::nullopt},
    {"foxy-proxy: numbers",
     R"({"height":650000,"baseTarget":70312,"generationSignature":"$S","targetDeadline":31536000})",
     650000, 70312, 31536000, std::nullopt},
    {"creepMiner's proxy and older pools: the target as text",
     R"({"baseTarget":"70312","generationSignature":"$S","height":"650000",)"
     R"("targetDeadline":"18446744073709551615"})",
     650000, 70312, UINT64_MAX, std::nullopt},
    {"a proxy without a target",
     R"({"baseTarget":"70312","generationSignature":"$S","height":"650000","targetDeadline":0})",
     650000, 70312, std::nullopt, std::nullopt},
    {"null for what is optional",
     R"({"baseTarget":"70312","generationSignature":"$S","height":"650000","targetDeadline":null})",
     650000, 70312, std::nullopt, std::nullopt},
    {"18 digits", R"({"baseTarget":123456789012345678,"generationSignature":"$S","height":1})", 1,
     123456789012345678, std::nullopt, std::nullopt},
    {"a name twice: one of the two",
     R"({"baseTarget":1,"baseTarget":"2","generationSignature":"$S","height":1})", 1, 2,
     std::nullopt, std::nullopt},
};

TEST(MiningReplies, ReadsTheRoundsOfAll) {
  for (const Round& round : kRounds) {
    const auto info = parse_mining_info(200, filled(round.body));
    ASSERT_TRUE(info.ok()) << round.who << ": " << info.status().message();
    EXPECT_EQ(format_hex(info->generation_signature), kSignature) << round.who;
    EXPECT_EQ(info->height, round.height) << round.who;
    EXPECT_EQ(info->base_target, round.base_target) << round.who;
    EXPECT_EQ(info->target_deadline, round.target_deadline) << round.who;
    EXPECT_EQ(info->average_commitment_planck, round.average_commitment) << round.who;
  }
}

struct NoRound {
  const char* who;
  int status;
  const char* body;
  Code code;
  const char* words;  // that the message holds
};

const NoRound kNoRounds[] = {
    {"signum-pool that has just started", 200, "null", Code::kCorrupt, "null"},
    {"signum-pool, of what it does not know", 200, "404 not found", Code::kRefused,
     "404 not found"},
    {"signum-node", 200,
     R"({"errorCode":1,"errorDescription":"Incorrect request","requestProcessingTime":0})",
     Code::kRefused, "Incorrect request"},
    {"signum-node, from a host that it does not like", 403,
     R"({"errorCode":7,"errorDescription":"Not allowed"})", Code::kRefused, "Not allowed"},
    {"foxy-proxy", 400, R"({"error":{"message":"unknown request type","code":4}})", Code::kRefused,
     "unknown request type"},
    {"old wallets", 200, R"({"error":"Unsupported request type!"})", Code::kRefused,
     "Unsupported request type!"},
    {"an error that is no text", 200, R"({"error":{"message":7}})", Code::kRefused, "refuses"},
    {"Nogrod's limiter", 429, "limit exceeded\n", Code::kNetwork, "429"},
    {"a web server whose pool is down", 502, "<html>Bad Gateway</html>", Code::kNetwork, "502"},
    {"a web server that gave up", 408, "", Code::kNetwork, "408"},
    {"a web server", 404, "<html>Not Found</html>", Code::kRefused, "Not Found"},
    {"a web server that sends one elsewhere", 301, "", Code::kRefused, "refuses"},
    {"a round with a status of failure", 404, R"({"height":1})", Code::kRefused, "404"},
    {"nothing", 200, "", Code::kCorrupt, "JSON"},
    {"a page", 200, "<html>Welcome to our pool</html>", Code::kCorrupt, "JSON"},
    {"half a round", 200, R"({"generationSignature":"$S","base)", Code::kCorrupt, "JSON"},
    {"an array", 200, "[]", Code::kCorrupt, "generationSignature"},
    {"an empty object", 200, "{}", Code::kCorrupt, "generationSignature"},
    {"base target 0", 200, R"({"generationSignature":"$S","baseTarget":"0","height":"1"})",
     Code::kCorrupt, "base target 0"},
    {"height 0", 200, R"({"generationSignature":"$S","baseTarget":"1","height":0})", Code::kCorrupt,
     "height 0"},
    {"a negative number", 200, R"({"generationSignature":"$S","baseTarget":-5,"height":1})",
     Code::kCorrupt, "baseTarget"},
    {"a negative text", 200, R"({"generationSignature":"$S","baseTarget":"-5","height":1})",
     Code::kCorrupt, "baseTarget"},
    {"a fraction", 200, R"({"generationSignature":"$S","baseTarget":70312.5,"height":1})",
     Code::kCorrupt, "baseTarget"},
    {"more than 64 bits", 200,
     R"({"generationSignature":"$S","baseTarget":"18446744073709551616","height":1})",
     Code::kCorrupt, "baseTarget"},
    {"a number without end", 200, R"({"generationSignature":"$S","baseTarget":1e999,"height":1})",
     Code::kCorrupt, ""},
    {"a wrong target", 200,
     R"({"generationSignature":"$S","baseTarget":1,"height":1,"targetDeadline":-1})",
     Code::kCorrupt, "targetDeadline"},
    {"a short signature", 200, R"({"generationSignature":"ba6f","baseTarget":1,"height":1})",
     Code::kCorrupt, "generationSignature"},
    {"a signature that is none", 200,
     R"({"generationSignature":"zz6f11e2fd1d4eb0f2ca9d92ea4a9a55b4f3f8d3f4c3ba2f3d4b1c8c5f9a0e17",)"
     R"("baseTarget":1,"height":1})",
     Code::kCorrupt, "generationSignature"},
};

TEST(MiningReplies, RefusesWhatIsNoRound) {
  for (const NoRound& reply : kNoRounds) {
    const Status status = parse_mining_info(reply.status, filled(reply.body)).status();
    EXPECT_EQ(status.code(), reply.code) << reply.who << ": " << status.message();
    EXPECT_NE(status.message().find(reply.words), std::string::npos)
        << reply.who << ": " << status.message();
  }
  EXPECT_EQ(parse_mining_info(200, std::string(100000, '[')).status().code(), Code::kCorrupt);
}

TEST(MiningReplies, TellsRoundsApart) {
  const MiningInfo a = *parse_mining_info(200, filled(kRounds[0].body));
  MiningInfo b = a;
  b.average_commitment_planck = 1;
  b.target_deadline = 1;
  EXPECT_TRUE(a.same_round(b));
  b.height++;
  EXPECT_FALSE(a.same_round(b));
  b = a;
  b.base_target++;
  EXPECT_FALSE(a.same_round(b));
  b = a;
  b.generation_signature[31] ^= std::byte{1};
  EXPECT_FALSE(a.same_round(b));
}

struct Answer {
  const char* who;
  int status;
  const char* body;
  SubmitOutcome outcome;
  std::optional<uint64_t> deadline = {};
};

const Answer kAnswers[] = {
    {"signum-node, signum-pool", 200, R"({"result":"success","deadline":12345})",
     SubmitOutcome::kAccepted, 12345},
    {"Nogrod", 200, R"({"deadline":12345,"result":"success"})", SubmitOutcome::kAccepted, 12345},
    {"older pools: text", 200, R"({"result":"success","deadline":"12345"})",
     SubmitOutcome::kAccepted, 12345},
    {"18 digits", 200, R"({"result":"success","deadline":123456789012345678})",
     SubmitOutcome::kAccepted, 123456789012345678},
    {"the oldest wallets", 200, R"({"result":"deadline: 12345"})", SubmitOutcome::kAccepted, 12345},
    {"BlagoMiner's proxy", 200,
     R"({"result":"proxy","accountId":17930413153828766298,"deadline":12345,"targetDeadline":9})",
     SubmitOutcome::kAccepted, 12345},
    {"a deadline alone", 200, R"({"deadline":12345})", SubmitOutcome::kAccepted, 12345},
    {"success alone, in whatever case", 200, R"({"result":"Success"})", SubmitOutcome::kAccepted},

    {"signum-node", 200,
     R"({"result":"Given block height does not match current blockchain height"})",
     SubmitOutcome::kStaleRound},
    {"signum-node", 200, R"({"result":"Given block height smaller than the check point height"})",
     SubmitOutcome::kStaleRound},
    {"signum-pool, quarry pool", 200, R"({"result":"Submission for another block height"})",
     SubmitOutcome::kStaleRound},
    {"foxy-proxy", 400, R"({"error":{"message":"submission is for different round","code":2}})",
     SubmitOutcome::kStaleRound},
    {"Nogrod, aggregator", 400,
     R"({"errorCode":"1005","errorDescription":"Submitted on wrong height"})",
     SubmitOutcome::kStaleRound},
    {"cpp-burst-pool-node: a number", 200,
     R"({"errorCode":1005,"errorDescription":"Submitted on wrong height"})",
     SubmitOutcome::kStaleRound},
    {"a proxy that hands words on in another case", 400, R"({"error":"SUBMITTED ON WRONG HEIGHT"})",
     SubmitOutcome::kStaleRound},

    {"signum-pool", 200, R"({"result":"Deadline exceeds maximum allowed deadline"})",
     SubmitOutcome::kDeadlineTooHigh},
    {"signum-pool before 2021", 200,
     R"({"result":"Deadline exceeds maximum allowed deadline (Submitted 9, maximum is 8) "})",
     SubmitOutcome::kDeadlineTooHigh},
    {"Nogrod", 400,
     R"({"errorCode":"1008","errorDescription":"deadline exceeds deadline limit of the pool"})",
     SubmitOutcome::kDeadlineTooHigh},
    {"a code without words", 200, R"({"errorCode":1008})", SubmitOutcome::kDeadlineTooHigh},
    {"a refusal that tells the deadline", 200,
     R"({"result":"Deadline exceeds maximum allowed deadline","deadline":99})",
     SubmitOutcome::kDeadlineTooHigh},

    {"signum-node", 200, R"({"result":"Passphrase does not match reward recipient"})",
     SubmitOutcome::kWrongRewardRecipient},
    {"signum-node", 200, R"({"result":"Passphrase is for a different account"})",
     SubmitOutcome::kWrongRewardRecipient},
    {"signum-pool", 200, R"({"result":"Reward recipient not set to pool"})",
     SubmitOutcome::kWrongRewardRecipient},
    {"Nogrod", 403,
     R"({"errorCode":"1004","errorDescription":"Account's reward recipient doesn't match the pool's"})",
     SubmitOutcome::kWrongRewardRecipient},

    {"Nogrod's limiter", 429, "limit exceeded\n", SubmitOutcome::kRateLimited},
    {"cpp-burst-pool-node's limiter", 429, "", SubmitOutcome::kRateLimited},
    {"a limiter that keeps status 200", 200, "Too Many Requests", SubmitOutcome::kRateLimited},
    {"aggregator", 400,
     R"({"errorCode":"2","errorDescription":"too many submissions from different account ids by same ip"})",
     SubmitOutcome::kRateLimited},

    {"signum-pool that has just started", 200, R"({"result":"Pool does not have mining info"})",
     SubmitOutcome::kUnreachable},
    {"signum-pool", 200, R"({"result":"Cannot submit - new round starting"})",
     SubmitOutcome::kUnreachable},
    {"signum-pool", 200, R"({"result":"Server Interrupted"})", SubmitOutcome::kUnreachable},
    {"Nogrod whose node is down", 503,
     R"({"errorCode":"1014","errorDescription":"Account's reward recipient couldn't be determined"})",
     SubmitOutcome::kUnreachable},
    {"the same through a proxy that keeps status 200", 200, R"({"errorCode":1014})",
     SubmitOutcome::kUnreachable},
    {"aggregator whose pool is down", 200,
     R"({"errorCode":"3","errorDescription":"error reaching pool or wallet"})",
     SubmitOutcome::kUnreachable},
    {"a web server whose pool is down", 502, "<html>Bad Gateway</html>",
     SubmitOutcome::kUnreachable},
    {"an error of a server", 500, R"({"errorDescription":"database is locked"})",
     SubmitOutcome::kUnreachable},
    {"success with a status of failure", 500, R"({"result":"success","deadline":1})",
     SubmitOutcome::kUnreachable},
    {"nothing", 200, "", SubmitOutcome::kUnreachable},
    {"null", 200, "null", SubmitOutcome::kUnreachable},
    {"half a reply", 200, R"({"result":"succ)", SubmitOutcome::kUnreachable},
    {"a page", 200, "<html>Welcome to our pool</html>", SubmitOutcome::kUnreachable},
    {"an empty object", 200, "{}", SubmitOutcome::kUnreachable},
    {"a deadline with a fraction", 200, R"({"result":"success","deadline":1.5})",
     SubmitOutcome::kUnreachable},
    {"a negative deadline", 200, R"({"result":"success","deadline":-1})",
     SubmitOutcome::kUnreachable},
    {"a deadline that is no number", 200, R"({"result":"deadline: soon"})",
     SubmitOutcome::kUnreachable},

    {"signum-node", 200, R"({"result":"Given block height is not a number"})",
     SubmitOutcome::kRefused},
    {"signum-node", 200,
     R"({"result":"Missing Passphrase and account passphrase not in solo mining config"})",
     SubmitOutcome::kRefused},
    {"signum-node", 200, R"({"result":"failed to create generator"})", SubmitOutcome::kRefused},
    {"signum-node", 200, R"({"errorCode":4,"errorDescription":"Incorrect \"nonce\""})",
     SubmitOutcome::kRefused},
    {"signum-pool", 200, R"({"result":"Account ID not set"})", SubmitOutcome::kRefused},
    {"signum-pool, of what it does not know", 200, "404 not found", SubmitOutcome::kRefused},
    {"foxy-proxy", 400, R"({"error":{"message":"submission has wrong format","code":1}})",
     SubmitOutcome::kRefused},
    {"Nogrod", 400,
     R"({"errorCode":"1012","errorDescription":"submitNonce request has bad 'nonce' parameter - should be uint64"})",
     SubmitOutcome::kRefused},
    {"a web server", 404, "<html>Not Found</html>", SubmitOutcome::kRefused},
    {"a web server", 403, "", SubmitOutcome::kRefused},
};

TEST(MiningReplies, KnowsWhatBecameOfANonce) {
  for (const Answer& answer : kAnswers) {
    const SubmitReply reply = parse_submit_reply(answer.status, answer.body);
    EXPECT_EQ(outcome_name(reply.outcome), outcome_name(answer.outcome))
        << answer.who << ": " << answer.body;
    EXPECT_EQ(reply.deadline, answer.deadline) << answer.who << ": " << answer.body;
    EXPECT_EQ(reply.message.empty(), reply.outcome == SubmitOutcome::kAccepted)
        << answer.who << ": " << answer.body;
  }
}

TEST(MiningReplies, ShowsTheirWordsAndNothingElse) {
  EXPECT_EQ(parse_submit_reply(200, R"({"result":"Account ID not set"})").message,
            "Account ID not set");
  EXPECT_EQ(parse_submit_reply(400, R"({"error":{"message":"a\u001b[2Jb\nc","code":9}})").message,
            "a [2Jb c");
  EXPECT_EQ(parse_submit_reply(403, "").message, "HTTP 403 without a reason");
  EXPECT_EQ(parse_submit_reply(200, R"({"errorCode":7})").message, "error 7");
  const std::string endless = R"({"result":")" + std::string(60000, 'a') + R"("})";
  EXPECT_EQ(parse_submit_reply(200, endless).message.size(), 200u);
  EXPECT_LE(parse_mining_info(400, std::string(60000, 'a')).status().message().size(), 300u);
}

}  // namespace
}  // namespace quarry::signum
