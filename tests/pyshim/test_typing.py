"""What the types say: a checked program, our own code, and the stub against the native module.

Needs the environment `otel` of tests/env/setup.
"""

import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

HERE = pathlib.Path(__file__).resolve().parent
PACKAGE = HERE.parents[1] / "pyshim"
HOME = pathlib.Path(os.environ.get("DD_TEST_HOME", pathlib.Path.home() / ".cache/ddpython"))
SITE = next(HOME.glob("otel-%d.%d/lib/python*/site-packages" % sys.version_info[:2]), None)
if SITE is None:
    print("no environment otel: tests/env/setup makes it")
    sys.exit(77)


class Types(unittest.TestCase):
    def run_mypy(self, module, *arguments):
        environment = os.environ | {"PYTHONPATH": str(SITE), "MYPYPATH": str(PACKAGE)}
        done = subprocess.run([sys.executable, "-m", module, *arguments], capture_output=True,
                              text=True, cwd=PACKAGE, env=environment)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def mypy(self, *files):
        self.run_mypy("mypy", "--strict", "--follow-imports=silent", "--cache-dir", os.devnull, *files)

    def test_a_program_is_accepted_and_seen_right(self):
        self.mypy(str(HERE / "typed_program.py"))

    @unittest.skipUnless((SITE / "pyright").is_dir(), "the environment otel has no pyright yet")
    def test_pyright_accepts_it_too(self):
        with tempfile.TemporaryDirectory() as folder:
            shutil.copy(HERE / "typed_program.py", folder)
            with open(os.path.join(folder, "pyrightconfig.json"), "w") as out:
                json.dump({"include": ["typed_program.py"], "typeCheckingMode": "strict",
                           "extraPaths": [str(PACKAGE), str(SITE)]}, out)
            done = subprocess.run([sys.executable, "-m", "pyright"], cwd=folder, text=True,
                                  capture_output=True, env=os.environ | {"PYTHONPATH": str(SITE)})
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def test_our_own_code_is_strict(self):
        # Two modules have classes of libraries that are not in the environment.
        self.mypy("ddtrace", "--exclude", "contrib/requests|testing/internal")

    def test_the_stub_is_what_the_module_has(self):
        self.run_mypy("mypy.stubtest", "ddtrace._native", "--mypy-config-file",
                      str(HERE / "stubtest.ini"), "--allowlist",
                      str(HERE / "stubtest_allow.txt"), "--concise")


if __name__ == "__main__":
    unittest.main()
