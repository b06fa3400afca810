"""describe_api.py NAMES: what the modules and names of a list are, as this interpreter sees them.

NAMES has a line for each name, {"module": ..., "name": ..., ...}, like `api.jsonl`. Prints the same
lines with what this interpreter knows of them. Run with the reference to renew `api.jsonl`; with
ddpython, `test_api_list.py` compares.
"""

import enum
import importlib
import inspect
import json
import sys


def parameters(thing):
    if isinstance(thing, enum.EnumMeta):
        return None  # of the standard library, another in each version
    try:
        signature = inspect.signature(thing)
    except (TypeError, ValueError):
        return None
    out = []
    for parameter in signature.parameters.values():
        text = {
            parameter.VAR_POSITIONAL: "*" + parameter.name,
            parameter.VAR_KEYWORD: "**" + parameter.name,
        }.get(parameter.kind, parameter.name)
        if parameter.kind == parameter.KEYWORD_ONLY:
            text = "kw " + text
        default = parameter.default
        if default is not parameter.empty:
            plain = default is None or isinstance(default, (bool, int, float, str, tuple))
            text += "=" + (repr(default) if plain else "...")
        out.append(text)
    return out


def kind_of(thing):
    if isinstance(thing, type):
        return "exception" if issubclass(thing, BaseException) else "class"
    if isinstance(thing, property) or inspect.isdatadescriptor(thing):
        return "attribute"
    if inspect.iscoroutinefunction(thing):
        return "coroutine function"
    return "function" if callable(thing) else "value"


def defined_by_us(thing, name):
    for base in thing.__mro__:
        if name in vars(base):
            return base.__module__.startswith("ddtrace")
    return False


def describe(thing):
    kind = kind_of(thing)
    row = {"kind": kind}
    if kind in ("class", "function", "exception", "coroutine function"):
        row["parameters"] = parameters(thing)
    elif kind == "value" and isinstance(thing, (str, int, float, bool, type(None))):
        row["value"] = repr(thing)
    if kind == "class":
        members = {}
        for name in dir(thing):
            if name.startswith("_") or not defined_by_us(thing, name):
                continue
            member = inspect.getattr_static(thing, name)
            if isinstance(member, (staticmethod, classmethod)):
                kind = type(member).__name__
                members[name] = [kind, parameters(getattr(thing, name))]
            elif kind_of(member) in ("function", "coroutine function"):
                members[name] = [kind_of(member), parameters(member)]
            else:
                members[name] = ["attribute", None]
        row["members"] = members
    return row


def describe_name(module_name, name):
    try:
        module = importlib.import_module(module_name)
    except ImportError as error:
        return {"kind": type(error).__name__}
    if not name:
        return {"kind": "module"}
    return describe(getattr(module, name)) if hasattr(module, name) else {"kind": "missing"}


def main():
    with open(sys.argv[1], encoding="utf-8") as stream:
        for line in stream:
            row = json.loads(line)
            place = {"module": row["module"], "name": row["name"]}
            print(json.dumps({**place, **describe_name(*place.values())}))


if __name__ == "__main__":
    main()
