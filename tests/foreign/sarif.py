"""Holds logs against the schema of SARIF 2.1.0, and against rules of its text that no schema says.

    sarif.py SCHEMA LOG...

The schema is the one of OASIS, as a package carries it; nothing is loaded from elsewhere. Every log
is also changed in ways that the standard forbids, and each change must be noticed.
"""

import copy
import json
import re
import sys

from jsonschema.validators import validator_for


def strings(node, wanted, found):
    """Collects the texts of all members of that name."""
    if isinstance(node, dict):
        for name, value in node.items():
            if name == wanted and isinstance(value, str):
                found.append(value)
            strings(value, wanted, found)
    elif isinstance(node, list):
        for value in node:
            strings(value, wanted, found)
    return found


def faults(log, validator):
    """Yields what is wrong with a log."""
    errors = list(validator.iter_errors(log))
    for error in errors:
        yield f"{list(error.absolute_path)}: {error.message}"
    if errors:
        return
    for run in log.get("runs", []):
        rules = run["tool"]["driver"].get("rules", [])
        suppressed = {"suppressions" in result for result in run["results"]}
        if len(suppressed) > 1:
            yield "3.27.23: suppressions are there for some results only"
        for result in run["results"]:
            if (result.get("kind", "fail") == "fail") == (result.get("level") == "none"):
                yield f"3.27.10: {result.get('kind')} with the level {result.get('level')}"
            index = result.get("ruleIndex", -1)
            if not 0 <= index < len(rules) or rules[index]["id"] != result["ruleId"]:
                yield f"3.27.6: {result['ruleId']} is not the rule {index}"
            text = result.get("message", {}).get("text", "")
            if re.search(r"[{}]", text.replace("{{", "").replace("}}", "")):
                yield f"3.11.5: a placeholder in {text!r}"
            if re.search(r"(?<!\\)\[[^\]]*(?<!\\)\]\(", text):
                yield f"3.11.6: a link in {text!r}"
        for uri in strings(run["results"], "uri", []):
            if not re.fullmatch(r"[A-Za-z0-9._~:/?#\[\]@!$&'()*+,;=%-]+", uri):
                yield f"3.10.1: {uri!r} is no reference by RFC 3986"
        failed = any(
            notice.get("level") == "error"
            for invocation in run["invocations"]
            for notice in invocation["toolExecutionNotifications"]
        )
        if failed and any(invocation["executionSuccessful"] for invocation in run["invocations"]):
            yield "3.20.21: an error was told of a run that succeeded"


def altered(log):
    """Yields copies of a log, each with one defect."""

    def copied(change):
        other = copy.deepcopy(log)
        change(other["runs"][0])
        return other

    yield {**log, "version": "2.0.0"}
    yield copied(lambda run: run.pop("tool"))
    yield copied(lambda run: run.update(columnKind="bytes"))
    yield copied(lambda run: run.update(further=1))
    if log["runs"][0]["results"]:
        yield copied(lambda run: run["results"][0].update(kind="fail", level="none"))
        yield copied(lambda run: run["results"][0].update(kind="diverges"))
        yield copied(lambda run: run["results"][0].update(ruleIndex=9999))
        yield copied(lambda run: run["results"][0].pop("message"))
        yield copied(lambda run: run["results"][0].update(message={"text": "{0}"}))
        yield copied(lambda run: run["results"][0].update(message={"text": "[a](b)"}))
        yield copied(lambda run: run["results"][0].update(locations=[{"uri": "a"}]))


def main(schema, names):
    with open(schema, encoding="utf-8") as file:
        schema = json.load(file)
    kind = validator_for(schema)
    kind.check_schema(schema)
    validator = kind(schema)
    results = refused = 0
    for name in names:
        with open(name, encoding="utf-8") as file:
            log = json.load(file)
        found = list(faults(log, validator))
        if found:
            sys.exit(f"{name}: " + "\n".join(found[:20]))
        results += len(log["runs"][0]["results"])
        for i, other in enumerate(altered(log)):
            if not list(faults(other, validator)):
                sys.exit(f"{name}: the change {i} was not noticed")
            refused += 1
    print(f"{len(names)} logs with {results} results valid, {refused} altered ones refused")


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
