"""Names, times, and what a payload must be by itself: sections 3, 5, 7 and 10."""

from __future__ import annotations

import calendar
import datetime
import re
from collections.abc import Callable, Iterator
from typing import Any

from cbor import Bad, need
from signing import CONTROL, is_fit

NEWER = "written by a newer version"
RESERVED = ("ledger", "sealed", "heads")


class Surplus(Bad):
    """A map has a member that its shape does not list."""


WORD = r"[a-z][a-z0-9_]{0,31}"
KIND = rf"{WORD}(\.{WORD}){{0,3}}"
FEED = r"[a-z0-9][a-z0-9._-]{0,63}"
ORIGIN = r"[a-z0-9_-]+(\.[a-z0-9_-]+)*(/[a-z0-9._-]+)*"
MEDIA = r"[A-Za-z0-9][A-Za-z0-9!#$&^_.+-]{0,126}"
EPOCH = datetime.date(1970, 1, 1).toordinal()
TIME = re.compile(
    r"([0-9]{4})(?:-([0-9]{2})(?:-([0-9]{2})"
    r"(?:T([0-9]{2}):([0-9]{2})(?::([0-9]{2}))?)?)?)?"
)


def is_kind(text: Any) -> bool:
    return type(text) is str and bool(re.fullmatch(KIND, text)) and len(text) <= 64


def is_origin(text: Any) -> bool:
    return (
        type(text) is str
        and bool(re.fullmatch(ORIGIN, text))
        and len(text) <= 128
        and not {".", ".."} & set(text.split("/"))
    )


def covers(pattern: str, kind: str) -> bool:
    if kind.startswith("ledger."):
        return False
    if pattern.endswith(".*"):
        return kind.startswith(pattern[:-1])
    return pattern in ("*", kind)


def period(text: str) -> tuple[int, int]:
    """The start and the end of one time, in seconds since 1970, as if it were in UTC."""
    match = TIME.fullmatch(text)
    if match is None:
        raise Bad(f"{text!r} is not a time")
    year, month, day, hour, minute, second = (None if x is None else int(x) for x in match.groups())
    assert year is not None
    try:
        first = datetime.date(year, 1 if month is None else month, 1 if day is None else day)
        if day is not None:
            last = first
        elif month is not None:
            last = first.replace(day=calendar.monthrange(year, month)[1])
        else:
            last = first.replace(month=12, day=31)
        start = (first.toordinal() - EPOCH) * 86_400
        if hour is None or minute is None:
            return start, (last.toordinal() + 1 - EPOCH) * 86_400
        clock = datetime.time(hour, minute, second or 0)
    except ValueError as error:
        raise Bad(f"{text!r} is not a time: {error}") from error
    start += clock.hour * 3600 + clock.minute * 60 + clock.second
    return start, start + (60 if second is None else 1)


def instant(value: Any) -> int:
    good = type(value) is str and re.fullmatch(r".{10}T.{8}Z", value)
    need(bool(good), f"{value!r} is not an instant")
    return period(value[:-1])[0]


def local_span(at: str) -> tuple[int | None, int | None]:
    """The start and end of the `at` of a when; an open side is None."""
    if "/" not in at:
        return period(at)
    first, _, last = at.partition("/")
    need((first, last) != ("..", ".."), "'../..' is not a time")
    start = None if first == ".." else period(first)[0]
    end = None if last == ".." else period(last)[1]
    need(start is None or end is None or start < end, f"{at!r} ends before it starts")
    return start, end


def offset(zone: str) -> int:
    if zone == "Z":
        return 0
    match = re.fullmatch(r"([+-])([0-9]{2}):([0-9]{2})", zone)
    need(match is not None and zone != "-00:00", f"{zone!r} is not a zone")
    assert match is not None
    hours, minutes = int(match[2]), int(match[3])
    size = hours * 60 + minutes
    need(minutes < 60 and size <= 840 and size % 15 == 0, f"{zone!r} is not a zone")
    return size * 60 * (-1 if match[1] == "-" else 1)


def start_of(when: dict[str, str]) -> int | None:
    """The start of the interval of a when, in UTC; None if it is open."""
    start, _ = local_span(when["at"])
    if start is None:
        return None
    return start - (offset(when["zone"]) if "zone" in when else 14 * 3600)


Shape = Callable[[Any], object]


