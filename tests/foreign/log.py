"""A log that shares no code with the project, put before a witness.

It signs checkpoints with a line of extension, submits them to the witness at ADDRESS by what C2SP
tlog-witness says, and checks each cosignature by what C2SP tlog-cosignature says.

    log.py vkey                      prints the vkey of the log
    log.py submit ADDRESS VKEY       submits, VKEY being that of the witness
"""

import base64
import hashlib
import http.client
import struct
import sys

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

ORIGIN = "log.example/foreign"
KEY = Ed25519PrivateKey.from_private_bytes(b"\x07" * 32)
PUBLIC = KEY.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
KEY_ID = hashlib.sha256(ORIGIN.encode() + b"\n\x01" + PUBLIC).digest()[:4]
LEAVES = [hashlib.sha256(b"\0leaf %d" % n).digest() for n in range(70)]


def encoded(data):
    return base64.b64encode(data).decode()


def root(leaves):
    if not leaves:
        return hashlib.sha256(b"").digest()
    if len(leaves) == 1:
        return leaves[0]
    half = 1 << (len(leaves) - 1).bit_length() - 1
    return hashlib.sha256(b"\1" + root(leaves[:half]) + root(leaves[half:])).digest()


def proof(old, leaves, whole=True):
    """PROOF and SUBPROOF of RFC 6962, section 2.1.2."""
    if old == len(leaves):
        return [] if whole else [root(leaves)]
    half = 1 << (len(leaves) - 1).bit_length() - 1
    if old <= half:
        return proof(old, leaves[:half], whole) + [root(leaves[half:])]
    return proof(old - half, leaves[half:], False) + [root(leaves[:half])]


def request(old, size):
    text = f"{ORIGIN}\n{size}\n{encoded(root(LEAVES[:size]))}\nextension {size}\n"
    line = f"\u2014 {ORIGIN} {encoded(KEY_ID + KEY.sign(text.encode()))}\n"
    hashes = proof(old, LEAVES[:size]) if old else []
    lines = "".join(encoded(each) + "\n" for each in hashes)
    return text, f"old {old}\n{lines}\n{text}\n{line}"


def ask(address, body):
    connection = http.client.HTTPConnection(address.removeprefix("http://"), timeout=20)
    connection.request("POST", "/add-checkpoint", body.encode())
    answer = connection.getresponse()
    return answer.status, answer.getheader("content-type"), answer.read().decode()


def check(vkey, text, answered):
    name, key_id, key = vkey.split("+", 2)
    key = base64.b64decode(key)
    assert key[0] == 4
    dash, signer, signature = answered.removesuffix("\n").split(" ")
    signature = base64.b64decode(signature)
    assert (dash, signer, signature[:4].hex()) == ("\u2014", name, key_id), answered
    time = struct.unpack(">Q", signature[4:12])[0]
    message = f"cosignature/v1\ntime {time}\n{text}".encode()
    Ed25519PublicKey.from_public_bytes(key[1:]).verify(signature[12:], message)


def submit(address, vkey):
    known = cosigned = 0
    for size in (0, 0, 1, 2, 3, 4, 7, 8, 9, 64, 70):
        text, body = request(known, size)
        status, media_type, answered = ask(address, body)
        assert status == 200, (size, status, answered)
        check(vkey, text, answered)
        known, cosigned = size, cosigned + 1
    assert ask(address, request(3, 70)[1]) == (409, "text/x.tlog.size", "70\n")
    print(f"{cosigned} checkpoints cosigned")


if sys.argv[1] == "vkey":
    print(f"{ORIGIN}+{KEY_ID.hex()}+{encoded(bytes([1]) + PUBLIC)}")
else:
    submit(sys.argv[2], sys.argv[3])
