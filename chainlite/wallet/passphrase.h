// New passphrases for keys.
#pragma once

#include "base/secret.h"

namespace quarry {

// A passphrase that nobody can guess: 28 symbols of Crockford's base 32 in groups
// of four, "7k2m-x0qd-...", each symbol 5 random bits, 140 in all.
//
// Signum and DDN take any text, and hash it as it is: the dashes and the lower
// case belong to it. Symbols rather than words: phrases of BIP-39 words carry a
// checksum and are stretched by wallets that know them, and ours would look like
// one and be none. The alphabet has no i, l, o and u, which are mistaken for
// others when read from paper.
Secret new_passphrase();

}  // namespace quarry
