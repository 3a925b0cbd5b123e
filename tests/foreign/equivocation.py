"""Two signed checkpoints of one log that contradict each other: section 12 of docs/FORMAT.md."""

from __future__ import annotations

import re
from dataclasses import replace

from cbor import Bad, need
from container import consistent
from signing import Checkpoint, Vkey, decode64

LIMIT = 137 * 1024


def checkpoint(note: str) -> Checkpoint:
    """Reads the checkpoint of any log: of size 0 too, and with further lines that are signed."""
    text, empty, signatures = note.partition("\n\n")
    need(empty != "", "no empty line")
    lines = text.split("\n")
    need(len(lines) >= 3, "fewer than three lines")
    need(bool(re.fullmatch("0|[1-9][0-9]{0,18}", lines[1])), "no size")
    # What the parser of ledgers refuses stands in for nothing: only its signatures count here.
    plain = "\n".join([lines[0], "1", lines[2]]) + "\n\n" + signatures
    need(len(note.encode()) <= 65_536, "the note is too long")
    need(not re.search(r"[\x00-\x09\x0b-\x1f]", note), "the note holds control characters")
    read = Checkpoint.parse(plain)
    signed = (text + "\n").encode()
    return Checkpoint(read.origin, int(lines[1]), read.root, signed, read.lines)


def verdict(data: bytes, pins: list[Vkey]) -> str:
    """Says whether a text is an equivocation, by a key that is pinned."""
    try:
        key, root, path, small, large = read(data)
    except (Bad, ValueError):
        return "unrecognised"
    for note in (small, large):
        signatures = note.signatures_of(key)
        if not signatures or not all(note.line_holds(key, s) for s in signatures):
            return "not-proven"
    if root is not None:
        there = replace(small, root=root)
        if small.size == 0 or not consistent(there, large, path):
            return "not-proven"
    contradict = small.root != (large.root if root is None else root)
    one_log = small.origin == large.origin
    return "proven" if contradict and one_log and key in pins else "not-proven"


def read(data: bytes) -> tuple[Vkey, bytes | None, list[bytes], Checkpoint, Checkpoint]:
    need(len(data) <= LIMIT, "too long")
    head, _, rest = data.decode().partition("\n\n")
    first, second, *lines = head.split("\n")
    need(first == "tally-equivocation/v1", "another first line")
    need(second.startswith("key ") and len(second.encode()) < 1024, "no key")
    key = Vkey.parse(second[4:], 1)
    root, path = None, []
    if lines:
        need(lines[0].startswith("root "), "no root")
        root, *path = [decode64(line) for line in [lines[0][5:], *lines[1:]]]
        need(all(len(h) == 32 for h in [root, *path]) and len(path) <= 63, "no hashes")
    text, _, rest = rest.partition("\n\n")
    signatures, between, last = rest.partition("\n\n")
    need(between != "", "one note")
    small, large = checkpoint(f"{text}\n\n{signatures}\n"), checkpoint(last)
    fits = small.size == large.size if root is None else small.size < large.size
    need(fits, "the sizes do not fit")
    return key, root, path, small, large
