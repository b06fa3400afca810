"""Every #include against what its library may use, and the rules of STYLE.md that grep can check.

    layers_test.py SOURCE_DIR BUILD_DIR

Reads BUILD_DIR/layers.txt, which dd_library() writes: folder|library|dependencies. A file belongs to
the nearest folder above it that is a library; it may include its own library and those it names,
directly or through them.
"""

import os
import re
import sys

INCLUDE = re.compile(r'^\s*#\s*include\s+(["<])([^">]+)[">]', re.M)
OURS = ("core/", "contrib/", "products/", "pyshim/", "host/")

FIREWALLS = ("core/py/", "core/events/event.cc", "core/transport/worker.cc", "core/product/product.cc",
             "host/bootstrap.cc")

# Of headers alone.
HEAVY = re.compile(r'#\s*include\s*[<"]((?:absl|google/protobuf|curl|re2)/\S+)[>"]')

# pattern, files it is looked for in, files where it may stand, what to do instead
STYLE = [
    (r"\bPy_(X?INCREF|X?DECREF|CLEAR)\b", OURS, ("core/py/", "core/tracing/", "pyshim/native/"), "hold a py::Ref"),
    (r"#\s*if.*PY_VERSION_HEX", OURS, ("core/py/compat/",), "put the difference into core/py/compat"),
    (r"#\s*include\s*<(iostream|regex|filesystem)>", OURS, (), "too heavy, and not needed"),
    (r"\bcatch\s*\(", OURS, FIREWALLS, "the firewall catches: py::hook, events, worker, products, start"),
    (r"reinterpret_cast<PyCFunction>\(reinterpret_cast<void \(", OURS, ("core/py/method.h",), "py::method<f>"),
    (r"\bgetenv\s*\(", OURS, ("core/config/", "host/"), "declare a setting"),
]


def sources(root):
    for top in ("core", "contrib", "products", "pyshim", "host"):
        for folder, _, names in os.walk(os.path.join(root, top)):
            for name in sorted(names):
                if name.endswith((".h", ".cc", ".c")):
                    yield os.path.relpath(os.path.join(folder, name), root)


def read_layers(path):
    """folder -> library, library -> the libraries it may use, itself included."""
    folders, uses = {}, {}
    with open(path) as lines:
        for line in lines:
            folder, library, dependencies = line.rstrip("\n").split("|")
            folders.setdefault(folder, []).append(library)
            uses[library] = {d for d in dependencies.split(",") if d}

    def closure(library, seen):
        for dependency in uses.get(library, ()):
            if dependency not in seen:
                seen.add(dependency)
                closure(dependency, seen)
        return seen

    return folders, {library: closure(library, {library}) for library in uses}


def owners(path, folders):
    """The libraries of the nearest folder above `path` that has any."""
    folder = os.path.dirname(path)
    while folder and folder not in folders:
        folder = os.path.dirname(folder)
    return folders.get(folder, [])


def main(root, build):
    folders, uses = read_layers(os.path.join(build, "layers.txt"))
    faults = []
    for path in sources(root):
        with open(os.path.join(root, path)) as file:
            text = file.read()
        mine = owners(path, folders)
        allowed = set().union(*(uses[library] for library in mine)) if mine else None
        for kind, name in INCLUDE.findall(text):
            if name == "Python.h" and not any("core_py" in uses[l] for l in mine):
                faults.append(f"{path}: Python.h is out of reach for {', '.join(mine) or 'this folder'}")
            if kind == '"' and name.startswith(OURS) and allowed is not None:
                theirs = owners(name, folders)
                if theirs and not allowed & set(theirs):
                    faults.append(f"{path}: includes {name} of {theirs[0]}, which {mine[0]} does not name")
        if path.endswith(".h"):
            faults += [f"{path}: includes {name}: a header declares" for name in HEAVY.findall(text)]
        for pattern, where, except_for, advice in STYLE:
            if path.startswith(where) and not path.startswith(except_for):
                for match in re.finditer(pattern, text):
                    line = text.count("\n", 0, match.start()) + 1
                    faults.append(f"{path}:{line}: {match.group(0).strip()}: {advice}")
    print("\n".join(faults) or f"{len(folders)} folders keep their layers")
    return bool(faults)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
