"""Keys, signatures, checkpoints and policies: sections 9, 12 and 13."""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass, field

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from cbor import UINT_MAX, Bad, need, sha256

CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
WHITE = re.compile(r"[\t-\r \x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]")
P = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, -1, P) % P
IDENTITY = bytes([1]) + bytes(31)
Point = tuple[int, int, int]
fit_keys: dict[bytes, bool] = {}


def add(a: Point, b: Point) -> Point:
    """The addition of section 9, with a common denominator as third coordinate."""
    z = a[2] * b[2] % P
    x, y = a[0] * b[0] % P, a[1] * b[1] % P
    t = D * x * y % P
    minus, plus = (z * z - t) % P, (z * z + t) % P
    cross = (a[0] + a[1]) * (b[0] + b[1]) - x - y
    return z * minus * cross % P, z * plus * (y + x) % P, minus * plus % P


def is_fit(key: bytes) -> bool:
    if key not in fit_keys:
        fit_keys[key] = find_fit(key)
    return fit_keys[key]


def find_fit(key: bytes) -> bool:
    number = int.from_bytes(key, "little")
    sign, y = number >> 255, number % 2**255
    if y >= P:
        return False
    u, v = (y * y - 1) % P, (D * y * y + 1) % P
    x = u * pow(v, 3, P) * pow(u * pow(v, 7, P), (P - 5) // 8, P) % P
    if v * x * x % P == -u % P:
        x = x * pow(2, (P - 1) // 4, P) % P
    if v * x * x % P != u or (x == 0 and sign == 1):
        return False
    if x % 2 != sign:
        x = P - x
    if (x, y) == (0, 1):
        return False
    total, power = (0, 1, 1), (x, y, 1)
    for bit in range(L.bit_length()):
        if L >> bit & 1:
            total = add(total, power)
        power = add(power, power)
    return total[0] == 0 and total[1] == total[2]


def holds(key: bytes, signature: bytes, message: bytes) -> bool:
    """Whether a signature holds under a fit key."""
    if len(signature) != 64 or signature[:32] == IDENTITY:
        return False
    if int.from_bytes(signature[32:], "little") >= L:
        return False
    try:
        Ed25519PublicKey.from_public_bytes(key).verify(signature, message)
    except InvalidSignature:
        return False
    return True


def thumbprint(key: bytes) -> bytes:
    return sha256(bytes.fromhex("a301012006215820"), key)


def decode64(text: str) -> bytes:
    try:
        data = base64.b64decode(text, validate=True)
    except ValueError as error:
        raise Bad(f"{text!r} is not base64") from error
    need(base64.b64encode(data).decode() == text, f"{text!r} is not base64 in its one form")
    return data


@dataclass(frozen=True)
class Vkey:
    """A key under a name: of a log (type 1) or of a witness (type 4)."""

    name: str
    type: int
    key: bytes

    @property
    def id(self) -> bytes:
        return sha256(self.name.encode(), b"\n", bytes([self.type]), self.key)[:4]

    @staticmethod
    def parse(line: str, type_: int) -> Vkey:
        parts = line.split("+", 2)
        need(len(parts) == 3, f"{line!r} is not a vkey")
        data = decode64(parts[2])
        need(len(data) == 33 and data[0] == type_, f"{line!r} is not a vkey of type {type_:02d}")
        vkey = Vkey(key_name(parts[0]), type_, data[1:])
        need(vkey.id.hex() == parts[1], f"{line!r}: the key id is not that of the name and key")
        need(is_fit(vkey.key), f"{line!r}: the key is not fit")
        return vkey


def key_name(name: str) -> str:
    good = name and not WHITE.search(name) and "+" not in name and not CONTROL.search(name)
    need(bool(good), f"{name!r} is not a key name")
    return name


@dataclass
class Checkpoint:
    """A parsed checkpoint: its three lines, the signed text, and its signature lines."""

    origin: str
    size: int
    root: bytes
    text: bytes
    lines: list[tuple[str, bytes, bytes]]

    @staticmethod
    def parse(note: str) -> Checkpoint:
        need(len(note.encode()) <= 65_536, "the note is too long")
        need(not re.search(r"[\x00-\x09\x0b-\x1f]", note), "the note holds control characters")
        need(note.endswith("\n"), "the note does not end in a newline")
        lines = note[:-1].split("\n")
        need(len(lines) > 4 and lines[3] == "", "a checkpoint is three lines and signatures")
        need(lines[0] != "", "the origin is empty")
        need(bool(re.fullmatch("[1-9][0-9]{0,15}", lines[1])), f"{lines[1]!r} is not a size")
        need(int(lines[1]) <= UINT_MAX, f"{lines[1]!r} is not a size")
        root = decode64(lines[2])
        need(len(root) == 32, "the root is not 32 bytes")
        need(len(lines) <= 4 + 64, "more than 64 signature lines")
        signatures = []
        for line in lines[4:]:
            parts = line.split(" ")
            need(len(parts) == 3 and parts[0] == "\u2014", f"{line!r} is not a signature line")
            data = decode64(parts[2])
            need(len(data) >= 5, f"{line!r}: the signature is too short")
            signatures.append((key_name(parts[1]), data[:4], data[4:]))
        signed = "\n".join(lines[:3]) + "\n"
        return Checkpoint(lines[0], int(lines[1]), root, signed.encode(), signatures)

    def signatures_of(self, vkey: Vkey) -> list[bytes]:
        return [s for name, id_, s in self.lines if (name, id_) == (vkey.name, vkey.id)]

    def line_holds(self, vkey: Vkey, signature: bytes) -> bool:
        if vkey.type == 1:
            return holds(vkey.key, signature, self.text)
        time = int.from_bytes(signature[:8], "big")
        message = f"cosignature/v1\ntime {time}\n".encode() + self.text
        return 0 < time < 2**63 and holds(vkey.key, signature[8:], message)

    def cosigned(self, vkey: Vkey) -> int | None:
        """When a witness first cosigned this checkpoint, whose lines were found to hold."""
        times = [int.from_bytes(s[:8], "big") for s in self.signatures_of(vkey)]
        return min(times, default=None)


@dataclass
class Policy:
    """Which logs and witnesses the verifier trusts."""

    logs: list[Vkey] = field(default_factory=list)
    witnesses: dict[str, Vkey] = field(default_factory=dict)
    groups: dict[str, tuple[int, list[str]]] = field(default_factory=dict)
    quorum: str = ""

    @staticmethod
    def parse(data: bytes) -> Policy:
        need(not re.search(rb"[^\t\n\x20-\x7e\x80-\xff]", data), "a byte that no policy holds")
        policy = Policy()
        for number, line in enumerate(data.split(b"\n"), 1):
            items = [i.decode(errors="surrogateescape") for i in re.findall(rb"[^ \t]+", line)]
            if items and not items[0].startswith("#"):
                try:
                    policy.take(items)
                except Bad as error:
                    raise Bad(f"policy, line {number}: {error}") from error
        need(policy.quorum != "", "policy: there is no line quorum")
        return policy

    def take(self, items: list[str]) -> None:
        match items:
            case ["log", vkey, *rest] if len(rest) <= 1:
                self.logs.append(self.fresh(Vkey.parse(vkey, 1)))
            case ["witness", name, vkey, *rest] if len(rest) <= 1:
                self.free(name)
                self.witnesses[name] = self.fresh(Vkey.parse(vkey, 4))
            case ["group", name, count, *members] if members:
                self.free(name)
                taken = {m for _, group in self.groups.values() for m in group}
                for member in members:
                    need(self.defined(member), f"{member} is not defined before")
                    need(member not in taken, f"{member} is a member twice")
                    taken.add(member)
                n = {"any": "1", "all": str(len(members))}.get(count, count)
                need(re.fullmatch("[0-9]+", n), f"{count!r} is not a number")
                need(1 <= int(n) <= len(members), f"{count} of {len(members)} is no threshold")
                self.groups[name] = (int(n), members)
            case ["quorum", name]:
                need(self.quorum == "", "a second line quorum")
                need(name == "none" or self.defined(name), f"{name} is not defined before")
                self.quorum = name
            case _:
                raise Bad(f"{' '.join(items)!r} is no line of a policy")

    def defined(self, name: str) -> bool:
        return name in self.witnesses or name in self.groups

    def free(self, name: str) -> None:
        need(name != "none" and not self.defined(name), f"the name {name} is taken")

    def fresh(self, vkey: Vkey) -> Vkey:
        twice = any(v.key == vkey.key for v in [*self.logs, *self.witnesses.values()])
        need(not twice, f"the key of {vkey.name} stands twice")
        return vkey

    def time(self, name: str, checkpoint: Checkpoint) -> int | None:
        """When the witness or group had cosigned a checkpoint; None if it has not."""
        if name in self.witnesses:
            return checkpoint.cosigned(self.witnesses[name])
        count, members = self.groups[name]
        times = [t for m in members if (t := self.time(m, checkpoint)) is not None]
        return sorted(times)[count - 1] if len(times) >= count else None

    def witnessed(self, checkpoint: Checkpoint) -> int | None:
        """T(C) of section 13."""
        return None if self.quorum == "none" else self.time(self.quorum, checkpoint)
