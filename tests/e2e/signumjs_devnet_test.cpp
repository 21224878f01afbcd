// SignumJS, unmodified, as the wallet of a devnet.
#include <filesystem>

#include "tests/e2e/devnet_process.h"

namespace quarry::tests {
namespace {

class SignumJsOnDevnet : public CommandLine {};

TEST_F(SignumJsOnDevnet, CreatesSignsBroadcastsAndSeesConfirmed) {
  if (!std::filesystem::exists(QUARRY_SIGNUMJS_MODULES))
    GTEST_SKIP() << "SignumJS is not installed; scripts/test does it where it finds npm";
  DevnetProcess devnet(folder_.file("data"));
  const Outcome outcome =
      run({"node", QUARRY_SIGNUMJS_DEVNET, QUARRY_SIGNUMJS_MODULES, devnet.url});
  EXPECT_EQ(outcome.exit_code, 0) << outcome.errors;
  const auto done = nlohmann::json::parse(outcome.output, nullptr, false);
  ASSERT_TRUE(done.is_object()) << outcome.output << outcome.errors;
  EXPECT_EQ(done["height"], devnet.height());
  EXPECT_GE(done["transactions"], 9);
}

}  // namespace
}  // namespace quarry::tests
