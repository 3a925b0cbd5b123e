"""The entries one by one, through all steps from `size` to `effect`: sections 6 to 11 and 16."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from cbor import Bad, byte_string, head, need, string, whole_item, sha256
from container import ENTRY_MAX, Container, Fault, Item
from shapes import NEWER, covers, hidden_in, instant, is_hidden, is_origin, payload_members
from signing import Vkey, holds, thumbprint

CONTENT_TYPE = "application/vnd.tally.entry.v1+cbor"
KEYS_MAX = 1024
# Members of bodies that this program knows; the other bodies are the vocabulary's.
KNOWN_MEMBERS: dict[str, set[str]] = {
    "heads": {"heads"},
    "sealed": {"event", "until"},
    "seal.revealed": {"disclosures"},
    "seal.shared": {"to"},
    "seal.erased": {"hashes", "why", "authority"},
    "entry.correction": {"why", "body", "occurred", "basis"},
    "entry.approval": set(),
    "entry.note": set(),
}


@dataclass
class Key:
    """A key that was granted, the seq that granted it, and the one that revoked it."""

    public: bytes
    roles: list[str]
    next: bytes | None
    granted: int
    revoked: int | None = None
    # The when of the theft that its revocation states.
    compromised: dict[str, str] | None = None

    def live_at(self, size: int) -> bool:
        """Whether it is live by the tables as the first `size` entries left them."""
        return self.granted < size and (self.revoked is None or self.revoked >= size)


@dataclass
class Entry:
    """An entry under way: what the steps so far have found in it."""

    raw: bytes
    id: bytes
    protected: bytes = b""
    content: bytes = b""
    signature: bytes = b""
    header: Any = None
    payload: Any = None
    author: bytes = b""
    roles: set[str] = field(default_factory=set)
    # The feeds with a link that could not be checked.
    unchecked: list[str] = field(default_factory=list)

    @property
    def seq(self) -> int:
        return int(self.payload["seq"])

    @property
    def kind(self) -> str:
        return str(self.payload["kind"])

    @property
    def body(self) -> Any:
        return self.payload["body"]

    @property
    def succeeds(self) -> bool:
        return self.kind == "ledger.key" and self.body["action"] == "succeeded"


class Chain:
    """What is kept while the entries are read, and what there is to report of them."""

    def __init__(self, container: Container) -> None:
        self.container = container
        self.reports: list[dict[str, Any]] = []
        # The place of an item whose seq is not known yet.
        self.expected = 0
        self.iss = ""
        self.keys: dict[bytes, Key] = {}
        self.roles: dict[str, list[str]] = {}
        self.closed = False
        self.last: dict[str, int] = {}
        # The positions and ids of all items so far; those withheld among them.
        self.ids: dict[int, bytes] = {}
        self.paths: dict[int, list[bytes]] = {}
        self.withheld: set[int] = set()
        self.before: Entry | None = None
        # Who signed what when, what is hidden where, which files are named, and what was opened.
        self.signed: list[tuple[int, bytes, int]] = []
        self.hidden: dict[bytes, int] = {}
        self.named: set[bytes] = set()
        self.opened: list[bytes] = []

    def report(self, word: str, **details: Any) -> None:
        self.reports.append({"word": word, **details})

    @property
    def extract(self) -> bool:
        return self.container.feeds is not None

    def judged(self, feed: str) -> bool:
        """Whether the container has every entry of a feed, so that its links can be judged."""
        return self.container.feeds is None or feed == "ledger" or feed in self.container.feeds

    def take(self, item: Item, is_last: bool) -> None:
        """Takes one item through its steps; its fault names the place and the first step."""
        place = self.expected
        if item.withheld:
            self.take_withheld(item, place, is_last)
            return
        entry = Entry(item.content, sha256(b"\x00", item.content))
        for code, step in (
            ("size", self.size),
            ("outer-form", self.outer_form),
            ("header-profile", self.header_profile),
            ("content-type", self.content_type),
            ("header-members", self.header_members),
            ("payload-profile", self.payload_profile),
            ("payload-members", lambda e: payload_members(e.payload)),
            ("seq", self.seq),
            ("prev", self.prev),
            ("feeds", self.feeds),
            ("references", lambda e: self.references(e, is_last)),
            ("key", self.key),
            ("authority", self.authority),
            ("signature", self.signature),
            ("effect", self.effect),
        ):
            try:
                step(entry)
            except Bad as error:
                raise Fault(code, place, str(error)) from error
            if code == "payload-members" and self.extract:
                place = max(place, entry.seq)
        self.remember(entry, item)

    def take_withheld(self, item: Item, place: int, is_last: bool) -> None:
        seq = place if item.seq is None else item.seq
        if seq == 0:
            raise Fault("item", place, "entry 0 is withheld")
        if seq < place or place == 0:
            raise Fault("seq", max(place, seq), f"the seq {seq} does not follow that before")
        if self.extract and is_last:
            raise Fault("references", seq, "the last item is withheld, not an entry of kind heads")
        self.ids[seq], self.paths[seq] = item.content, item.path
        self.withheld.add(seq)
        self.expected = seq + 1
        self.report("withheld", seq=seq)

    # The steps.

    def size(self, entry: Entry) -> None:
        need(len(entry.raw) <= ENTRY_MAX, f"the entry has {len(entry.raw)} bytes")

    def outer_form(self, entry: Entry) -> None:
        raw = entry.raw
        need(raw[:2] == b"\xd2\x84", "the entry does not begin with d2 84")
        entry.protected, at = self.part(raw, 2)
        need(raw[at : at + 1] == b"\xa0", "the unprotected header is not a0")
        entry.content, at = self.part(raw, at + 1)
        need(raw[at : at + 2] == b"\x58\x40", "the signature does not begin with 58 40")
        entry.signature = raw[at + 2 :]
        need(len(entry.signature) == 64, f"{len(entry.signature)} bytes of signature, not 64")

    @staticmethod
    def part(raw: bytes, at: int) -> tuple[bytes, int]:
        major, length, at = head(raw, at)
        need(major == 2, "a part of the entry is not a byte string")
        return string(raw, at, length)

    def header_profile(self, entry: Entry) -> None:
        entry.header = whole_item(entry.protected, int)

    def content_type(self, entry: Entry) -> None:
        label = entry.header.get(3) if type(entry.header) is dict else None
        need(type(label) is not str or label == CONTENT_TYPE, f"the type is {label!r}: {NEWER}")

    def header_members(self, entry: Entry) -> None:
        header = entry.header
        need(type(header) is dict and set(header) == {1, 3, 4, 15}, "not the labels 1, 3, 4, 15")
        need(type(header[1]) is int and header[1] == -19, "the algorithm is not -19")
        need(header[3] == CONTENT_TYPE, "the content type is not a text")
        need(type(header[4]) is bytes and len(header[4]) == 32, "the kid is not 32 bytes")
        claims = header[15]
        need(type(claims) is dict and set(claims) == {1, 2}, "the claims are not iss and sub")
        need(is_origin(claims[1]), "iss is not an origin")
        need(type(claims[2]) is str, "sub is not a text")
        need(not self.ids or claims[1] == self.iss, f"iss is {claims[1]}, not {self.iss}")

    def payload_profile(self, entry: Entry) -> None:
        entry.payload = whole_item(entry.content)

    def seq(self, entry: Entry) -> None:
        later = self.extract and self.ids and entry.seq > self.expected
        need(later or entry.seq == self.expected, f"seq is {entry.seq}, not {self.expected}")

    def prev(self, entry: Entry) -> None:
        if entry.seq - 1 in self.ids:
            expected = self.ids[entry.seq - 1]
            need(entry.payload["prev"] == expected, f"prev is not {expected.hex()}")

    def feeds(self, entry: Entry) -> None:
        feeds, on = entry.payload["feeds"], entry.payload.get("on")
        # The decoded map keeps canonical order.
        need(entry.header[15][2] == next(iter(feeds)), "sub is not the first feed")
        of_ledger, of_heads = entry.kind.startswith("ledger."), entry.kind == "heads"
        need(of_ledger == ("ledger" in feeds), "the feed ledger and the kind do not agree")
        need(of_heads == ("heads" in feeds), "the feed heads and the kind do not agree")
        need(not (of_ledger or of_heads) or len(feeds) == 1, "a reserved feed is not the only one")
        if entry.kind == "sealed":
            need(set(feeds) == {"sealed"}, "a sealed entry stands in sealed only")
        else:
            acts = on is not None and "sealed" in on["feeds"]
            need(acts == ("sealed" in feeds), "the feed sealed and on.feeds do not agree")
        need(on is None or set(on["feeds"]) <= set(feeds), "a feed of on.feeds is not in feeds")
        for feed, value in feeds.items():
            self.judge(entry, feed, value)

    def judge(self, entry: Entry, feed: str, value: int | None) -> None:
        """Judges a link, or a value of heads, which is never null."""
        last = self.last.get(feed)
        if value == last:
            return
        after = value is not None and (last is None or value > last)
        if self.judged(feed):
            need(
                feed != "ledger" and after and value in self.withheld,
                f"feed {feed} names {value}, expected {last}",
            )
            entry.unchecked.append(feed)
        else:
            need(
                after and value is not None and value < entry.seq,
                f"feed {feed} names {value}, expected {last} to {entry.seq - 1}",
            )

    def references(self, entry: Entry, is_last: bool) -> None:
        on, basis = entry.payload.get("on"), entry.payload.get("basis", {})
        if on is not None:
            need(on["seq"] < entry.seq, "on.seq is not that of an earlier entry")
            if self.extract and any(self.judged(feed) for feed in entry.payload["feeds"]):
                need(on["seq"] in self.ids, f"entry {on['seq']} is not in the extract")
        for citation in basis.get("stated", []):
            cited = citation.get("entry", -1)
            need(cited < entry.seq, f"the cited entry {cited} is not an earlier one")
        if entry.kind == "heads":
            for feed, value in entry.body["heads"].items():
                self.judge(entry, feed, value)
        if self.extract and is_last:
            need(entry.kind == "heads", "the last entry is not of kind heads")
            need(entry.seq == self.container.last.size - 1, "the last entry is not the ledger's")
            expected = {"ledger", *(self.container.feeds or ())}
            need(set(entry.body["heads"]) == expected, "heads are not those of the listed feeds")

    def key(self, entry: Entry) -> None:
        kid, body = entry.header[4], entry.body
        if entry.seq == 0:
            keys = body["keys"] if entry.kind == "ledger.genesis" else []
            own = [k for k in keys if thumbprint(k["key"]) == kid]
            need(own, f"{kid.hex()} is none of the keys of genesis")
            entry.author, entry.roles = own[0]["key"], set(own[0]["roles"])
        elif entry.succeeds:
            need(kid == thumbprint(body["key"]["key"]), "a succession signed by another key")
            old = self.live(body["kid"])
            need("operator" in old.roles, "the key to be succeeded is no operator")
            need(old.next == kid, "the key to be succeeded names another next")
            entry.author, entry.roles = body["key"]["key"], set(body["key"]["roles"])
        else:
            key = self.live(kid)
            entry.author, entry.roles = key.public, set(key.roles)

    def live(self, kid: bytes) -> Key:
        key = self.keys.get(kid)
        if key is None:
            raise Bad(f"the key {kid.hex()} was never granted")
        need(key.revoked is None, f"the key {kid.hex()} was revoked by entry {key.revoked}")
        return key

    def guarded(self) -> bool:
        """Whether some live operator key names the one that may replace it."""
        live = (k for k in self.keys.values() if k.revoked is None)
        return any("operator" in k.roles and k.next is not None for k in live)

    def authority(self, entry: Entry) -> None:
        kind = entry.kind
        need((entry.seq == 0) == (kind == "ledger.genesis"), "genesis is the first entry, no other")
        need(not self.closed or kind == "heads", f"the ledger is closed to the kind {kind}")
        if kind.startswith("ledger."):
            need("operator" in entry.roles, f"no operator signed an entry of kind {kind}")
        else:
            patterns = [p for role in entry.roles for p in self.roles.get(role, [])]
            need(any(covers(p, kind) for p in patterns), f"the key's roles do not cover {kind}")
        if kind == "ledger.closed" and self.guarded():
            before = self.before
            need(
                before is not None
                and before.seq == entry.seq - 1
                and before.succeeds
                and before.author == entry.author,
                "the entry directly before is no succession by the same key",
            )

    def signature(self, entry: Entry) -> None:
        signed = b"\x84\x6aSignature1" + byte_string(entry.protected) + b"\x40"
        signed += byte_string(entry.content)
        need(holds(entry.author, entry.signature, signed), "the signature does not hold")

    def effect(self, entry: Entry) -> None:
        if not entry.kind.startswith("ledger."):
            return
        body, guarded = entry.body, self.guarded() and not entry.succeeds
        if entry.kind == "ledger.genesis":
            for key in body["keys"]:
                self.grant(entry, key, guarded)
        elif entry.kind == "ledger.key" and body["action"] == "granted":
            self.grant(entry, body["key"], guarded)
        elif entry.kind == "ledger.key" and body["action"] == "revoked":
            self.revoke(entry, body, guarded)
        elif entry.kind == "ledger.key":
            self.grant(entry, body["key"], guarded, body["kid"])
            for revocation in [body, *body.get("revoked", [])]:
                self.revoke(entry, revocation, guarded)
            for key in body.get("granted", []):
                self.grant(entry, key, guarded)
        elif entry.kind == "ledger.closed":
            self.closed = True
        if "roles" in body:
            self.roles = body["roles"]
        live = [k for k in self.keys.values() if k.revoked is None]
        for role in ("operator", "checkpoint"):
            need(any(role in k.roles for k in live), f"no live key with the role {role} remains")

    def grant(
        self, entry: Entry, key: Any, guarded: bool, successor_of: bytes | None = None
    ) -> None:
        kid, next_ = thumbprint(key["key"]), key.get("next")
        need(kid not in self.keys, f"the key {kid.hex()} was granted before")
        need(len(self.keys) < KEYS_MAX, f"more than {KEYS_MAX} keys are granted")
        nexts = {k.next: other for other, k in self.keys.items() if k.next is not None}
        need(nexts.get(kid) == successor_of, f"the key {kid.hex()} is kept for a succession")
        if next_ is not None:
            taken = next_ == kid or next_ in self.keys or next_ in nexts
            need(not taken, f"next {next_.hex()} names a key that is taken")
        restricted = {"operator", "checkpoint"} & set(key["roles"])
        need(not (guarded and restricted), "such a key is granted by a succession only")
        origin = entry.header[15][1]
        if "checkpoint" in key["roles"]:
            others = [k.public for k in self.keys.values() if "checkpoint" in k.roles]
            ids = {Vkey(origin, 1, public).id for public in others}
            need(
                Vkey(origin, 1, key["key"]).id not in ids, "the key id of a checkpoint key is taken"
            )
        self.keys[kid] = Key(key["key"], key["roles"], next_, entry.seq)

    def revoke(self, entry: Entry, revocation: Any, guarded: bool) -> None:
        key = self.live(revocation["kid"])
        restricted = {"operator", "checkpoint"} & set(key.roles)
        need(not (guarded and restricted), "such a key is revoked by a succession only")
        key.revoked, key.compromised = entry.seq, revocation.get("compromised")

    # After the steps.

    def remember(self, entry: Entry, item: Item) -> None:
        """Reports what there is to report of a good entry, and keeps what later ones need."""
        seq, payload = entry.seq, entry.payload
        recorded = instant(payload["recorded"])
        for feed in entry.unchecked:
            self.report("link-not-checked", seq=seq, feed=feed)
        if self.before and recorded < instant(self.before.payload["recorded"]):
            self.report("clock-backwards", seq=seq)
        if entry.succeeds and "next" not in entry.body["key"]:
            self.report("no-next", seq=seq)
        known = KNOWN_MEMBERS.get(entry.kind)
        if not entry.kind.startswith("ledger.") and (known is None or set(entry.body) - known):
            self.report("not-understood", seq=seq)
        evidence = payload.get("evidence", [])
        for hash_ in hidden_in([evidence, entry.body]):
            if self.hidden.setdefault(hash_, seq) < seq:
                self.report("commitment-copied", seq=seq)
        self.named.update(e["digest"] for e in evidence if not is_hidden(e))
        if entry.kind == "seal.revealed" and type(entry.body.get("disclosures")) is list:
            self.opened += [d for d in entry.body["disclosures"] if type(d) is bytes]
        self.iss = entry.header[15][1]
        self.ids[seq], self.paths[seq] = entry.id, item.path
        self.last.update(dict.fromkeys(payload["feeds"], seq))
        self.signed.append((seq, entry.header[4], recorded))
        self.before = entry
        self.expected = seq + 1
