/*
 * store/files/checksum.c against published values.
 */
#include "store/files/checksum.h"
#include "unit/tap.h"

/* Octet by octet no word is read at once: that and each length at each place have to come to the same. */
static int all_lengths_agree(void)
{
    unsigned char octets[80];

    for (unsigned char i = 0; i < sizeof(octets); i++) {
        octets[i] = (unsigned char)(i * 37 + 11);
    }
    for (apr_size_t from = 0; from < 9; from++) {
        apr_uint32_t slowly = 5;

        for (apr_size_t length = 1; from + length <= sizeof(octets); length++) {
            slowly = anshin_crc32c(slowly, octets + from + length - 1, 1);
            if (anshin_crc32c(5, octets + from, length) != slowly) {
                return 0;
            }
        }
    }
    return 1;
}

int main(void)
{
    static const apr_uint64_t key[2] = {0x0706050403020100, 0x0f0e0d0c0b0a0908};
    unsigned char bytes[32];
    unsigned char number[8];

    ok(anshin_crc32c(0, "123456789", 9) == 0xe3069283, "CRC-32C of the usual nine digits");
    memset(bytes, 0, sizeof(bytes));
    ok(anshin_crc32c(0, bytes, 32) == 0x8a9136aa, "of 32 zeros (RFC 3720 B.4)");
    memset(bytes, 0xff, sizeof(bytes));
    ok(anshin_crc32c(0, bytes, 32) == 0x62a8ab43, "of 32 ones (RFC 3720 B.4)");
    ok(anshin_crc32c(anshin_crc32c(0, "1234", 4), "56789", 5) == 0xe3069283, "in two parts");
    ok(anshin_crc32c(7, "", 0) == 7, "of nothing");
    ok(all_lengths_agree(), "of every length at every place, at once and octet by octet");

    for (unsigned char i = 0; i < 16; i++) {
        bytes[i] = i;
    }
    ok(anshin_siphash(key, bytes, 0) == 0x726fdb47dd0e0e31, "SipHash-2-4 of nothing");
    ok(anshin_siphash(key, bytes, 1) == 0x74f839c593dc67fd, "of one octet");
    ok(anshin_siphash(key, bytes, 8) == 0x93f5f5799a932462, "of a whole word");
    ok(anshin_siphash(key, bytes, 15) == 0xa129ca6149be45e5, "of 15 octets, the paper's example");

    anshin_put_u64(number, 0x1122334455667788);
    ok(memcmp(number, "\x88\x77\x66\x55\x44\x33\x22\x11", 8) == 0 && anshin_get_u64(number) == 0x1122334455667788,
       "64 bits are written little-endian and read back");
    anshin_put_u32(number, 0xfedcba98);
    ok(memcmp(number, "\x98\xba\xdc\xfe", 4) == 0 && anshin_get_u32(number) == 0xfedcba98, "32 bits too");
    return done();
}
