#!/usr/bin/env python3
"""Verifies Tally bundles and extracts; written from docs/FORMAT.md alone.

It shares no code with the verifier in Rust: where the two disagree about a file, one of them has
read the text wrongly, or the text is unclear. It needs Python 3.11 and the package `cryptography`,
of which it uses Ed25519 only. Numbers in comments are sections of docs/FORMAT.md.

    verify.py [--key VKEY] [--policy FILE] [--ledger-id HEX] [--seen FILE] [--unpinned] [--json]
              SOURCE...
    verify.py --vectors DIR
    verify.py --golden DIR

The exit status is that of section 17; 1 if the options are wrong, if a source is not recognised,
or if a vector or a golden file is not as it should be. Of several sources the highest counts.
"""

from __future__ import annotations

import argparse
import base64
import json
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NoReturn

import equivocation
import proof
from cbor import Bad, item, need, sha256, whole_item
from chain import Chain
from container import Container, Fault, Tree, consistent, included, recognised
from shapes import file_shape, hidden_in, start_of
from signing import Checkpoint, Policy, Vkey, decode64

DISCLOSURE_MAX = 65_535
DAY = 86_400
# How far apart the bits are that are altered in golden files: odd, so that all eight get their turn.
STRIDE = 13
# The header lines of a vector that say what to expect, and that give the policy.
HEADERS = ("expect", "code", "check", "seq", "report", "complete", "policy", "note")


@dataclass
class Pins:
    """What the verifier was told to expect (13)."""

    vkeys: list[Vkey] = field(default_factory=list)
    ids: list[bytes] = field(default_factory=list)
    # Checkpoints seen before: size, root.
    seen: list[tuple[int, bytes]] = field(default_factory=list)
    policy: Policy | None = None


@dataclass
class Result:
    """A verdict of section 17, and what stands beside it."""

    verdict: str
    code: str | None = None
    seq: int | None = None
    message: str | None = None
    reports: list[dict[str, Any]] = field(default_factory=list)
    entries: int = 0
    withheld: int = 0
    pins_met: int = 0
    pins_not_checked: int = 0
    one_history: str = "not shown"
    # Of an extract only.
    complete: str | None = None

    def status(self, unpinned: bool) -> int:
        if self.verdict == "consistent-with-itself":
            return 0 if unpinned else 2
        return {"whole": 0, "unrecognised": 1}.get(self.verdict, 3)


