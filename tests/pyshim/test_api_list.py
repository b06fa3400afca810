"""Every name of `api.jsonl` is here, of the same kind, with the same parameters.

`api.jsonl` was made by `describe_api.py` with the reference. What is not here yet stands in
`api_missing.txt`, one module, name or member a line, below a line `#` that says why.
"""

import json
import os
import sys
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
from describe_api import describe_name


def lines(name):
    with open(os.path.join(HERE, name), encoding="utf-8") as stream:
        return stream.read().splitlines()


def told(parameters):
    """False for what is native and has no signature; Python 3.13 makes one up."""
    return parameters is not None and "object" not in parameters


def differences(row):
    place = f"{row['module']} {row['name']}".strip()
    here = describe_name(row["module"], row["name"])
    if here["kind"] != row["kind"]:
        yield f"{place}: {here['kind']}"
        return
    for key in ("parameters", "value"):
        if here.get(key) == row.get(key):
            continue
        if key == "value" or told(row.get(key)):
            yield f"{place}: {key} {here.get(key)}, not {row.get(key)}"
    for name, member in row.get("members", {}).items():
        mine = here["members"].get(name)
        if mine is None:
            yield f"{place} {name}: missing"
        elif mine != member and told(member[1]):
            yield f"{place} {name}: {mine}, not {member}"


class List(unittest.TestCase):
    maxDiff = None

    def test_what_the_reference_has_is_here(self):
        missing = {line.partition(":")[0] for line in lines("api_missing.txt") if line[0] != "#"}
        modules = {place for place in missing if " " not in place}
        found = []
        for line in lines("api.jsonl"):
            row = json.loads(line)
            if row["module"] in modules:
                continue
            found += [text for text in differences(row) if text.partition(":")[0] not in missing]
        self.assertEqual("\n".join(found), "")


if __name__ == "__main__":
    if "--renew" in sys.argv:
        with open(os.path.join(HERE, "api_missing.txt"), "w", encoding="utf-8") as out:
            absent = set()
            for line in lines("api.jsonl"):
                row = json.loads(line)
                for text in differences(row):
                    if row["module"] not in absent:
                        print(text, file=out)
                    if text.endswith("NotFoundError") and not row["name"]:
                        absent.add(row["module"])
    else:
        unittest.main()
