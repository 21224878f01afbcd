#include "cli/devnet_pool.h"

namespace quarry::cli {

pool::PoolOptions devnet_pool_options(const devnet::Devnet& devnet, const std::string& folder) {
  pool::PoolOptions options;
  options.port = 0;
  options.store = folder + "/pool.sqlite";
  options.node = devnet.url();
  options.passphrase = Secret::copy_of(devnet::kFaucetPassphrase);
  options.window = 60;
  options.books = {
      .confirmations = 1, .fee_ppm = 10'000, .least_payout_planck = signum::kPlanckPerCoin};
  return options;
}

}  // namespace quarry::cli
