// OpenSSL as Fanfare uses it: SHA-256 with states that are plain values, ed25519, random bytes, comparison in constant time,
// certificates and keys in PEM, the client's side of TLS.
//
// The SHA256_* functions are marked deprecated since OpenSSL 3.0 in favour of EVP, whose contexts live on the heap and
// are fetched, duplicated and freed for every message. A signature for each delivery wants neither, so the mark is
// silenced here, on purpose and in this one place.
#pragma once

#define OPENSSL_SUPPRESS_DEPRECATED
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/sha.h>
#include <openssl/x509.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

// What OpenSSL has as macros only, which Swift does not see.
static inline long fanfare_ssl_ctx_set_min_version(SSL_CTX *context, int version) { return SSL_CTX_set_min_proto_version(context, version); }
static inline void fanfare_ssl_ctx_set_mode(SSL_CTX *context, long mode) { SSL_CTX_set_mode(context, mode); }
static inline void fanfare_ssl_ctx_set_session_cache(SSL_CTX *context, long mode) { SSL_CTX_set_session_cache_mode(context, mode); }
static inline int fanfare_ssl_ctx_add_chain_certificate(SSL_CTX *context, X509 *certificate) {
    return (int)SSL_CTX_add1_chain_cert(context, certificate);
}
static inline int fanfare_ssl_set_server_name(SSL *ssl, const char *name) { return (int)SSL_set_tlsext_host_name(ssl, name); }
