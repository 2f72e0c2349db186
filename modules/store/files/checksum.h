/*
 * Two checksums: CRC-32C, which finds torn and damaged bytes, and SipHash-2-4, which spreads keys that strangers choose
 * (user names typed at a login page) over hash tables without letting them aim.
 */
#ifndef ANSHIN_STORE_CHECKSUM_H
#define ANSHIN_STORE_CHECKSUM_H

#include "core/base/anshin.h"

/* CRC-32C (Castagnoli, RFC 3720 B.4) of data, going on from crc: begin with 0. */
apr_uint32_t anshin_crc32c(apr_uint32_t crc, const void *data, apr_size_t length);

/* SipHash-2-4 (Aumasson, Bernstein 2012) under a key of two words. */
apr_uint64_t anshin_siphash(const apr_uint64_t key[2], const void *data, apr_size_t length);

/* Numbers in files are little-endian. */
void anshin_put_u32(unsigned char *at, apr_uint32_t value);
void anshin_put_u64(unsigned char *at, apr_uint64_t value);
apr_uint32_t anshin_get_u32(const unsigned char *at);
apr_uint64_t anshin_get_u64(const unsigned char *at);

#endif
