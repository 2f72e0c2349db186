#!/usr/bin/python3
# The rules of RFC 5280 (and of DER, X.690) that certlint looks at, and some more that hold for certificates of ours, over
# octets: neither OpenSSL nor what wrote them reads here. certlint itself is a gem that Debian has not.
#
#   certlint.py FILE ...        each is DER: "FILE: OK", or a line for each rule that it breaks; exit code 1 then
#   certlint.py --broken FILE   FILE is good: change octets of it so that each rule is broken once; a line a change,
#                               "NAME: seen" or "NAME: NOT SEEN"
import re
import sys

OID = {
    '2.5.29.14': 'subjectKeyIdentifier', '2.5.29.15': 'keyUsage', '2.5.29.17': 'subjectAltName', '2.5.29.19': 'basicConstraints',
    '2.5.29.31': 'cRLDistributionPoints', '2.5.29.35': 'authorityKeyIdentifier', '2.5.29.37': 'extKeyUsage',
    '1.3.6.1.5.5.7.1.1': 'authorityInfoAccess',
}
CRITICAL = {'keyUsage', 'basicConstraints'}
REQUIRED = {'authorityKeyIdentifier', 'subjectKeyIdentifier', 'keyUsage', 'basicConstraints', 'extKeyUsage'}
# Attribute: most characters (RFC 5280 A.1), kinds of string that it may have (4.1.2.4, A.1).
UTF8, PRINTABLE, IA5 = 12, 19, 22
NAMES = {'2.5.4.3': (64, {UTF8, PRINTABLE}), '2.5.4.10': (64, {UTF8, PRINTABLE}), '2.5.4.11': (64, {UTF8, PRINTABLE}), '2.5.4.6': (2, {PRINTABLE})}
USES = {'1.3.6.1.5.5.7.3.2', '1.3.6.1.5.5.7.3.4', '1.3.6.1.4.1.311.20.2.2', '1.3.6.1.5.2.3.4', '1.3.6.1.5.5.7.3.17'}
ECDSA = {'1.2.840.10045.4.3.2', '1.2.840.10045.4.3.3', '1.2.840.10045.4.3.4'}
RSA_SIGNATURE = {'1.2.840.113549.1.1.11', '1.2.840.113549.1.1.12', '1.2.840.113549.1.1.13'}
ED25519, RSA, EC = '1.3.101.112', '1.2.840.113549.1.1.1', '1.2.840.10045.2.1'
CURVES = {'1.2.840.10045.3.1.7': 32, '1.3.132.0.34': 48}


class Broken(Exception):
    pass


def need(condition, rule):
    if not condition:
        raise Broken(rule)


# --- DER (X.690 10, 11) ---

