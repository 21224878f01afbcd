// The pool that a devnet brings along.
#pragma once

#include <string>

#include "chainlite/devnet/devnet.h"
#include "scheduler/pool/pool.h"

namespace quarry::cli {

// On any free port of this machine, with its books in `folder`. It is the faucet's,
// whose key every devnet holds and everybody knows, as its coins are worth nothing; so
// rewards are shared after one block, and paid from one coin on.
pool::PoolOptions devnet_pool_options(const devnet::Devnet& devnet, const std::string& folder);

}  // namespace quarry::cli
