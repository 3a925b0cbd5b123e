"""Proofs in files of their own: section 23 of docs/FORMAT.md."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from cbor import Bad, byte_string, head, item, need, sha256, string, whole_item
from container import consistent, included
from shapes import is_origin, payload_members
from signing import Checkpoint, Policy, Vkey, decode64, holds, thumbprint

INCLUSION = b"c2sp.org/tlog-proof@v1"
CONSISTENCY = b"old "
RECEIPT = b"\xd2\x84"
ENTRY_MAX, RECEIPT_MAX = 65_535, 4096


@dataclass
class Known:
    """What the verifier has from elsewhere."""

    vkeys: list[Vkey]
    policy: Policy | None
    seen: list[Checkpoint] = field(default_factory=list)

    def at(self, origin: str, size: int) -> Checkpoint | None:
        found = (note for note in self.seen if (note.origin, note.size) == (origin, size))
        return next(found, None)

    def agree(self, origin: str) -> bool:
        """Whether all checkpoints seen before can be met by one ledger of that origin."""
        roots = {(note.size, note.root) for note in self.seen}
        own = all(note.origin == origin for note in self.seen)
        return own and len(roots) == len({size for size, _ in roots})


class Failed(Exception):
    """A check that fails."""


class Open(Exception):
    """The check that decides, if it cannot be made."""


def recognised(data: bytes) -> bool:
    return data.startswith((INCLUSION, CONSISTENCY, RECEIPT))


def verdict(data: bytes, known: Known) -> tuple[str, str | None]:
    """Says what a proof comes to, and the check that decides if it does not hold."""
    try:
        if data.startswith(INCLUSION):
            pinned = inclusion(data, known)
        elif data.startswith(CONSISTENCY):
            pinned = consistency(data, known)
        else:
            pinned = receipt(data, known)
    except Failed as failed:
        return "failed", str(failed)
    except Open as left:
        return "not-checked", str(left)
    return ("holds" if pinned else "consistent-with-itself"), None


def check(name: str, condition: object) -> None:
    if not condition:
        raise Failed(name)


# ------------------------------------------------------------------------ texts


def inclusion(data: bytes, known: Known) -> bool:
    entry, index, path, note = formed(read_inclusion, data)
    check("pins", known.agree(note.origin))
    carried(entry, note.origin, index)
    check("inclusion", included(sha256(b"\x00", entry), index, note.size, path, note.root))
    return vouched(note, known, entry)


def read_inclusion(data: bytes) -> tuple[bytes, int, list[bytes], Checkpoint]:
    first, extra, index, rest = data.decode().split("\n", 3)
    need(first.encode() == INCLUSION, "another first line")
    need(extra.startswith("extra "), "no line extra")
    entry = decode64(extra[6:])
    need(0 < len(entry), "no entry")
    number = re.fullmatch("index (0|[1-9][0-9]{0,19})", index)
    need(number, "no line index")
    path, note = hashes_and_note(rest)
    return entry, int(number[1]) if number else 0, path, note


def consistency(data: bytes, known: Known) -> bool:
    old, path, note = formed(read_consistency, data)
    check("pins", known.agree(note.origin))
    seen = known.at(note.origin, old)
    if seen is not None:
        check("consistency", grown(seen, note, path))
    pinned = vouched(note, known, None)
    if seen is None:
        raise Open("consistency")
    return pinned


def read_consistency(data: bytes) -> tuple[int, list[bytes], Checkpoint]:
    first, rest = data.decode().split("\n", 1)
    number = re.fullmatch("old (0|[1-9][0-9]{0,19})", first)
    need(number, "no line old")
    path, note = hashes_and_note(rest)
    old = int(number[1]) if number else 0
    need(1 <= old <= note.size, "an old size that is none")
    return old, path, note


def hashes_and_note(text: str) -> tuple[list[bytes], Checkpoint]:
    lines, empty, note = ("\n" + text).partition("\n\n")
    need(empty != "", "no empty line")
    path = [decode64(line) for line in lines.split("\n")[1:]]
    need(len(path) <= 63 and all(len(h) == 32 for h in path), "lines that are no hashes")
    return path, Checkpoint.parse(note)


# ------------------------------------------------------------------------ receipts


@dataclass
class Root:
    """What a receipt signs."""

    origin: str
    kid: bytes
    protected: bytes
    signature: bytes


def receipt(data: bytes, known: Known) -> bool:
    _, unprotected, _, _ = formed(parts, data)
    if 394 in unprotected:
        return statement(data, known)
    root, first, second, path = formed(read_receipt, data, -2)
    check("pins", known.agree(root.origin))
    small, large = known.at(root.origin, first), known.at(root.origin, second)
    if small is None or large is None:
        raise Open("consistency")
    check("consistency", grown(small, large, path))
    return received(root, large, known, None)


def statement(data: bytes, known: Known) -> bool:
    entry, root, size, index, path = formed(read_statement, data)
    check("pins", known.agree(root.origin))
    carried(entry, root.origin, index)
    note = known.at(root.origin, size)
    if note is None:
        raise Open("inclusion")
    check("inclusion", included(sha256(b"\x00", entry), index, note.size, path, note.root))
    return received(root, note, known, entry)


def read_statement(data: bytes) -> tuple[bytes, Root, int, int, list[bytes]]:
    protected, unprotected, content, signature = parts(data)
    receipts = unprotected.get(394)
    need(len(unprotected) == 1 and type(receipts) is list and len(receipts) == 1, "one receipt")
    need(type(receipts[0]) is bytes, "a receipt that is no byte string")
    need(content is not None, "an entry without a payload")
    root, size, index, path = read_receipt(receipts[0], -1)
    # With the empty map in its place, the bytes are those of the entry.
    strings = [byte_string(part) for part in (protected, content or b"", signature)]
    entry = RECEIPT + strings[0] + b"\xa0" + strings[1] + strings[2]
    return entry, root, size, index, path


def parts(data: bytes) -> tuple[bytes, dict[int, Any], bytes | None, bytes]:
    """The four parts of a COSE_Sign1."""
    need(data.startswith(RECEIPT), "no COSE_Sign1")
    protected, at = one_string(data, 2)
    unprotected, at = item(data, at, int)
    need(type(unprotected) is dict, "an unprotected header that is no map")
    content = None
    if data[at : at + 1] == b"\xf6":
        at += 1
    else:
        content, at = one_string(data, at)
    signature, at = one_string(data, at)
    need(len(signature) == 64 and at == len(data), "no signature of 64 bytes at the end")
    return protected, unprotected, content, signature


def one_string(data: bytes, at: int) -> tuple[bytes, int]:
    major, length, at = head(data, at)
    need(major == 2, "a part that is no byte string")
    return string(data, at, length)


def read_receipt(data: bytes, sort: int) -> tuple[Root, int, int, list[bytes]]:
    need(len(data) <= RECEIPT_MAX, "too long")
    protected, unprotected, content, signature = parts(data)
    need(content is None, "an attached root")
    proofs = unprotected.get(396)
    need(len(unprotected) == 1 and type(proofs) is dict and len(proofs) == 1, "proofs")
    proof = proofs.get(sort)
    need(type(proof) is list and len(proof) == 1 and type(proof[0]) is bytes, "one proof")
    first, second, path = three(whole_item(proof[0]))
    header = whole_item(protected, int)
    need(type(header) is dict and set(header) == {1, 4, 15, 395}, "another protected header")
    need(header[1] in (-8, -19) and header[395] == 1, "another algorithm")
    need(type(header[4]) is bytes and len(header[4]) == 32, "no kid")
    claims = header[15]
    need(type(claims) is dict and set(claims) == {1, 2}, "other claims")
    need(claims[1] == claims[2] and is_origin(claims[1]), "claims that are no origin")
    return Root(claims[1], header[4], protected, signature), first, second, path


def three(value: Any) -> tuple[int, int, list[bytes]]:
    need(type(value) is list and len(value) == 3, "no proof")
    first, second, path = value
    need(all(type(n) is int and n >= 0 for n in (first, second)), "no sizes")
    need(type(path) is list and 1 <= len(path) <= 63, "no path")
    need(all(type(h) is bytes and len(h) == 32 for h in path), "a path of other things")
    return first, second, path


def received(root: Root, note: Checkpoint, known: Known, entry: bytes | None) -> bool:
    logs = known.vkeys + (known.policy.logs if known.policy else [])
    keys = [vkey.key for vkey in logs if vkey.name == root.origin]
    if keys:
        key = next((key for key in keys if thumbprint(key) == root.kid), None)
        message = b"\x84\x6aSignature1" + byte_string(root.protected) + b"\x40\x58\x20" + note.root
        check("receipt", key is not None and holds(key, root.signature, message))
    pinned = vouched(note, known, entry)
    if not keys:
        raise Open("receipt")
    return pinned


# ------------------------------------------------------------------------ what all have


def formed(read: Any, *given: Any) -> Any:
    try:
        return read(*given)
    except (Bad, ValueError) as error:
        raise Failed("form") from error


def grown(old: Checkpoint, new: Checkpoint, path: list[bytes]) -> bool:
    if old.size == new.size:
        return not path and old.root == new.root
    return old.size < new.size and consistent(old, new, path)


def carried(entry: bytes, origin: str, index: int) -> None:
    """The steps `size` to `payload-members`, the origin and the place."""
    try:
        need(len(entry) <= ENTRY_MAX, "too long")
        protected, unprotected, content, _ = parts(entry)
        need(unprotected == {} and content is not None, "no entry")
        header, payload = whole_item(protected, int), whole_item(content or b"")
        need(type(header) is dict and set(header) == {1, 3, 4, 15}, "another header")
        need(header[1] == -19, "another algorithm")
        need(header[3] == "application/vnd.tally.entry.v1+cbor", "another content type")
        need(type(header[4]) is bytes and len(header[4]) == 32, "no kid")
        need(type(header[15]) is dict and set(header[15]) == {1, 2}, "other claims")
        need(type(header[15][2]) is str, "no subject")
        payload_members(payload)
        need(header[15][1] == origin and payload["seq"] == index, "of another place")
    except (Bad, ValueError) as error:
        raise Failed("entry") from error


def vouched(note: Checkpoint, known: Known, entry: bytes | None) -> bool:
    """Holds a checkpoint against what is known; says whether that vouches for its root."""
    logs = known.policy.logs if known.policy else []
    witnesses = list(known.policy.witnesses.values()) if known.policy else []
    for vkey in [*known.vkeys, *logs, *witnesses]:
        check("signature", all(note.line_holds(vkey, s) for s in note.signatures_of(vkey)))

    def signs(vkey: Vkey) -> bool:
        return vkey.name == note.origin and bool(note.signatures_of(vkey))

    check("signature", all(signs(vkey) for vkey in known.vkeys))
    check("signature", not logs or any(signs(vkey) for vkey in logs))
    if known.policy and known.policy.quorum != "none":
        check("cosignatures", known.policy.witnessed(note) is not None)
    same = [s for s in known.seen if (s.origin, s.size) == (note.origin, note.size)]
    check("pins", all(s.root == note.root for s in same))
    return bool(known.vkeys or logs or same)
