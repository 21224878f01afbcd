#include "chainlite/signum/eckcdsa.h"

#include <openssl/bn.h>
#include <sodium.h>

#include <algorithm>
#include <cstring>
#include <memory>
#include <optional>

#include "base/sha256.h"

namespace quarry::signum {
namespace {

using EdwardsPoint = ByteArray<32>;  // as Ed25519 encodes it

// As the libraries want bytes.
template <size_t kSize>
unsigned char* raw(ByteArray<kSize>& bytes) {
  return reinterpret_cast<unsigned char*>(bytes.data());
}
template <size_t kSize>
const unsigned char* raw(const ByteArray<kSize>& bytes) {
  return reinterpret_cast<const unsigned char*>(bytes.data());
}
unsigned char* raw(std::span<std::byte> bytes) {
  return reinterpret_cast<unsigned char*>(bytes.data());
}
const unsigned char* raw(std::span<const std::byte> bytes) {
  return reinterpret_cast<const unsigned char*>(bytes.data());
}

void clamp(std::span<std::byte> scalar) {
  scalar[0] &= std::byte{0xF8};
  scalar[31] &= std::byte{0x7F};
  scalar[31] |= std::byte{0x40};
}

// `scalar` mod L. Constant-time.
Secret reduced(std::span<const std::byte> scalar) {
  Secret wide(64), result(32);
  std::memcpy(wide.bytes().data(), scalar.data(), scalar.size());
  crypto_core_ed25519_scalar_reduce(raw(result.bytes()), raw(wide.bytes()));
  return result;
}

bool is_below_group_order(std::span<const std::byte> scalar) {
  return equal_in_constant_time(reduced(scalar).bytes(), scalar);
}

// Big numbers of public values.
struct FreeBignum {
  void operator()(BIGNUM* number) const { BN_free(number); }
};
using Bignum = std::unique_ptr<BIGNUM, FreeBignum>;

Bignum bignum() {
  Bignum number(BN_new());
  QUARRY_CHECK(number != nullptr);
  return number;
}

Bignum decimal(const char* digits) {
  BIGNUM* number = nullptr;
  QUARRY_CHECK(BN_dec2bn(&number, digits) != 0);
  return Bignum(number);
}

// Arithmetic mod p = 2^255 - 19. Belongs to one thread.
class Field {
 public:
  Field()
      : context_(BN_CTX_new()),
        p_(decimal(
            "57896044618658097711785492504343953926634992332820282019728792003956564819949")) {
    QUARRY_CHECK(context_ != nullptr);
  }

  Bignum from_bytes(const PublicKey& bytes) const {
    PublicKey low = bytes;
    low[31] &= std::byte{0x7F};
    Bignum number = bignum();
    QUARRY_CHECK(BN_lebin2bn(raw(low), low.size(), number.get()) != nullptr);
    QUARRY_CHECK(BN_nnmod(number.get(), number.get(), p_.get(), context_.get()));
    return number;
  }

  EdwardsPoint to_bytes(const Bignum& number) const {
    EdwardsPoint bytes;
    QUARRY_CHECK(BN_bn2lebinpad(number.get(), raw(bytes), bytes.size()) == bytes.size());
    return bytes;
  }

  Bignum add(const Bignum& a, const Bignum& b) const {
    Bignum sum = bignum();
    QUARRY_CHECK(BN_mod_add(sum.get(), a.get(), b.get(), p_.get(), context_.get()));
    return sum;
  }

  Bignum subtract(const Bignum& a, const Bignum& b) const {
    Bignum difference = bignum();
    QUARRY_CHECK(BN_mod_sub(difference.get(), a.get(), b.get(), p_.get(), context_.get()));
    return difference;
  }

  Bignum multiply(const Bignum& a, const Bignum& b) const {
    Bignum product = bignum();
    QUARRY_CHECK(BN_mod_mul(product.get(), a.get(), b.get(), p_.get(), context_.get()));
    return product;
  }

  // Null for 0.
  Bignum inverse(const Bignum& a) const {
    return Bignum(BN_mod_inverse(nullptr, a.get(), p_.get(), context_.get()));
  }

  // The odd root; null if there is none.
  Bignum odd_root(const Bignum& a) const {
    Bignum root(BN_mod_sqrt(nullptr, a.get(), p_.get(), context_.get()));
    if (root == nullptr) return nullptr;
    return BN_is_odd(root.get()) ? std::move(root) : subtract(p_, root);
  }