class Verification:
    """One container under verification."""

    def __init__(self, container: Container, pins: Pins) -> None:
        self.container, self.pins = container, pins
        self.chain = Chain(container)
        self.result = Result("failed")
        # The checkpoints that were found good, and the files that were carried.
        self.good: list[Checkpoint] = []
        self.files: dict[bytes, bytes] = {}

    def run(self) -> None:
        """Does the checks of section 16 after the first item, in their order."""
        container, chain, result = self.container, self.chain, self.result
        try:
            for index in range(container.entries):
                chain.take(container.next_item(chain.expected), index + 1 == container.entries)
            steps = [
                ("root", self.root),
                ("checkpoint", self.checkpoint),
                ("pin", self.pin),
                ("cosignature", self.cosignature),
            ]
            for code, step in steps:
                try:
                    step()
                except Bad as error:
                    raise Fault(code, None, str(error)) from error
            self.files = container.read_evidence()
            self.report_evidence()
            self.conclude()
        except Fault as fault:
            result.code, result.seq, result.message = fault.code, fault.seq, fault.message
        self.report_times()
        result.entries, result.withheld = len(chain.ids), len(chain.withheld)
        result.reports = chain.reports

    def root(self) -> None:
        container, chain, last = self.container, self.chain, self.container.last
        if container.feeds is None:
            tree = Tree(list(chain.ids.values()))
            for checkpoint in container.checkpoints:
                right = tree.root(checkpoint.size) == checkpoint.root
                need(right, f"the root at size {checkpoint.size} is another")
            return
        for seq, path in chain.paths.items():
            right = included(chain.ids[seq], seq, last.size, path, last.root)
            need(right, f"entry {seq} is not included in the last checkpoint")
        for checkpoint, proof in zip(container.checkpoints[:-1], container.proofs):
            right = consistent(checkpoint, last, proof)
            need(right, f"the checkpoint of size {checkpoint.size} is not consistent with the last")

    def checkpoint(self) -> None:
        policy, iss = self.pins.policy, self.chain.iss
        trusted = list(self.pins.vkeys)
        if policy is not None:
            trusted += [*policy.logs, *policy.witnesses.values()]
        for checkpoint in self.container.checkpoints:
            size = checkpoint.size
            need(checkpoint.origin == iss, f"the checkpoint of size {size} has another origin")
            own = [
                Vkey(iss, 1, key.public)
                for key in self.chain.keys.values()
                if "checkpoint" in key.roles and key.live_at(size)
            ]
            for vkey in own + trusted:
                for signature in checkpoint.signatures_of(vkey):
                    right = checkpoint.line_holds(vkey, signature)
                    need(right, f"a line of {vkey.name} at size {size} does not hold")
            signed = any(checkpoint.signatures_of(vkey) for vkey in own)
            need(signed, f"no checkpoint key signed the checkpoint of size {size}")
        self.good = self.container.checkpoints

    def pin(self) -> None:
        pins, last, result = self.pins, self.container.last, self.result
        for vkey in pins.vkeys:
            need(last.signatures_of(vkey), f"the key {vkey.name} did not sign the last checkpoint")
            result.pins_met += 1
        if pins.policy is not None and pins.policy.logs:
            signed = any(last.signatures_of(vkey) for vkey in pins.policy.logs)
            need(signed, "no log of the policy signed the last checkpoint")
            result.pins_met += 1
        for id_ in pins.ids:
            need(self.chain.ids[0] == id_, f"the ledger's id is {self.chain.ids[0].hex()}")
            result.pins_met += 1
        for size, root in pins.seen:
            need(size <= last.size, f"the checkpoint seen has size {size}, the last {last.size}")
            known = self.root_at(size)
            if known is None:
                result.pins_not_checked += 1
            else:
                need(known == root, f"the checkpoint seen has another root at size {size}")
                result.pins_met += 1

    def root_at(self, size: int) -> bytes | None:
        """The ledger's root at a size, as far as the container shows it."""
        if self.container.feeds is None:
            return Tree(list(self.chain.ids.values())).root(size)
        return {c.size: c.root for c in self.container.checkpoints}.get(size)

    def cosignature(self) -> None:
        policy, last = self.pins.policy, self.container.last
        if policy is None or policy.quorum == "none":
            return
        need(policy.witnessed(last) is not None, "the last checkpoint does not meet the quorum")
        self.result.one_history = "shown"

    def conclude(self) -> None:
        """Gives the verdict, there being no fault."""
        result, policy = self.result, self.pins.policy
        if self.chain.withheld:
            result.verdict = "not-whole"
        else:
            result.verdict = "whole" if result.pins_met else "consistent-with-itself"
        if self.container.feeds is not None:
            _, verifiers = policy.groups.get("verifiers", (0, [])) if policy else (0, [])
            shown = policy and any(policy.time(v, self.container.last) for v in verifiers)
            result.complete = "shown" if shown else "not-checked"

    def report_times(self) -> None:
        """Reports what follows from the times of cosignatures and from thefts (13, 18)."""
        chain, policy = self.chain, self.pins.policy
        dated = [(c.size, t) for c in self.good if policy and (t := policy.witnessed(c))]
        for seq, _, recorded in chain.signed:
            if any(size <= seq and recorded < time - DAY for size, time in dated):
                chain.report("appeared-late", seq=seq)
        for kid, key in chain.keys.items():
            if key.compromised is None or key.revoked is None:
                continue
            theft = start_of(key.compromised)
            safe = max((n for n, t in dated if theft is not None and t < theft), default=0)
            for seq, signer, _ in chain.signed:
                if signer == kid and safe <= seq < key.revoked:
                    chain.report("marked", seq=seq)

    def report_evidence(self) -> None:
        """Reports files that nothing names, and named files that are not carried (14)."""
        named, hidden = set(self.chain.named), set(self.chain.hidden)
        small = [data for data in self.files.values() if len(data) <= DISCLOSURE_MAX]
        left = {sha256(data): data for data in [*small, *self.chain.opened]}
        carried = set(self.files)
        while opened := [hash_ for hash_ in left if hash_ in hidden]:
            for hash_ in opened:
                value = disclosed(left.pop(hash_))
                if value is not None:
                    hidden.update(hidden_in(value))
                    named.update(digests_in(value))
                    carried.discard(hash_)
        for hash_ in sorted(carried - named):
            self.chain.report("evidence-unnamed", hash=hash_.hex())
        for hash_ in sorted(named - set(self.files)):
            self.chain.report("evidence-absent", hash=hash_.hex())