class Node:
    def __init__(self, octets, at, end):
        need(at + 2 <= end, 'X.690 8.1: a value ends early')
        self.start, self.tag = at, octets[at]
        need(self.tag & 0x1f != 0x1f, 'no tag of ours has a number over 30')
        length = octets[at + 1]
        at += 2
        if length >= 0x80:
            count = length & 0x7f
            need(0 < count <= 3 and at + count <= end, 'X.690 10.1: definite length')
            length = int.from_bytes(octets[at:at + count], 'big')
            need(length >= 0x80 and octets[at] != 0, 'X.690 10.1: the shortest form of a length')
            at += count
        self.at, self.end, self.octets = at, at + length, octets
        need(self.end <= end, 'X.690 8.1: a value is longer than what holds it')
        self.value = octets[self.at:self.end]
        self.whole = octets[self.start:self.end]
        self.parts = self.split() if self.tag & 0x20 else None
        self.check()

    def split(self):
        parts, at = [], self.at
        while at < self.end:
            parts.append(Node(self.octets, at, self.end))
            at = parts[-1].end
        return parts

    def check(self):
        kind, value = self.tag, self.value
        if kind in (0x10, 0x11):
            raise Broken('X.690 8.9: a sequence or set is constructed')
        if kind & 0xe0 == 0x20:
            need(kind in (0x30, 0x31), 'X.690 10.2: strings are primitive')
        if kind == 0x01:
            need(value in (b'\x00', b'\xff'), 'X.690 11.1: TRUE is FF')
        elif kind in (0x02, 0x0a):
            need(value, 'X.690 8.3.1: a number has octets')
            need(len(value) == 1 or not (value[0] == 0 and value[1] < 0x80 or value[0] == 0xff and value[1] >= 0x80),
                 'X.690 8.3.2: the shortest form of a number')
        elif kind == 0x03:
            need(value and value[0] <= 7 and (len(value) > 1 or value[0] == 0), 'X.690 8.6.2: unused bits')
            need(len(value) == 1 or value[-1] & ((1 << value[0]) - 1) == 0, 'X.690 11.2.1: unused bits are 0')
        elif kind == 0x05:
            need(not value, 'X.690 8.8: NULL is empty')
        elif kind == 0x06:
            need(value and value[-1] < 0x80 and not re.search(rb'(?:\A|[\x00-\x7f])\x80', value), 'X.690 8.19: an OID in shortest form')
        elif kind == UTF8:
            try:
                value.decode('utf-8')
            except UnicodeDecodeError:
                raise Broken('RFC 3629: UTF-8') from None
            need(not re.search(rb'[\x00-\x1f\x7f]', value), 'no control characters')
        elif kind == PRINTABLE:
            need(re.fullmatch(rb"[A-Za-z0-9 '()+,./:=?-]*", value), 'X.680 41.4: PrintableString')
        elif kind == IA5:
            need(re.fullmatch(rb'[\x20-\x7e]*', value), 'IA5String without control characters')
        elif kind == 0x17:
            need(re.fullmatch(rb'[0-9]{12}Z', value), 'RFC 5280 4.1.2.5.1: UTCTime with seconds, in Z')
        elif kind == 0x18:
            need(re.fullmatch(rb'[0-9]{14}Z', value), 'RFC 5280 4.1.2.5.2: GeneralizedTime with seconds, in Z, no fractions')
            need(value[:4] >= b'2050', 'RFC 5280 4.1.2.5: UTCTime up to 2049')

    def oid(self):
        need(self.tag == 0x06, 'an OID is expected')
        numbers, number = [], 0
        for octet in self.value:
            number = number << 7 | octet & 0x7f
            if octet < 0x80:
                numbers.append(number)
                number = 0
        first = min(numbers[0] // 40, 2)
        return '.'.join(map(str, [first, numbers[0] - 40 * first] + numbers[1:]))

    def sequence(self, tag=0x30):
        need(self.tag == tag and self.parts is not None, 'RFC 5280 4.1: a %s is expected' % ('sequence' if tag == 0x30 else 'set'))
        return self.parts


def parse(octets):
    node = Node(octets, 0, len(octets))
    need(node.end == len(octets), 'nothing follows')
    return node


# --- parts of a certificate (RFC 5280 4.1) ---

def check_algorithm(node):
    parts = node.sequence()
    oid = parts[0].oid()
    if oid in RSA_SIGNATURE:
        need(len(parts) == 2 and parts[1].tag == 0x05, 'RFC 4055 5: parameters of RSA are NULL')
    else:
        need(oid in ECDSA or oid == ED25519, 'a signature algorithm of ours')
        need(len(parts) == 1, 'RFC 5758 3.2, RFC 8410 3: no parameters')
    return oid


def check_signature(oid, node):
    need(node.tag == 0x03 and node.value[0] == 0, 'a signature is whole octets')
    if oid in ECDSA:
        numbers = parse(node.value[1:]).sequence()
        need(len(numbers) == 2 and all(number.tag == 0x02 and number.value[0] < 0x80 for number in numbers),
             'RFC 3279 2.2.3: a signature of ECDSA is two numbers over 0')
    elif oid == ED25519:
        need(len(node.value) == 65, 'RFC 8410 6: a signature of Ed25519 has 64 octets')


def check_key(node):
    algorithm, key = node.sequence()
    parts = algorithm.sequence()
    need(key.tag == 0x03 and key.value[0] == 0, 'a public key is whole octets')
    oid = parts[0].oid()
    if oid == RSA:
        need(len(parts) == 2 and parts[1].tag == 0x05, 'RFC 3279 2.3.1: parameters of RSA are NULL')
        modulus, exponent = parse(key.value[1:]).sequence()
        need(modulus.value[0] == 0 and len(modulus.value) in (257, 385, 513), 'RSA of 2,048, 3,072 or 4,096 bits')
        need(exponent.value == b'\x01\x00\x01', 'exponent 65537')
    elif oid == EC:
        need(len(parts) == 2 and parts[1].oid() in CURVES, 'RFC 5480 2.1.1: a named curve')
        need(key.value[1] == 4 and len(key.value) == 2 + 2 * CURVES[parts[1].oid()], 'RFC 5480 2.2: an uncompressed point')
    else:
        need(oid == ED25519 and len(parts) == 1 and len(key.value) == 33, 'RFC 8410 3: Ed25519 without parameters, 32 octets')
    return key


def check_name(node, required):
    seen = []
    for rdn in node.sequence():
        pairs = rdn.sequence(0x31)
        need(len(pairs) == 1, 'one attribute an RDN')
        attribute, value = pairs[0].sequence()
        oid = attribute.oid()
        need(oid in NAMES, 'an attribute of ours')
        most, kinds = NAMES[oid]
        need(value.tag in kinds, 'RFC 5280 4.1.2.4: PrintableString or UTF8String')
        need(0 < len(value.value.decode('utf-8')) <= most, 'RFC 5280 A.1: 1 to %d characters' % most)
        seen.append(oid)
    need(len(seen) == len(set(seen)), 'each attribute once')
    need(required in seen, 'RFC 5280 4.1.2.6: a subject that names somebody')


def seconds(node):
    need(node.tag in (0x17, 0x18), 'RFC 5280 4.1.2.5: UTCTime or GeneralizedTime')
    text = node.value.decode('ascii')
    return text if node.tag == 0x18 else ('19' if text >= '50' else '20') + text


# --- extensions (RFC 5280 4.2) ---

def general_names(node, tag, rule):
    for name in node.parts or []:
        need(name.tag == tag and re.fullmatch(rb'[\x21-\x7e]+', name.value), rule)
        yield name.value.decode('ascii')


def check_authority_key(node):
    parts = node.sequence()
    need(len(parts) == 1 and parts[0].tag == 0x80 and len(parts[0].value) == 20, 'RFC 5280 4.2.1.1: keyIdentifier alone')


def check_subject_key(node):
    need(node.tag == 0x04 and len(node.value) == 20, 'RFC 5280 4.2.1.2: 160 bits')


def check_key_usage(node):
    need(node.whole == bytes.fromhex('03020780'), 'RFC 5280 4.2.1.3: digitalSignature alone, no bits behind the last')


def check_alt_name(node):
    names = list(general_names(node, 0x81, 'RFC 5280 4.2.1.6: rfc822Name'))
    need(names and all(re.fullmatch(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]+@[a-z0-9.-]+", name) for name in names),
         'RFC 5280 4.2.1.6: a mailbox')


def check_constraints(node):
    need(node.whole == b'\x30\x00', 'RFC 5280 4.2.1.9: no CA; FALSE is not written (X.690 11.5)')


def check_uses(node):
    uses = [use.oid() for use in node.sequence()]
    need(len(uses) == len(set(uses)) and set(uses) <= USES and '1.3.6.1.5.5.7.3.2' in uses, 'RFC 5280 4.2.1.12: clientAuth, and others of the list')


def check_points(node):
    for point in node.sequence():
        parts = point.sequence()
        need(len(parts) == 1 and parts[0].tag == 0xa0 and len(parts[0].parts) == 1 and parts[0].parts[0].tag == 0xa0,
             'RFC 5280 4.2.1.13: a full name')
        urls = list(general_names(parts[0].parts[0], 0x86, 'RFC 5280 4.2.1.13: a URI'))
        need(urls and all(url.startswith(('http://', 'https://')) for url in urls), 'RFC 5280 4.2.1.13: an http URI')


def check_access(node):
    for description in node.sequence():
        method, location = description.sequence()
        need(method.oid() == '1.3.6.1.5.5.7.48.1' and location.tag == 0x86 and location.value.startswith(b'http'),
             'RFC 5280 4.2.2.1: a URI of OCSP')


CHECKS = {
    'authorityKeyIdentifier': check_authority_key, 'subjectKeyIdentifier': check_subject_key, 'keyUsage': check_key_usage,
    'subjectAltName': check_alt_name, 'basicConstraints': check_constraints, 'extKeyUsage': check_uses,
    'cRLDistributionPoints': check_points, 'authorityInfoAccess': check_access,
}


def check_extensions(node):
    seen = []
    for extension in node.sequence():
        parts = extension.sequence()
        name = OID.get(parts[0].oid())
        need(name is not None, 'an extension of the profile')
        critical = len(parts) == 3
        if critical:
            need(parts[1].whole == b'\x01\x01\xff', 'X.690 11.5: critical is written where it is TRUE')
        need(parts[-1].tag == 0x04, 'an extension is in an OCTET STRING')
        need(critical == (name in CRITICAL), 'RFC 5280 4.2.1: critical where it must be, and not where it should not')
        CHECKS[name](parse(parts[-1].value))
        seen.append(name)
    need(len(seen) == len(set(seen)), 'RFC 5280 4.2: each extension once')
    need(REQUIRED <= set(seen), 'the extensions that each certificate of ours has')


def lint(octets):
    tbs, algorithm, signature = parse(octets).sequence()
    parts = tbs.sequence()
    need(len(parts) == 8, 'RFC 5280 4.1.2.8: no unique identifiers')
    version, serial, inner, issuer, validity, subject, key, extensions = parts
    need(version.whole == bytes.fromhex('a003020102'), 'RFC 5280 4.1.2.1: version 3')
    need(serial.tag == 0x02 and serial.value[0] < 0x80 and serial.value != b'\x00', 'RFC 5280 4.1.2.2: a serial over 0')
    need(len(serial.value) <= 20, 'RFC 5280 4.1.2.2: of 20 octets at most')
    need(inner.whole == algorithm.whole, 'RFC 5280 4.1.1.2: the same algorithm inside and outside')
    check_signature(check_algorithm(algorithm), signature)
    check_name(issuer, '2.5.4.3')
    check_name(subject, '2.5.4.3')
    need(issuer.whole != subject.whole, 'RFC 5280 3.2: not self-issued')
    need(len(validity.sequence()) == 2 and seconds(validity.parts[0]) < seconds(validity.parts[1]), 'RFC 5280 4.1.2.5: an end behind the beginning')
    check_key(key)
    need(extensions.tag == 0xa3 and len(extensions.parts) == 1, 'RFC 5280 4.1.2.9: extensions')
    check_extensions(extensions.parts[0])


def judge(octets):
    try:
        lint(octets)
        return 'OK'
    except Broken as rule:
        return str(rule)
    except (ValueError, IndexError, TypeError, UnicodeDecodeError) as odd:
        return 'not the structure of RFC 5280 4.1 (%s)' % odd


# --- each rule broken once: octets in hexadecimal that become others of the same length, and a word of the rule ---
# BEGIN and END are the first digits of the years; long enough that no key and no signature has the same by chance.

BREAKS = [
    ('version 2', 'a003020102', 'a003020101', 'version 3'),
    ('serial negative', '020101300a06', '0201ff300a06', 'serial'),
    ('serial 0', '020101300a06', '020100300a06', 'serial'),
    ('another algorithm inside', '300a06082a8648ce3d040302', '300a06082a8648ce3d040303', 'inside'),
    ('UTCTime in a zone', '5a170dEND', '2b170dEND', 'UTCTime'),
    ('UTCTime with a letter', '301e170dBEGIN', '301e170d41', 'UTCTime'),
    ('an end before the beginning', '5a170dEND', '5a170d30', 'beginning'),
    ('GeneralizedTime for UTCTime', '301e170d', '301e180d', 'GeneralizedTime'),
    ('TeletexString', '0c09e4bc9ae593a1', '1409e4bc9ae593a1', 'PrintableString or UTF8String'),
    ('PrintableString with a letter of another script', '0c09e4bc9ae593a1', '1309e4bc9ae593a1', 'PrintableString'),
    ('a name that is not UTF-8', 'e4bc9ae593a1', 'e4bcffe593a1', 'UTF-8'),
    ('a name with a line feed', 'e4bc9ae593a1', '0abc9ae593a1', 'UTF-8'),
    ('a control character in a name', '4f3d412b', '4f3d072b', 'control'),
    ('an attribute that is not ours', '060355040b', '060355040d', 'attribute of ours'),
    ('O twice', '060355040b', '060355040a', 'attribute once'),
    ('no CN', '0603550403', '060355040b', 'names somebody'),
    ('a point that is compressed', '03420004', '03420002', 'uncompressed'),
    ('another curve', '06082a8648ce3d030107', '06082a8648ce3d030101', 'curve'),
    ('a key with unused bits', '03420004', '03420104', 'whole octets|bits are 0'),
    ('critical keyUsage not marked', '0603551d0f0101ff', '0603551d0f010100', 'critical'),
    ('TRUE that is not FF', '0603551d0f0101ff', '0603551d0f010101', 'TRUE'),
    ('keyUsage keyCertSign', '03020780', '03020704', 'bits are 0'),
    ('keyUsage with bits behind the last', '03020780', '03020680', 'digitalSignature'),
    ('keyUsage keyEncipherment', '03020780', '030205a0', 'digitalSignature'),
    ('extendedKeyUsage serverAuth', '06082b06010505070302', '06082b06010505070301', 'clientAuth'),
    ('extendedKeyUsage code signing', '06082b06010505070304', '06082b06010505070303', 'clientAuth'),
    ('extendedKeyUsage twice', '06082b06010505070304', '06082b06010505070302', 'clientAuth'),
    ('the name of a server', '810f7461726f', '820f7461726f', 'rfc822Name'),
    ('an address without @', '7461726f40', '7461726f2e', 'mailbox'),
    ('an address with a space', '7461726f40', '7420726f40', 'rfc822Name'),
    ('an unknown extension', '0603551d1f', '0603551d20', 'extension of the profile'),
    ('an extension twice', '0603551d23', '0603551d0e', '160 bits'),
    ('a file URL of the CRL', '687474703a2f2f7777772e6578616d706c652e6a702f63726c', '66696c653a2f2f7777772e6578616d706c652e6a702f63726c', 'http URI'),
    ('a URL of the CRL that is a DNS name', '86246874', '82246874', 'URI'),
    ('issuers for OCSP', '06082b06010505073001', '06082b06010505073002', 'OCSP'),
    ('a long form of a length', '04023000', '04023081', 'X.690'),
]


def show_broken(path):
    with open(path, 'rb') as file:
        good = file.read()
    seen = judge(good) == 'OK'
    print('the certificate as it is:', 'seen' if seen else 'NOT SEEN ' + judge(good))
    dates = re.search(rb'\x30\x1e\x17\x0d(.).{11}Z\x17\x0d(.)', good, re.DOTALL)
    digits = {'BEGIN': dates.group(1).hex(), 'END': dates.group(2).hex()}
    for name, before, after, word in BREAKS:
        before, after = (bytes.fromhex(re.sub('BEGIN|END', lambda match: digits[match.group()], text)) for text in (before, after))
        places = [match.start() for match in re.finditer(re.escape(before), good)]
        said = [judge(good[:at] + after + good[at + len(before):]) for at in places]
        hit = any(re.search(word, one) for one in said) and 'OK' not in said
        print('%s: %s' % (name, 'seen' if hit else 'NOT SEEN %s' % said))
        seen = seen and hit
    cut = all(judge(good[:length]) != 'OK' for length in range(len(good)))
    print('cut at each octet:', 'seen' if cut else 'NOT SEEN')
    print('an octet behind it:', 'seen' if judge(good + b'\0') == 'nothing follows' else 'NOT SEEN')
    return seen and cut


if sys.argv[1] == '--broken':
    sys.exit(0 if show_broken(sys.argv[2]) else 1)
good = True
for path in sys.argv[1:]:
    with open(path, 'rb') as file:
        said = judge(file.read())
    print('%s: %s' % (path, said))
    good = good and said == 'OK'
sys.exit(0 if good else 1)