def check(test: Callable[[Any], bool], name: str) -> Shape:
    def inspect(value: Any) -> None:
        if not test(value):
            raise Bad(f"{value!r} is not {name}")

    return inspect


def matches(pattern: str) -> Callable[[Any], bool]:
    return lambda value: type(value) is str and bool(re.fullmatch(pattern, value))


def record(members: dict[str, Shape]) -> Shape:
    """A map with exactly these members; one whose name ends in `?` may be absent."""
    shapes = {name.rstrip("?"): shape for name, shape in members.items()}

    def inspect(value: Any) -> None:
        need(type(value) is dict, "not a map")
        for name in members:
            need(name.endswith("?") or name in value, f"the member {name!r} is missing")
        for name, member in value.items():
            if name not in shapes:
                raise Surplus(f"the member {name!r} is not among those listed")
            try:
                shapes[name](member)
            except Bad as error:
                raise type(error)(f"{name}: {error}") from error

    return inspect


def either(choose: Callable[[Any], Shape]) -> Shape:
    return lambda value: choose(value)(value)


def array(shape: Shape, most: float = float("inf")) -> Shape:
    def inspect(value: Any) -> None:
        need(type(value) is list and 1 <= len(value) <= most, f"not an array of 1 to {most}")
        for element in value:
            shape(element)

    return inspect


def table(key: Shape, shape: Shape, most: float = float("inf")) -> Shape:
    def inspect(value: Any) -> None:
        need(type(value) is dict and 1 <= len(value) <= most, f"not a map of 1 to {most}")
        for name, member in value.items():
            key(name)
            shape(member)

    return inspect


text = check(lambda v: type(v) is str, "a text")
uint = check(lambda v: type(v) is int and v >= 0, "an unsigned integer")
positive = check(lambda v: type(v) is int and v >= 1, "an integer from 1")
digest = check(lambda v: type(v) is bytes and len(v) == 32, "a byte string of 32")
kind_name = check(is_kind, "a kind")
origin_name = check(is_origin, "an origin")
feed_id = check(matches(FEED), "a feed id")
role = check(matches(WORD), "a role")
pattern = check(lambda v: v == "*" or matches(rf"{WORD}\.\*")(v) or is_kind(v), "a pattern")
open_map = check(lambda v: type(v) is dict, "a map")
link = check(lambda v: v is None or (type(v) is int and v >= 0), "a seq or null")
name_text = check(
    lambda v: (
        type(v) is str and 1 <= len(v.encode()) <= 255 and "/" not in v and not CONTROL.search(v)
    ),
    "a file name",
)
url = check(
    lambda v: matches(r"https?://[^ ]+")(v) and len(v.encode()) <= 2048 and not CONTROL.search(v),
    "a URL",
)


def is_hidden(value: Any) -> bool:
    if type(value) is not dict or list(value) != ["..."]:
        return False
    return type(value["..."]) is bytes and len(value["..."]) == 32


def hidden_in(value: Any) -> Iterator[bytes]:
    """The hashes of all hidden values in a value, itself included (5)."""
    if is_hidden(value):
        yield value["..."]
    elif type(value) is dict or type(value) is list:
        for inner in value.values() if type(value) is dict else value:
            yield from hidden_in(inner)


def when(value: Any) -> None:
    record({"at": text, "zone?": text, "presumed?": kind_name})(value)
    local_span(value["at"])
    if "zone" in value:
        offset(value["zone"])
    need("zone" in value or "presumed" not in value, "presumed needs zone")


def span(value: Any) -> None:
    array(uint, 2)(value)
    need(len(value) == 2 and value[0] < value[1], f"{value} is not a span")


def citation(value: Any) -> None:
    need(type(value) is dict, "a citation is not a map")
    if "url" in value:
        record({"url": url, "item?": uint, "digest?": digest, "span?": span})(value)
        need("digest" in value or "span" not in value, "span needs digest")
    else:
        record({"entry": uint, "claim?": uint, "span?": span})(value)


basis = either(
    lambda v: record(
        {"stated": array(citation, 64)}
        if type(v) is dict and "stated" in v
        else {"measured": array(digest, 64)}
    )
)
file_shape = record(
    {
        "digest": digest,
        "size": uint,
        "type": check(matches(f"{MEDIA}/{MEDIA}"), "a media type"),
        "name?": name_text,
    }
)
PAYLOAD: dict[str, Shape] = {
    "seq": uint,
    "prev?": digest,
    "feeds": table(feed_id, link, 8),
    "kind": kind_name,
    "recorded": instant,
    "occurred?": when,
    "basis?": basis,
    "on?": record({"seq": uint, "kind": kind_name, "feeds": array(feed_id, 8)}),
    "evidence?": array(either(lambda v: open_map if is_hidden(v) else file_shape), 64),
    "body": open_map,
}