def disclosed(data: bytes) -> list[Any] | None:
    """What a disclosure holds beside its salt; None if it is no disclosure (19)."""
    try:
        value = whole_item(data)
    except Bad:
        return None
    good = type(value) is list and 1 <= len(value) <= 2 and type(value[0]) is bytes
    return value[1:] if good and len(value[0]) == 16 else None


def digests_in(value: Any) -> set[bytes]:
    """The digests of all values inside a value that have the shape of a file."""
    try:
        file_shape(value)
        return {value["digest"]}
    except Bad:
        inner = value.values() if type(value) is dict else value if type(value) is list else []
        return {hash_ for v in inner for hash_ in digests_in(v)}


def verify(data: bytes, pins: Pins) -> Result:
    """Verifies a bundle or an extract."""
    if not recognised(data):
        return Result("unrecognised", message="this is neither a bundle nor an extract")
    try:
        container = Container.open(data)
    except Fault as fault:
        return Result("failed", fault.code, fault.seq, fault.message)
    verification = Verification(container, pins)
    verification.run()
    return verification.result


# ------------------------------------------------------------------------ 21 Vectors, golden files


Trial = Callable[[Path], str | None]


def vector(path: Path) -> str | None:
    """Runs one vector; says how it disagrees."""
    headers, _, body = path.read_text("utf-8").partition("\n\n")
    lines = [line.partition(": ") for line in headers.split("\n")]
    stated = {key: value for key, _, value in lines}
    policy = "".join(value + "\n" for key, _, value in lines if key == "policy")
    pins = Pins(policy=Policy.parse(policy.encode()) if policy else None)
    notes: list[Checkpoint] = []
    for key, _, value in lines:
        if key == "pin":
            pins.vkeys.append(Vkey.parse(value, 1))
        elif key == "ledger-id":
            pins.ids.append(bytes.fromhex(value))
        elif key == "seen":
            size, root = value.split(" ")
            pins.seen.append((int(size), decode64(root)))
        elif key == "checkpoint":
            notes.append(Checkpoint.parse(base64.b64decode(value, validate=True).decode()))
        else:
            need(key in HEADERS, f"header {key!r}")
    data = base64.b64decode("".join(body.split("\n")), validate=True)
    if path.name.startswith("equivocation-"):
        verdict = equivocation.verdict(data, pins.vkeys)
        wrong = f"expected {stated['expect']}, found {verdict}"
        return None if verdict == stated["expect"] else wrong
    if proof.recognised(data):
        found_of_proof = proof.verdict(data, proof.Known(pins.vkeys, pins.policy, notes))
        agreed = found_of_proof == (stated["expect"], stated.get("check"))
        return None if agreed else f"expected {stated['expect']}, found {found_of_proof}"
    result = verify(data, pins)
    found = (result.verdict, result.code, None if result.seq is None else str(result.seq))
    expected = (stated["expect"], stated.get("code"), stated.get("seq"))
    if "complete" in stated and stated["complete"] != result.complete:
        return f"expected complete: {stated['complete']}, found {result.complete}"
    missing = {w.strip() for w in stated.get("report", "").split(",") if w.strip()}
    missing -= {report["word"] for report in result.reports}
    if found == expected and not missing:
        return None
    lacks = f"; not reported: {', '.join(sorted(missing))}" if missing else ""
    return f"expected {show(*expected)}, found {show(*found)} ({result.message}){lacks}"


def show(verdict: str, code: str | None, seq: str | None) -> str:
    place = f" at {seq}" if seq is not None else ""
    return verdict + (f": {code}{place}" if code else "")


def vectors(folder: Path) -> bool:
    """Runs all vectors of a folder, and prints each that disagrees."""
    return conclude(dict.fromkeys(sorted(folder.rglob("*.vector")), vector))


def golden_container(path: Path) -> str | None:
    """Verifies a golden bundle or extract under its pin, and then with one bit altered."""
    vkey = path.with_name("ledger.vkey").read_text("utf-8").removesuffix("\n")
    data, pins = path.read_bytes(), Pins([Vkey.parse(vkey, 1)])
    result = verify(data, pins)
    if result.verdict != "whole":
        return f"expected whole, found {result.verdict}: {result.message}"
    for at in range(0, len(data), STRIDE):
        altered = bytearray(data)
        altered[at] ^= 1 << at % 8
        verdict = verify(bytes(altered), pins).verdict
        if verdict not in ("failed", "unrecognised"):
            return f"{verdict} although byte {at} was altered"
    return None


