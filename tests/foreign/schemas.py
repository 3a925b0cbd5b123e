"""Holds documents against the JSON Schemas (draft 2020-12) of docs/schema, and alters each.

    schemas.py FOLDER NAME=DOCUMENT...

The schemas let further members be, as later versions may add some. Here they are closed: a member
that no schema names is a fault.
"""

import copy
import json
import pathlib
import sys

from jsonschema import Draft202012Validator
from referencing import Registry, Resource


def closed(node):
    """Returns a schema in which no object may have a member that is not named."""
    if isinstance(node, list):
        return [closed(value) for value in node]
    if not isinstance(node, dict):
        return node
    node = {name: closed(value) for name, value in node.items()}
    if node.get("type") == "object":
        node["unevaluatedProperties"] = False
    return node


def places(node, path=()):
    """Yields the path of every value in a document."""
    yield path
    if isinstance(node, dict):
        for name, value in node.items():
            yield from places(value, path + (name,))
    elif isinstance(node, list):
        for index, value in enumerate(node[:3]):
            yield from places(value, path + (index,))


def at(node, path):
    for step in path:
        node = node[step]
    return node


def altered(document):
    """Yields copies of a document, each with one defect, and what was done."""
    for path in places(document):
        value = at(document, path)
        if isinstance(value, dict):
            other = copy.deepcopy(document)
            at(other, path)["further"] = 1
            yield other, f"{path}: a further member"
        if path:
            other = copy.deepcopy(document)
            at(other, path[:-1])[path[-1]] = {"unforeseen": True}
            yield other, f"{path}: another type"
    other = copy.deepcopy(document)
    other["schema"] = 2
    yield other, "another schema number"
    other = copy.deepcopy(document)
    other.pop("schema")
    yield other, "no schema number"


def read(path):
    return json.loads(path.read_text(encoding="utf-8"))


def main(folder, names):
    schemas = {path.name: read(path) for path in folder.glob("*.json")}
    for schema in schemas.values():
        Draft202012Validator.check_schema(schema)
    resources = [(s["$id"], Resource.from_contents(closed(s))) for s in schemas.values()]
    registry = Registry().with_resources(resources)
    held, refused, used = 0, 0, set()
    for pair in names:
        name, _, path = pair.partition("=")
        used.add(name)
        validator = Draft202012Validator(closed(schemas[name]), registry=registry)
        document = read(pathlib.Path(path))
        errors = validator.iter_errors(document)
        faults = [f"{list(e.absolute_path)}: {e.message}"[:300] for e in errors]
        if faults:
            sys.exit(f"{path} by {name}:\n" + "\n".join(faults[:20]))
        held += 1
        for other, what in altered(document):
            if validator.is_valid(other):
                sys.exit(f"{path} by {name} is still valid with {what}")
            refused += 1
    if used != set(schemas):
        sys.exit(f"no document for {sorted(set(schemas) - used)}")
    print(f"{held} documents valid, {refused} altered ones refused")


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]), sys.argv[2:])
