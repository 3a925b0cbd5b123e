#!/usr/bin/env python3
"""Verifies and makes COSE Receipts with the package `scitt-cose`, which knows nothing of Tally.

    scitt_receipts.py FOLDER

The folder holds `ledger.vkey` and transparent statements, `N.cose`, whose receipts name the
algorithm EdDSA: the package knows no other name of Ed25519. Each receipt must verify under that key
for the bytes of its entry, and be refused for altered bytes, with an altered signature and under
another key. Then a log of the package's own, with a key of its own, takes in the same entries; its
receipts are written to `foreign/N.cose`, with its vkey and the checkpoint that they need.
"""

from __future__ import annotations

import sys
from base64 import b64encode
from pathlib import Path

import cbor2
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from scitt_cose import merkle
from scitt_cose.cose_sign1 import sign_sign1
from scitt_cose.receipt import verify_receipt
from scitt_cose.statement import attach_receipts, extract_receipts
from signing import Vkey, thumbprint

TREE, PROOFS, INCLUSION, RFC9162_SHA256, EDDSA = 395, 396, -1, 1, -8


def pem(key: Ed25519PublicKey) -> bytes:
    return key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def entry_of(statement: bytes) -> bytes:
    """The entry that a transparent statement is without its receipts."""
    protected, _, payload, signature = cbor2.loads(statement).value
    return cbor2.dumps(cbor2.CBORTag(18, [protected, {}, payload, signature]))


def flipped(data: bytes, at: int) -> bytes:
    return data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]


def verified(receipt: bytes, entry: bytes, key: Ed25519PublicKey) -> bool:
    result = verify_receipt(receipt, leaf_entry_hex=entry.hex(), log_public_key_pem=pem(key))
    return bool(result.ok)


def check(statement: bytes, origin: str, key: Ed25519PublicKey) -> bytes:
    """Verifies a statement's receipt, and returns the entry."""
    entry = entry_of(statement)
    [receipt] = extract_receipts(statement)
    result = verify_receipt(receipt, leaf_entry_hex=entry.hex(), log_public_key_pem=pem(key))
    assert result.ok, result.errors
    assert (result.issuer, result.subject) == (origin, origin), result
    assert not verified(receipt, flipped(entry, len(entry) // 2), key), "an altered entry"
    assert not verified(flipped(receipt, len(receipt) - 1), entry, key), "an altered signature"
    assert not verified(receipt, entry, Ed25519PrivateKey.generate().public_key()), "another key"
    return entry


def note(origin: str, size: int, root: bytes, key: Ed25519PrivateKey, vkey: Vkey) -> str:
    """A checkpoint (C2SP tlog-checkpoint)."""
    text = f"{origin}\n{size}\n{b64encode(root).decode()}\n"
    signature = b64encode(vkey.id + key.sign(text.encode())).decode()
    return f"{text}\n\u2014 {origin} {signature}\n"


def issue(folder: Path, origin: str, entries: dict[int, bytes]) -> None:
    """Takes the entries into a log of its own, where others stand in the other places."""
    folder.mkdir()
    key = Ed25519PrivateKey.generate()
    public = key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    size = max(entries) + 2
    leaves = [entries.get(at, b"another %d" % at).hex() for at in range(size)]
    root = bytes.fromhex(merkle.merkle_root(leaves))
    header = {1: EDDSA, 4: thumbprint(public), 15: {1: origin, 2: origin}, TREE: RFC9162_SHA256}
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    for at, entry in entries.items():
        path = [bytes.fromhex(node) for node in merkle.inclusion_proof(leaves, at)]
        proofs = {PROOFS: {INCLUSION: [cbor2.dumps([size, at, path])]}}
        receipt = sign_sign1(
            root,
            alg="EdDSA",
            private_key_pem=private,
            protected=header,
            unprotected=proofs,
            detached=True,
        )
        (folder / f"{at}.cose").write_bytes(attach_receipts(entry, [receipt]))
    vkey = Vkey(origin, 1, public)
    encoded = b64encode(b"\x01" + public).decode()
    (folder / "ledger.vkey").write_text(f"{origin}+{vkey.id.hex()}+{encoded}\n", "utf-8")
    (folder / "checkpoint").write_text(note(origin, size, root, key, vkey), "utf-8")


def main(folder: Path) -> int:
    vkey = Vkey.parse((folder / "ledger.vkey").read_text("utf-8").strip(), 1)
    key = Ed25519PublicKey.from_public_bytes(vkey.key)
    statements = {int(path.stem): path.read_bytes() for path in sorted(folder.glob("*.cose"))}
    entries = {at: check(statement, vkey.name, key) for at, statement in statements.items()}
    assert entries, "no statements"
    issue(folder / "foreign", vkey.name, entries)
    print(f"{len(entries)} receipts verified, {3 * len(entries)} altered ones refused")
    return 0


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    sys.exit(main(Path(sys.argv[1])))
