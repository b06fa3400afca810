"""describe_api.py NAMES: what the modules and names of a list are, as this interpreter sees them.

NAMES is a JSON file, {module: [name, ...]}; with "*" as a name all public names of the module are
described. Prints JSON: {module: {name: {"kind": ..., "parameters": [...], "members": {...}}}}. Run
with the reference to renew `api.json`, with ddpython to compare.
"""

import importlib
import inspect
import json
import sys


def parameters(thing):
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
            if name.startswith("_"):
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


def describe_module(name, wanted):
    try:
        module = importlib.import_module(name)
    except ImportError as error:
        return {"": {"kind": f"{type(error).__name__}"}}
    if "*" in wanted:
        wanted = [
            other
            for other, value in vars(module).items()
            if not other.startswith("_")
            and not inspect.ismodule(value)
            and str(getattr(value, "__module__", "ddtrace")).startswith("ddtrace")
        ]
    out = {}
    for other in wanted:
        if hasattr(module, other):
            out[other] = describe(getattr(module, other))
        else:
            out[other] = {"kind": "missing"}
    return out


def main():
    with open(sys.argv[1], encoding="utf-8") as stream:
        names = json.load(stream)
    described = {module: describe_module(module, wanted) for module, wanted in names.items()}
    json.dump(described, sys.stdout, indent=1, sort_keys=True)
    print()


if __name__ == "__main__":
    main()
