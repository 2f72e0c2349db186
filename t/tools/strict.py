#!/usr/bin/python3
# Read what we encode by a reader that is not OpenSSL and asks for DER to the letter: the Rust parsers of
# python3-cryptography. strict.py certificate|crl|ocsp FILE ...: exit code 0 when all of each FILE, which is DER, is readable.
import sys

from cryptography import x509
from cryptography.x509 import ocsp

READERS = {
    'certificate': x509.load_der_x509_certificate,
    'crl': x509.load_der_x509_crl,
    'ocsp': ocsp.load_der_ocsp_response,
}


def read(kind, path):
    with open(path, 'rb') as file:
        read = READERS[kind](file.read())
    for extension in read.extensions:    # each is parsed when it is asked for
        assert extension.value is not None
    if kind == 'certificate':
        assert read.version == x509.Version.v3 and read.serial_number > 0
        assert read.issuer.rdns is not None and read.subject.rdns is not None and read.public_key() is not None
        assert read.not_valid_before < read.not_valid_after
    elif kind == 'crl':
        assert read.issuer.rdns is not None and read.last_update < read.next_update
        for entry in read:
            assert entry.serial_number > 0 and all(extension.value is not None for extension in entry.extensions)
    else:
        for single in read.responses if hasattr(read, 'responses') else [read]:
            assert single.serial_number > 0 and single.this_update is not None


for path in sys.argv[2:]:
    read(sys.argv[1], path)
    print(path + ': OK')
