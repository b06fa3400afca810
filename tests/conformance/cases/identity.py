"""identity.py FILE: what a program can see of each target in the file, one "module:path" a line.

Everything that tells one function from another: its type, signature, documentation and place, what
`inspect` says, whether it pickles, copies, can be weakly referenced, compared and kept in a set, and
what becomes of it in a subclass.
"""

from __future__ import annotations

import copy
import importlib
import inspect
import pickle
import re
import sys
import weakref
from typing import Any

ADDRESS = re.compile(r"0x[0-9a-f]+")
ASKED = [
    inspect.isfunction,
    inspect.isbuiltin,
    inspect.ismethoddescriptor,
    inspect.isroutine,
    inspect.isclass,
    inspect.iscoroutinefunction,
    inspect.isgeneratorfunction,
    inspect.isasyncgenfunction,
]
NAMES = ("__name__", "__qualname__", "__module__", "__doc__", "__defaults__", "__kwdefaults__")


def tried(call: Any) -> str:
    try:
        return ADDRESS.sub("0x", repr(call()))
    except BaseException as error:
        return f"{type(error).__name__}: {ADDRESS.sub('0x', str(error))[:200]}"


def same(other: Any, one: Any) -> str:
    return "itself" if other is one else f"another {type(other).__name__}"


def source_line(found: Any) -> int:
    return inspect.getsourcelines(found)[1]


def facts(owner: Any, name: str) -> dict[str, str]:
    found = getattr(owner, name)
    kept = inspect.getattr_static(owner, name)
    shown = {
        "type": type(found).__name__,
        "kept": type(kept).__name__,
        "repr": tried(lambda: found),
        "signature": tried(lambda: inspect.signature(found)),
        "hints": tried(lambda: sorted(getattr(found, "__annotations__", {}))),
        "pickle": tried(lambda: same(pickle.loads(pickle.dumps(found)), found)),
        "copy": tried(lambda: same(copy.copy(kept), kept)),
        "deepcopy": tried(lambda: same(copy.deepcopy(kept), kept)),
        "weakref": tried(lambda: same(weakref.ref(kept)(), kept)),
        "hash": str(kept in {kept}),
        "equal": str(getattr(owner, name) == found),
        "code": tried(lambda: found.__code__.co_name),
        "flags": tried(lambda: found.__code__.co_flags),
        "line": tried(lambda: source_line(found)),
        "unwrapped": tried(lambda: same(inspect.unwrap(found), found)),
        "attributes": tried(lambda: sorted(vars(found))),
        "listed": tried(lambda: sorted(set(dir(found)))),
        "is": " ".join(ask.__name__ for ask in ASKED if ask(found)),
    }
    for attribute in NAMES:
        shown[attribute] = tried(lambda attribute=attribute: getattr(found, attribute))
    if inspect.isclass(owner):
        shown["mro"] = tried(lambda: [each.__qualname__ for each in owner.__mro__])
        shown["in a subclass"] = tried(lambda: in_subclass(owner, name, kept))
        shown["owner pickles"] = tried(lambda: same(pickle.loads(pickle.dumps(owner)), owner))
        shown["owner has"] = tried(lambda: sorted(vars(owner)))
    return shown


def in_subclass(owner: Any, name: str, kept: Any) -> str:
    below = type("Below", (owner,), {})
    return same(inspect.getattr_static(below, name), kept)


for line in open(sys.argv[1]).read().split():
    module, _, path = line.partition(":")
    *owners, last = path.split(".")
    try:
        owner: Any = importlib.import_module(module)
        for each in owners:
            owner = getattr(owner, each)
        getattr(owner, last)
    except Exception as error:
        print(line, "is not there:", type(error).__name__)
        continue
    for fact, text in facts(owner, last).items():
        print(line, f"{fact}:", text)
