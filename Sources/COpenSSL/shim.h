// libcrypto as Fanfare uses it: SHA-256 with states that are plain values, ed25519, random bytes, comparison in constant time,
// certificates and keys in PEM.
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