def key_shape(value: Any) -> None:
    """A key by itself (10)."""
    record(
        {
            "alg": check(lambda v: type(v) is int and v == -19, "-19"),
            "key": digest,
            "roles": array(role, 64),
            "name?": text,
            "next?": digest,
        }
    )(value)
    roles = value["roles"]
    need(len(set(roles)) == len(roles), "a role is repeated")
    need("checkpoint" not in roles or len(roles) == 1, "checkpoint is not the only role")
    need("next" not in value or "operator" in roles, "next on a key that is no operator")
    need(is_fit(value["key"]), f"the key {value['key'].hex()} is not fit")


def role_table(value: Any) -> None:
    table(role, array(pattern, 64), 64)(value)
    need(not {"operator", "checkpoint"} & set(value), "operator or checkpoint in the role table")


def operator_key(value: Any) -> None:
    key_shape(value)
    need("operator" in value["roles"], "the successor is no operator")


revocation: dict[str, Shape] = {"kid": digest, "why": text, "compromised?": when}
action = check(lambda v: v in ("granted", "revoked", "succeeded"), "an action")
KEY_BODIES: dict[str, dict[str, Shape]] = {
    "granted": {"key": key_shape},
    "revoked": revocation,
    "succeeded": {
        "kid": digest,
        "key": operator_key,
        "compromised?": when,
        "revoked?": array(record(revocation), 64),
        "granted?": array(key_shape, 63),
    },
}
LEDGER_BODIES: dict[str, dict[str, Shape]] = {
    "ledger.genesis": {
        "standing": check(lambda v: v in ("own", "observer"), "a standing"),
        "owner": record({"name": text, "ca_owner?": text, "url?": text}),
        "keys": array(key_shape, 64),
        "roles": role_table,
        "predecessor?": record(
            {"origin": origin_name, "id": digest, "size": positive, "root": digest}
        ),
    },
    "ledger.roles": {"roles": role_table},
    "ledger.closed": {"why": text, "successor?": record({"origin": origin_name, "id": digest})},
}
# Members of bodies that this program knows; bodies of other kinds are the vocabulary's.
KNOWN_MEMBERS = {
    "heads": {"heads"},
    "sealed": {"event", "until"},
    "seal.revealed": {"disclosures"},
    "seal.shared": {"to"},
    "seal.erased": {"hashes", "why", "authority"},
    "entry.correction": {"why", "body", "occurred", "basis"},
    "entry.approval": set[str](),
    "entry.note": set[str](),
}


def ledger_body(kind: str, body: dict[str, Any]) -> None:
    if kind == "ledger.key":
        action(body.get("action"))
        shape = {"action": action, **KEY_BODIES[body["action"]]}
    elif kind in LEDGER_BODIES:
        shape = LEDGER_BODIES[kind]
    else:
        raise Bad(f"the kind {kind} is not known: {NEWER}")
    try:
        record({**shape, "info?": open_map})(body)
    except Surplus as error:
        raise Bad(f"{error}: {NEWER}") from error


def payload_members(payload: Any) -> None:
    """Step `payload-members`: everything a payload must be by itself (5, 7, 10)."""
    record(PAYLOAD)(payload)
    need(("prev" not in payload) == (payload["seq"] == 0), "prev is absent exactly at seq 0")
    kind, body = payload["kind"], payload["body"]
    hidden = list(hidden_in(body))
    if kind.startswith("ledger."):
        ledger_body(kind, body)
    elif kind == "heads":
        record({"heads": table(feed_id, uint)})(body)
    elif kind == "seal.revealed" and type(body.get("disclosures")) is list:
        need(len(body["disclosures"]) <= 64, "more than 64 disclosures")
    if kind.startswith("ledger.") or kind == "heads":
        need(not hidden, f"a hidden value in a body of kind {kind}")
    in_evidence = sum(is_hidden(e) for e in payload.get("evidence", []))
    need(len(hidden) + in_evidence <= 64, "more than 64 hidden values")
