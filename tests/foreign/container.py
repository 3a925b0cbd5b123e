"""Bundles and extracts: their items, and the tree over their entries (12, 14, 15, 16)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from cbor import Bad, head, item, need, sha256, string
from shapes import NEWER, RESERVED, array, check, digest, feed_id, positive, record, text, uint
from signing import Checkpoint

FIRST_ITEM_MAX = 16_777_216
ENTRY_MAX = 65_535
PATH_MAX = 64


class Fault(Exception):
    """The ledger fails verification: a code of section 16, a place if it has one, and why."""

    def __init__(self, code: str, seq: int | None, message: str) -> None:
        super().__init__(message)
        self.code, self.seq, self.message = code, seq, message


def recognised(data: bytes) -> bool:
    """Whether a file is a bundle or an extract, good or bad."""
    return data[1:7] in (b"etally", b"efeeds") and 0xA0 <= data[0] <= 0xBF


@dataclass
class Item:
    """An entry, or the id of one withheld; in an extract with its path and perhaps its seq."""

    content: bytes
    withheld: bool
    path: list[bytes] = field(default_factory=list)
    seq: int | None = None


@dataclass
class Container:
    """A bundle or an extract whose first item was read; `at` is where the next item begins."""

    data: bytes
    at: int
    entries: int
    checkpoints: list[Checkpoint]
    evidence: list[tuple[bytes, int]]
    # Of an extract only: the listed feeds, and a proof for each checkpoint.
    feeds: set[str] | None = None
    proofs: list[list[bytes]] = field(default_factory=list)

    @property
    def last(self) -> Checkpoint:
        return self.checkpoints[-1]

    @staticmethod
    def open(data: bytes) -> Container:
        """Reads the first item: step `container`."""
        try:
            first, at = item(data, 0)
            need(at <= FIRST_ITEM_MAX, f"the first item has {at} bytes")
            need(type(first) is dict, "the first item is not a map")
            if type(first.get("version")) is int and first["version"] != 1:
                raise Bad(f"the version is {first['version']}: {NEWER}")
            if first.get("tally") == "extract":
                container = open_extract(data, at, first)
            else:
                container = open_bundle(data, at, first)
            sizes = [checkpoint.size for checkpoint in container.checkpoints]
            need(ascends(sizes), "the sizes of the checkpoints do not ascend")
            hashes = [hash_ for hash_, _ in container.evidence]
            need(ascends(hashes), "the hashes of the evidence do not ascend")
        except Bad as error:
            raise Fault("container", None, str(error)) from error
        return container

    def next_item(self, place: int) -> Item:
        """Reads the item at a place: step `item`, and of `size` what concerns its head."""
        try:
            return self.bundle_item(place) if self.feeds is None else self.extract_item(place)
        except Bad as error:
            raise Fault("item", place, str(error)) from error

    def bundle_item(self, place: int) -> Item:
        major, length, at = head(self.data, self.at)
        need(major == 2, "the item is not a byte string")
        if length > ENTRY_MAX:
            raise Fault("size", place, f"the entry has {length} bytes")
        content, self.at = string(self.data, at, length)
        return Item(content, length == 32)

    def extract_item(self, place: int) -> Item:
        major, count, at = head(self.data, self.at)
        need(major == 4 and count in (2, 3), "the item is not an array of two or three")
        major, length, at = head(self.data, at)
        need(major == 2, "the first element of the item is not a byte string")
        need(count == 2 or length == 32, "the id of a withheld entry is not 32 bytes")
        if length > ENTRY_MAX:
            raise Fault("size", place, f"the entry has {length} bytes")
        content, at = string(self.data, at, length)
        path, at = item(self.data, at, level=2)
        path_of_hashes(path)
        seq = None
        if count == 3:
            seq, at = item(self.data, at, level=2)
            uint(seq)
        self.at = at
        return Item(content, count == 3, path, seq)

    def read_evidence(self) -> dict[bytes, bytes]:
        """Reads the files: step `evidence`."""
        files = {}
        try:
            for hash_, size in self.evidence:
                pair, self.at = item(self.data, self.at)
                need(type(pair) is list and len(pair) == 2, "a file is not an array of two")
                digest(pair[0])
                need(pair[0] == hash_, f"{pair[0].hex()} stands in the place of {hash_.hex()}")
                need(type(pair[1]) is bytes, "the content of a file is not a byte string")
                need(len(pair[1]) == size, f"{len(pair[1])} bytes of {hash_.hex()}, not {size}")
                need(sha256(pair[1]) == hash_, f"the file {hash_.hex()} has another hash")
                files[hash_] = pair[1]
            need(self.at == len(self.data), "bytes follow the last item")
        except Bad as error:
            raise Fault("evidence", None, str(error)) from error
        return files


def ascends(values: list[Any]) -> bool:
    return all(a < b for a, b in zip(values, values[1:]))


def path_of_hashes(value: Any) -> None:
    """An inclusion path or a consistency proof: [* hash]."""
    if value != []:
        array(digest, PATH_MAX)(value)


def listed(value: Any) -> None:
    """The list of files: [* [hash, uint]]."""
    need(type(value) is list, "evidence is not an array")
    for pair in value:
        need(type(pair) is list and len(pair) == 2, "an element of evidence is not an array of two")
        digest(pair[0])
        uint(pair[1])


def open_bundle(data: bytes, at: int, first: dict[str, Any]) -> Container:
    record(
        {
            "tally": check(lambda v: v == "bundle", "'bundle' or 'extract'"),
            "version": uint,
            "checkpoints": array(text),
            "evidence": listed,
        }
    )(first)
    checkpoints = [Checkpoint.parse(note) for note in first["checkpoints"]]
    evidence = [(pair[0], pair[1]) for pair in first["evidence"]]
    return Container(data, at, checkpoints[-1].size, checkpoints, evidence)


def open_extract(data: bytes, at: int, first: dict[str, Any]) -> Container:
    record(
        {
            "tally": text,
            "version": uint,
            "feeds": array(feed_id),
            "entries": positive,
            "checkpoints": array(proven),
            "evidence": listed,
        }
    )(first)
    feeds = set(first["feeds"])
    need(len(feeds) == len(first["feeds"]), "a feed is listed twice")
    need(not feeds.intersection(RESERVED), "a listed feed is no incident")
    checkpoints = [Checkpoint.parse(note) for note, _ in first["checkpoints"]]
    proofs = [proof for _, proof in first["checkpoints"]]
    need(proofs[-1] == [], "the proof of the last checkpoint is not empty")
    evidence = [(pair[0], pair[1]) for pair in first["evidence"]]
    return Container(data, at, first["entries"], checkpoints, evidence, feeds, proofs)


def proven(value: Any) -> None:
    """A checkpoint and its proof of consistency: [text, [* hash]]."""
    need(type(value) is list and len(value) == 2, "a checkpoint is not an array of two")
    text(value[0])
    path_of_hashes(value[1])


# --------------------------------------------------------------------------------------- 12 Tree


def node(a: bytes, b: bytes) -> bytes:
    return sha256(b"\x01", a, b)


class Tree:
    """The tree over all leaves of a bundle."""

    def __init__(self, leaves: list[bytes]) -> None:
        self.leaves = leaves
        self.known: dict[tuple[int, int], bytes] = {}

    def root(self, size: int, start: int = 0) -> bytes:
        """The root over `size` leaves from `start` on."""
        if size == 1:
            return self.leaves[start]
        if (size, start) not in self.known:
            k = 1 << (size - 1).bit_length() - 1
            both = node(self.root(k, start), self.root(size - k, start + k))
            self.known[size, start] = both
        return self.known[size, start]


def included(leaf: bytes, position: int, size: int, path: list[bytes], root: bytes) -> bool:
    if position >= size:
        return False
    f, s, r = position, size - 1, leaf
    for c in path:
        if s == 0:
            return False
        if f % 2 == 1 or f == s:
            r = node(c, r)
            while f % 2 == 0 and f > 0:
                f, s = f // 2, s // 2
        else:
            r = node(r, c)
        f, s = f // 2, s // 2
    return s == 0 and r == root


def consistent(old: Checkpoint, new: Checkpoint, proof: list[bytes]) -> bool:
    """Whether a proof shows that an older tree is the beginning of a newer one."""
    if old.size & (old.size - 1) == 0:
        proof = [old.root, *proof]
    if not proof:
        return False
    f, s = old.size - 1, new.size - 1
    while f % 2 == 1:
        f, s = f // 2, s // 2
    a = b = proof[0]
    for c in proof[1:]:
        if s == 0:
            return False
        if f % 2 == 1 or f == s:
            a, b = node(c, a), node(c, b)
            while f % 2 == 0 and f > 0:
                f, s = f // 2, s // 2
        else:
            b = node(b, c)
        f, s = f // 2, s // 2
    return s == 0 and a == old.root and b == new.root
