#!/usr/bin/env python3
"""Verifies the entries of a bundle as what they are to everybody else: COSE_Sign1 messages.

    cose_cwt.py BUNDLE

The signatures are verified by the package `cwt`, which knows nothing of Tally. The bundle is read
with `cbor2`, on which it rests. The keys are those that genesis and the entries of kind
`ledger.key` grant. Each entry must verify under the key that its `kid` names, give back its
payload, and be refused once one bit of the payload is flipped. The exit status is 0 if all did.
"""

from __future__ import annotations

import io
import sys
from hashlib import sha256
from pathlib import Path
from typing import Any

import cbor2
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cwt import COSE, COSEKey
from cwt.cose_key_interface import COSEKeyInterface
from cwt.exceptions import VerifyError

KID = 4


def entries(bundle: bytes) -> dict[int, bytes]:
    """The entries of a bundle by their positions, without those withheld."""
    stream = io.BytesIO(bundle)
    decoder = cbor2.CBORDecoder(stream)
    size = int(decoder.decode()["checkpoints"][-1].split("\n")[1])
    items = {seq: decoder.decode() for seq in range(size)}
    return {seq: item for seq, item in items.items() if len(item) != 32}


def granted(payload: dict[str, Any]) -> list[bytes]:
    """The public keys that an entry grants."""
    body = payload["body"]
    if payload["kind"] == "ledger.genesis":
        keys = body["keys"]
    elif payload["kind"] == "ledger.key" and "key" in body:
        keys = [body["key"], *body.get("granted", [])]
    else:
        keys = []
    return [key["key"] for key in keys]


def thumbprint(public: bytes) -> bytes:
    """What RFC 9679 calls a key."""
    return sha256(cbor2.dumps({1: 1, -1: 6, -2: public}, canonical=True)).digest()


def cose_key(public: bytes) -> COSEKeyInterface:
    """A key for `cwt`, under its thumbprint."""
    pem = Ed25519PublicKey.from_public_bytes(public).public_bytes(
        Encoding.PEM, PublicFormat.SubjectPublicKeyInfo
    )
    return COSEKey.from_pem(pem, alg="Ed25519", kid=thumbprint(public))


def main(path: Path) -> int:
    keys: dict[bytes, COSEKeyInterface] = {}
    cose = COSE.new()
    all_entries = entries(path.read_bytes())
    for seq, entry in all_entries.items():
        protected, _, content, _ = cbor2.loads(entry).value
        for public in granted(cbor2.loads(content)):
            keys[thumbprint(public)] = cose_key(public)
        kid = cbor2.loads(protected)[KID]
        if cose.decode(entry, keys[kid]) != content:
            print(f"entry {seq}: the payload that was verified is another")
            return 1
        at = entry.index(content) + len(content) // 2
        tampered = entry[:at] + bytes([entry[at] ^ 1]) + entry[at + 1 :]
        try:
            cose.decode(tampered, keys[kid])
        except VerifyError:
            continue
        print(f"entry {seq}: verifies although its payload was altered")
        return 1
    print(f"{len(all_entries)} entries verified, {len(all_entries)} altered ones refused")
    return 0 if all_entries else 1


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    sys.exit(main(Path(sys.argv[1])))