 private:
  struct FreeContext {
    void operator()(BN_CTX* context) const { BN_CTX_free(context); }
  };
  std::unique_ptr<BN_CTX, FreeContext> context_;
  Bignum p_;
};

// |P|: the point with this u and an odd v, by the birational map of RFC 7748,
// section 4.1: x = sqrt(-486664) * u / v, y = (u - 1) / (u + 1). Of the two roots
// it takes the one that maps (9, odd v) to Ed25519's base point; the base point's
// own v on Curve25519 is that of RFC 7748, which is odd.
std::optional<EdwardsPoint> lift(const PublicKey& key) {
  thread_local const Field field;
  thread_local const Bignum one = decimal("1"), a = decimal("486662");
  thread_local const Bignum map_factor =
      decimal("51042569399160536130206135233146329284152202253034631822681833788666877215207");
  const Bignum u = field.from_bytes(key);
  // v^2 = u^3 + A u^2 + u
  const Bignum v =
      field.odd_root(field.multiply(field.add(field.multiply(field.add(u, a), u), one), u));
  if (v == nullptr) return std::nullopt;  // on the twist
  const Bignum v_inverse = field.inverse(v), y_divisor = field.inverse(field.add(u, one));
  if (v_inverse == nullptr || y_divisor == nullptr) return std::nullopt;  // order 2 or 4
  const Bignum x = field.multiply(field.multiply(map_factor, u), v_inverse);
  EdwardsPoint point = field.to_bytes(field.multiply(field.subtract(u, one), y_divisor));
  if (BN_is_odd(x.get())) point[31] |= std::byte{0x80};
  return point;
}

// Less than 2^255 - 19.
bool is_canonical(const PublicKey& key) {
  const auto is_full = [](std::byte byte) { return byte == std::byte{0xFF}; };
  if (key[31] != std::byte{0x7F}) return key[31] < std::byte{0x7F};
  return key[0] < std::byte{0xED} || !std::all_of(key.begin() + 1, key.end() - 1, is_full);
}

}  // namespace

uint64_t account_of(const PublicKey& public_key) { return load_le<uint64_t>(sha256(public_key)); }

bool verify(const Signature& signature, std::span<const std::byte> message,
            const PublicKey& public_key, SignatureForm form) {
  const auto v = std::span(signature).first<32>();
  const auto h = std::span(signature).last<32>();
  if (form == SignatureForm::kCanonical && !(is_below_group_order(v) && is_canonical(public_key)))
    return false;
  const auto point = lift(public_key);
  if (!point) return false;
  EdwardsPoint first, second, sum;
  PublicKey y;
  // Each refuses points and products outside the group of prime order.
  if (crypto_scalarmult_ed25519_noclamp(raw(first), raw(reduced(v).bytes()), raw(*point)) != 0 ||
      crypto_scalarmult_ed25519_base_noclamp(raw(second), raw(reduced(h).bytes())) != 0 ||
      crypto_core_ed25519_add(raw(sum), raw(first), raw(second)) != 0 ||
      crypto_sign_ed25519_pk_to_curve25519(raw(y), raw(sum)) != 0)
    return false;
  return std::ranges::equal(sha256({sha256(message), y}), h);
}

KeyPair KeyPair::from_passphrase(const Secret& passphrase) {
  QUARRY_CHECK(sodium_init() >= 0);
  KeyPair keys;
  Hash256 digest = sha256(passphrase.bytes());
  std::memcpy(keys.agreement_key_.bytes().data(), digest.data(), digest.size());
  wipe(digest);
  clamp(keys.agreement_key_.bytes());
  crypto_scalarmult_curve25519_base(raw(keys.public_key_), raw(keys.agreement_key_.bytes()));
  keys.account_id_ = account_of(keys.public_key_);

  // s = +-1/k mod L; the sign is the one whose signatures hold.
  const Secret k = reduced(keys.agreement_key_.bytes());
  QUARRY_CHECK(crypto_core_ed25519_scalar_invert(raw(keys.signing_key_.bytes()), raw(k.bytes())) ==
               0);  // fails only for 0, which no clamped key is
  if (!keys.sign(text_bytes("which sign?")).ok()) {
    Secret negative(32);
    crypto_core_ed25519_scalar_negate(raw(negative.bytes()), raw(keys.signing_key_.bytes()));
    keys.signing_key_ = std::move(negative);
  }
  return keys;
}

Result<Signature> KeyPair::sign(std::span<const std::byte> message) const {
  const Hash256 m = sha256(message);
  Secret x(32);
  Hash256 nonce = sha256({m, signing_key_.bytes()});
  std::memcpy(x.bytes().data(), nonce.data(), nonce.size());
  wipe(nonce);
  clamp(x.bytes());
  PublicKey y;
  crypto_scalarmult_curve25519_base(raw(y), raw(x.bytes()));
  const Hash256 h = sha256({m, y});

  Secret difference(32);
  crypto_core_ed25519_scalar_sub(raw(difference.bytes()), raw(reduced(x.bytes()).bytes()),
                                 raw(reduced(h).bytes()));
  Signature signature;
  crypto_core_ed25519_scalar_mul(raw(signature), raw(difference.bytes()),
                                 raw(signing_key_.bytes()));
  std::memcpy(&signature[32], h.data(), h.size());
  // A fault in the arithmetic could give the key away, and v = 0 is no signature.
  if (!verify(signature, message, public_key_)) {
    wipe(signature);
    return Status(Code::kDevice,
                  "a signature that was just made does not hold: this machine "
                  "computes wrongly; nothing was signed");
  }
  return signature;
}

}  // namespace quarry::signum
