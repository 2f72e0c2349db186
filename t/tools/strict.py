#!/usr/bin/python3
# Read what we encode by a reader that is not OpenSSL and asks for DER to the letter: the Rust parsers of
# python3-cryptography. strict.py certificate|crl|ocsp FILE: exit code 0 when all of FILE, which is DER, is readable.
import sys

from cryptography import x509
from cryptography.x509 import ocsp

READERS = {
    'certificate': x509.load_der_x509_certificate,
    'crl': x509.load_der_x509_crl,
    'ocsp': ocsp.load_der_ocsp_response,
}

with open(sys.argv[2], 'rb') as file:
    read = READERS[sys.argv[1]](file.read())
for extension in read.extensions:        # each is parsed when it is asked for
    assert extension.value is not None
if sys.argv[1] == 'certificate':
    assert read.version == x509.Version.v3 and read.serial_number > 0
    assert read.issuer.rdns is not None and read.subject.rdns is not None and read.public_key() is not None
    assert read.not_valid_before < read.not_valid_after
elif sys.argv[1] == 'crl':
    assert read.issuer.rdns is not None and read.last_update < read.next_update
    for entry in read:
        assert entry.serial_number > 0 and all(extension.value is not None for extension in entry.extensions)
else:
    for single in read.responses if hasattr(read, 'responses') else [read]:
        assert single.serial_number > 0 and single.this_update is not None
print(sys.argv[1], 'read')
