// Random material for tests against SignumJS; the same for the same seed.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <random>
#include <string>

#include "base/bytes.h"
#include "chainlite/signum/eckcdsa.h"
#include "chainlite/signum/transaction.h"

namespace quarry::tests {

class RandomCases {
 public:
  explicit RandomCases(uint64_t seed) : engine_(seed) {}

  uint64_t below(uint64_t limit) {
    return std::uniform_int_distribution<uint64_t>(0, limit - 1)(engine_);
  }
  bool chance(unsigned one_in) { return below(one_in) == 0; }

  // An id: mostly any, sometimes one at the edges of 63 and 64 bits.
  uint64_t id();
  Bytes bytes(size_t count);
  // UTF-8 of up to `most` characters: letters, control characters, accents, signs
  // of Asia, emoji.
  std::string text(size_t most);
  signum::KeyPair keys() { return signum::KeyPair::from_passphrase(Secret::copy_of(text(60))); }

  // A well-formed transaction of kind number `kind`, of kKinds, with random fields
  // and appendages, that SignumJS can read. Not signed; `recipient` is whose key it
  // announces, if it does.
  static constexpr size_t kKinds = 11;
  signum::Transaction transaction(size_t kind, const signum::PublicKey& sender,
                                  const signum::PublicKey& recipient);

 private:
  signum::Attachment attachment(size_t kind, uint64_t& amount_planck);
  void add_appendages(signum::Transaction& transaction, const signum::PublicKey& recipient);

  std::mt19937_64 engine_;
};

// What a client says in its call of a node's API to have this transaction made:
// the name of the call, and its parameters as SignumJS spells them.
std::string call_name(const signum::Transaction& transaction);
nlohmann::json call_parameters(const signum::Transaction& transaction);

}  // namespace quarry::tests
