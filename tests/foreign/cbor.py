"""The CBOR profile of section 4: strict reading, and the few bytes that are ever written."""

from __future__ import annotations

import hashlib
from typing import Any

UINT_MAX = 2**53 - 1
DEPTH_MAX = 16


class Bad(Exception):
    """A rule is broken; the step that was under way gives it a code."""


def need(condition: object, message: str) -> None:
    if not condition:
        raise Bad(message)


def sha256(*parts: bytes) -> bytes:
    return hashlib.sha256(b"".join(parts)).digest()


def head(data: bytes, at: int) -> tuple[int, int, int]:
    """Reads the head of an item: its major type, its argument, and where the head ends."""
    need(at < len(data), "the bytes end where an item should begin")
    major, low = data[at] >> 5, data[at] & 31
    if low < 24:
        return major, low, at + 1
    need(low < 28, f"byte {data[at]:02x} begins no item of the profile")
    size = 1 << (low - 24)
    need(at + 1 + size <= len(data), "the bytes end inside the head of an item")
    argument = int.from_bytes(data[at + 1 : at + 1 + size], "big")
    least = 24 if size == 1 else 1 << (4 * size)
    need(argument >= least, f"the argument {argument} is not in its shortest form")
    return major, argument, at + 1 + size


def string(data: bytes, at: int, length: int) -> tuple[bytes, int]:
    """Reads the content of a string whose head was read, and where it ends."""
    need(length <= len(data) - at, f"a string of {length} bytes is cut short")
    return data[at : at + length], at + length


def item(data: bytes, at: int, keys: type = str, level: int = 1) -> tuple[Any, int]:
    """Reads one item whose map keys are all `str` or all `int`, and where it ends.

    `level` is what the item counts as if it is an array or a map.
    """
    need(at < len(data), "the bytes end where an item should begin")
    if data[at] in (0xF4, 0xF5, 0xF6):
        return (False, True, None)[data[at] - 0xF4], at + 1
    need(data[at] < 0xC0, f"byte {data[at]:02x} begins no item of the profile")
    major, n, at = head(data, at)
    if major <= 1:
        need(n + major <= UINT_MAX, "an integer is beyond 2^53 - 1")
        return (n if major == 0 else -1 - n), at
    if major <= 3:
        content, at = string(data, at, n)
        if major == 2:
            return content, at
        try:
            return content.decode(), at
        except UnicodeDecodeError as error:
            raise Bad("a text is not UTF-8") from error
    need(level <= DEPTH_MAX, f"arrays and maps are nested more than {DEPTH_MAX} deep")
    if major == 4:
        elements = []
        for _ in range(n):
            element, at = item(data, at, keys, level + 1)
            elements.append(element)
        return elements, at
    return members(data, at, n, keys, level)


def members(data: bytes, at: int, n: int, keys: type, level: int) -> tuple[dict[Any, Any], int]:
    """Reads the members of a map whose head was read."""
    found: dict[Any, Any] = {}
    before = b""
    for _ in range(n):
        # A key is no array or map, so its level does not matter.
        key, end = item(data, at, keys, level + 1)
        need(type(key) is keys, f"a map key is not of type {keys.__name__}")
        need(data[at:end] > before, "a map key is out of order or repeated")
        before = data[at:end]
        found[key], at = item(data, end, keys, level + 1)
    return found, at


def whole_item(data: bytes, keys: type = str) -> Any:
    """Reads bytes that are one item and nothing else."""
    value, end = item(data, 0, keys)
    need(end == len(data), f"{len(data) - end} bytes follow the item")
    return value


def byte_string(data: bytes) -> bytes:
    """Writes a byte string of at most 65,535 bytes."""
    n = len(data)
    if n < 24:
        return bytes([0x40 + n]) + data
    return (bytes([0x58, n]) if n < 256 else b"\x59" + n.to_bytes(2, "big")) + data
