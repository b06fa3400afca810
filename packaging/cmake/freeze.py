"""freeze.py NAME DIRECTORY OUT: compiles a package into OUT.blob and describes it in OUT.cc.

Run by the interpreter the package is for: the blob holds its marshalled code.
"""

import marshal
import os
import sys

HEADER = """\
// Made by packaging/cmake/freeze.py.
#include "core/py/imports/frozen.h"

asm(".section .rodata\\n"
    ".local dd_blob_{name}\\n"
    ".balign 16\\n"
    "dd_blob_{name}:\\n"
    ".incbin \\"{blob}\\"\\n"
    ".byte 0\\n"
    ".previous\\n");
extern "C" {{
__attribute__((visibility("hidden"))) extern const char dd_blob_{name}[{size}];
}}

namespace dd::py::packages {{
namespace {{
"""


def files_below(directory):
    for folder, folders, names in os.walk(directory):
        folders[:] = sorted(f for f in folders if f != "__pycache__")
        for name in sorted(names):
            if name.endswith((".py", ".pyi")) or name == "py.typed":
                path = os.path.join(folder, name)
                yield os.path.relpath(path, directory).replace(os.sep, "/"), path


def module_name(package, relative):
    parts = [package, *relative[: -len(".py")].split("/")]
    is_package = parts[-1] == "__init__"
    return ".".join(parts[:-1] if is_package else parts), is_package


def main(package, directory, out):
    blob = bytearray()

    def keep(data):
        at = len(blob)
        blob.extend(data)
        return "{%d, %d}" % (at, len(data))

    modules, files = [], []
    # Names lie together: they are looked through.
    names = {}
    for relative, _ in files_below(directory):
        names[relative] = keep(f"{package}/{relative}".encode())
        if relative.endswith(".py"):
            names[relative + ":"] = keep(module_name(package, relative)[0].encode())
    for relative, path in files_below(directory):
        with open(path, "rb") as stream:
            source = stream.read()
        file = f"{package}/{relative}"
        if not relative.endswith(".py"):
            files.append("    {%s, %s}," % (names[relative], keep(source)))
            continue
        name, is_package = module_name(package, relative)
        code = compile(source, f"<ddpython>/{file}", "exec", dont_inherit=True, optimize=0)
        modules.append("    {%s, %s, %s, %s, %s}," % (
            names[relative + ":"], names[relative], keep(marshal.dumps(code)), keep(source), str(is_package).lower()))
    with open(out + ".blob", "wb") as stream:
        stream.write(blob)
    with open(out + ".cc", "w", encoding="utf-8") as stream:
        stream.write(HEADER.format(name=package, blob=os.path.abspath(out + ".blob"),
                                   size=len(blob) + 1))
        for kind, name, rows in (("FrozenModule", "kModules", modules),
                                 ("FrozenFile", "kFiles", files)):
            stream.write("constinit const %s %s[] = {\n%s\n};\n" % (kind, name, "\n".join(rows))
                         if rows else "constinit const std::span<const %s> %s;\n" % (kind, name))
        stream.write("}  // namespace\n\nextern const FrozenPackage %s;\n" % package)
        stream.write("constinit const FrozenPackage %s = {\"%s\", dd_blob_%s, kModules, kFiles};\n"
                     % (package, package, package))
        stream.write("}  // namespace dd::py::packages\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