def golden_checkpoint(path: Path) -> str | None:
    """Finds a golden checkpoint in the bundle, which has verified, to the byte."""
    first, _ = item(path.with_name("ledger.tally").read_bytes(), 0)
    note = path.read_text("utf-8")
    if Checkpoint.parse(note).size != int(path.suffix[1:]):
        return "its size is not the one it is named after"
    return None if note in first["checkpoints"] else "the bundle does not carry it"


def golden(folder: Path) -> bool:
    """Holds all golden files of a folder."""
    trials: dict[Path, Trial] = dict.fromkeys(sorted(folder.glob("*.tally")), golden_container)
    trials |= dict.fromkeys(sorted(folder.glob("checkpoint.*")), golden_checkpoint)
    return conclude(trials)


def conclude(trials: dict[Path, Trial]) -> bool:
    """Prints each trial that fails, and how many did; without any trial nothing has passed."""
    failed = 0
    for path, trial in trials.items():
        try:
            objection = trial(path)
        except (Bad, OSError, ValueError, KeyError) as error:
            objection = f"cannot be read: {error!r}"
        if objection is not None:
            failed += 1
            print(f"{path.name}: {objection}")
    print(f"{len(trials) - failed} passed, {failed} failed")
    return failed == 0 and len(trials) > 0


# -------------------------------------------------------------------------------- Command line


class Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        """Leaves with 1, since 2 is the status of a verdict."""
        self.print_usage(sys.stderr)
        self.exit(1, f"{self.prog}: error: {message}\n")


def parser() -> Parser:
    options = Parser(description="verifies Tally bundles and extracts")
    options.add_argument("--key", metavar="VKEY", action="append", default=[])
    options.add_argument("--policy", metavar="FILE", type=Path)
    options.add_argument("--ledger-id", metavar="HEX", action="append", default=[])
    options.add_argument("--seen", metavar="FILE", type=Path, action="append", default=[])
    options.add_argument("--unpinned", action="store_true", help="exit 0 without a pin, too")
    options.add_argument("--json", action="store_true", help="print one JSON object per source")
    options.add_argument("--vectors", metavar="DIR", type=Path)
    options.add_argument("--golden", metavar="DIR", type=Path)
    options.add_argument("source", metavar="SOURCE", nargs="*", type=Path)
    return options


def pins_of(given: argparse.Namespace) -> Pins:
    pins = Pins([Vkey.parse(vkey, 1) for vkey in given.key])
    if given.policy is not None:
        pins.policy = Policy.parse(given.policy.read_bytes())
    for id_ in given.ledger_id:
        need(len(id_) == 64, f"{id_!r} is not a ledger's id")
        pins.ids.append(bytes.fromhex(id_))
    for path in given.seen:
        seen = Checkpoint.parse(path.read_text("utf-8"))
        pins.seen.append((seen.size, seen.root))
    return pins


def print_result(source: Path, result: Result) -> None:
    """Prints a result for people; texts of the ledger are escaped."""
    print(f"{source}: {result.verdict}")
    if result.code is not None:
        place = "" if result.seq is None else f" at {result.seq}"
        print(f"  fault: {result.code}{place}")
    if result.message is not None:
        print(f"  {ascii(result.message)[1:-1]}")
    print(f"  entries: {result.entries}, withheld: {result.withheld}")
    print(f"  pins: {result.pins_met} met, {result.pins_not_checked} not checked")
    print(f"  one history: {result.one_history}")
    if result.complete is not None:
        print(f"  complete: {result.complete}")
    for report in result.reports:
        details = ", ".join(f"{k} {v}" for k, v in report.items() if k != "word")
        print(f"  {report['word']}: {details}")


def main() -> int:
    options = parser()
    given = options.parse_args()
    if given.vectors is not None:
        return 0 if vectors(given.vectors) else 1
    if given.golden is not None:
        return 0 if golden(given.golden) else 1
    if not given.source:
        options.error("name a bundle or an extract")
    status = 0
    try:
        pins = pins_of(given)
        for source in given.source:
            result = verify(source.read_bytes(), pins)
            if given.json:
                print(json.dumps({"source": str(source), **vars(result)}))
            else:
                print_result(source, result)
            status = max(status, result.status(given.unpinned))
    except (Bad, OSError, ValueError) as error:
        options.error(str(error))
    return status


if __name__ == "__main__":
    sys.exit(main())
