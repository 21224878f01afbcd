// A certificate for tests of TLS.
#pragma once

#include <gtest/gtest.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <csignal>
#include <cstdio>
#include <string>

namespace quarry::tests {

// What a TLS server needs, with a certificate for one host that nobody vouches for.
class TlsServer {
 public:
  explicit TlsServer(const std::string& host = "localhost")
      : context_(SSL_CTX_new(TLS_server_method())), certificate_(X509_new()) {
    // Who does not trust it may hang up while we write.
    std::signal(SIGPIPE, SIG_IGN);
    EVP_PKEY* key = EVP_EC_gen("P-256");
    ASN1_INTEGER_set(X509_get_serialNumber(certificate_), 1);
    X509_gmtime_adj(X509_getm_notBefore(certificate_), -3600);
    X509_gmtime_adj(X509_getm_notAfter(certificate_), 3600);
    X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate_), "CN", MBSTRING_ASC,
                               reinterpret_cast<const unsigned char*>(host.c_str()), -1, -1, 0);
    X509_set_issuer_name(certificate_, X509_get_subject_name(certificate_));
    X509_set_pubkey(certificate_, key);
    EXPECT_GT(X509_sign(certificate_, key, EVP_sha256()), 0);
    EXPECT_EQ(SSL_CTX_use_certificate(context_, certificate_), 1);
    EXPECT_EQ(SSL_CTX_use_PrivateKey(context_, key), 1);
    EVP_PKEY_free(key);
  }
  ~TlsServer() {
    X509_free(certificate_);
    SSL_CTX_free(context_);
  }
  TlsServer(const TlsServer&) = delete;
  TlsServer& operator=(const TlsServer&) = delete;

  // For those who are to trust it.
  void write_certificate(const std::string& path) const {
    std::FILE* file = std::fopen(path.c_str(), "w");
    ASSERT_NE(file, nullptr);
    EXPECT_EQ(PEM_write_X509(file, certificate_), 1);
    EXPECT_EQ(std::fclose(file), 0);
  }

  // Answers the first request of a connection; false if none comes, because the other
  // side does not trust it.
  bool serve(int connection, const std::string& reply) const {
    SSL* ssl = SSL_new(context_);
    SSL_set_fd(ssl, connection);
    char bytes[4096];
    const bool has_asked = SSL_accept(ssl) == 1 && SSL_read(ssl, bytes, sizeof bytes) > 0;
    if (has_asked) {
      EXPECT_GT(SSL_write(ssl, reply.data(), static_cast<int>(reply.size())), 0);
      SSL_shutdown(ssl);
    }
    SSL_free(ssl);
    return has_asked;
  }

 private:
  SSL_CTX* const context_;
  X509* const certificate_;
};

}  // namespace quarry::tests
