"""What the types say: a checked program, our own code, and the stub against the native module.

Needs the environment `otel` of tests/env/setup.
"""

import os
import pathlib
import subprocess
import sys
import unittest

HERE = pathlib.Path(__file__).resolve().parent
PACKAGE = HERE.parents[1] / "pyshim"
HOME = pathlib.Path(os.environ.get("DD_TEST_HOME", pathlib.Path.home() / ".cache/ddpython"))
SITE = next(HOME.glob("otel-%d.%d/lib/python*/site-packages" % sys.version_info[:2]), None)
if SITE is None:
    print("no environment otel: tests/env/setup makes it")
    sys.exit(77)
OWN = ["ddtrace/_trace/processor.py", "ddtrace/_trace/provider.py", "ddtrace/_trace/tracer.py",
       "ddtrace/_trace/_wrap.py", "ddtrace/trace", "ddtrace/propagation", "ddtrace/constants.py",
       "ddtrace/ext", "ddtrace/opentelemetry", "ddtrace/internal", "ddtrace/_monkey.py",
       "ddtrace/__init__.py", "ddtrace/_trace/pin.py", "ddtrace/contrib/dbapi.py",
       "ddtrace/contrib/dbapi_async.py", "ddtrace/contrib/wsgi.py", "ddtrace/contrib/trace_utils.py",
       "ddtrace/contrib/internal", "ddtrace/vendor", "ddtrace/runtime"]


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

    def test_our_own_code_is_strict(self):
        self.mypy(*OWN)

    def test_the_stub_is_what_the_module_has(self):
        self.run_mypy("mypy.stubtest", "ddtrace._native", "--mypy-config-file",
                      str(HERE / "stubtest.ini"), "--concise")


if __name__ == "__main__":
    unittest.main()
