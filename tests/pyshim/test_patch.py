"""patch() and what is around it, with integrations of the standard library."""

import importlib
import os
import sqlite3
import subprocess
import sys
import tempfile
import unittest
import warnings

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from spans_seen import spans_seen


def query():
    with spans_seen() as seen:
        sqlite3.connect(":memory:").cursor().execute("select 1")
    return [span.name for span in seen]


def run(code, **environment):
    shown = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        env={**os.environ, **environment},
    )
    return shown.stdout.strip(), shown.stderr.strip()


class Patch(unittest.TestCase):
    def test_an_unknown_name_is_an_error(self):
        from ddtrace import _monkey, patch

        with self.assertRaises(_monkey.ModuleNotFoundException) as caught:
            patch(nosuch=True)
        self.assertIsInstance(caught.exception, _monkey.PatchException)
        self.assertEqual(
            str(caught.exception), "nosuch does not have automatic instrumentation"
        )

    def test_an_unknown_name_is_none_when_told_so(self):
        from ddtrace import patch

        patch(raise_errors=False, nosuch=True)
        patch(nosuch=False)

    def test_a_known_library_without_an_integration_here_is_accepted(self):
        from ddtrace import _monkey, patch

        patch(pylibmc=True)
        self.assertIn("pylibmc", _monkey._get_patched_modules())

    def test_what_is_known_of_a_library_agrees_with_its_integration(self):
        from ddtrace import _contrib
        from ddtrace.internal._integrations import DEFAULTS

        native = {name: state[0] for name, state in _contrib.states().items()}
        del native["asgi"]  # no name of a library; it is what web frameworks share
        self.assertEqual(native, {name: DEFAULTS.get(name) for name in native})

    def test_patching_twice_makes_one_span(self):
        from ddtrace import patch

        patch(sqlite3=True)
        patch(sqlite3=True)
        self.assertEqual(query(), ["sqlite.query"])

    def test_unpatch_puts_the_library_back(self):
        module = importlib.import_module("ddtrace.contrib.internal.sqlite3.patch")
        module.unpatch()
        self.assertEqual(query(), [])
        module.patch()
        self.assertEqual(query(), ["sqlite.query"])

    def test_modules_of_integrations_say_what_they_are_for(self):
        module = importlib.import_module("ddtrace.contrib.internal.requests.patch")
        self.assertEqual(module._supported_versions(), {"requests": ">=2.25.1"})
        self.assertEqual(module.get_versions(), {})
        self.assertIs(module.config, importlib.import_module("ddtrace").config)
        with self.assertRaises(ModuleNotFoundError):
            importlib.import_module("ddtrace.contrib.internal.nosuch.patch")
        with self.assertRaises(ModuleNotFoundError):
            importlib.import_module("ddtrace.contrib.sqlite3")

    def test_modules_of_integrations_know_the_versions_of_libraries(self):
        def module(name):
            return importlib.import_module(f"ddtrace.contrib.internal.{name}.patch")

        self.assertEqual(module("sqlite3").get_version(), sqlite3.sqlite_version)
        for name in ("asyncio", "futures", "logging", "subprocess"):
            self.assertEqual(module(name).get_version(), "")
        cases = {
            "httplib": {"http.client": "*"},
            "grpc": {"grpc": ">=1.34"},
            "kafka": {"confluent_kafka": ">=1.9.2"},
            "psycopg": {"psycopg": ">=3.0.0", "psycopg2": ">=2.9.10"},
        }
        for name, versions in cases.items():
            self.assertEqual(module(name)._supported_versions(), versions)

    def test_patch_all_is_deprecated(self):
        from ddtrace import DDTraceDeprecationWarning, patch_all

        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            patch_all(nosuch=True)
        self.assertEqual([warning.category for warning in caught], [DDTraceDeprecationWarning])
        self.assertIn("patch_all is deprecated", str(caught[0].message))
        self.assertEqual(caught[0].filename, __file__)

    def test_versions_are_compared(self):
        from ddtrace._monkey import is_version_compatible

        cases = [
            ("2.0.1", ">=1.0,<3", True),
            ("3.0", ">=1.0,<3", False),
            ("3.0", "*", True),
            ("2.9", "~=2.1", True),
            ("3.0", "~=2.1", False),
            ("2.1.7", "==2.1.*", True),
            ("2.10", "==2.1.*", False),
        ]
        for version, versions, expected in cases:
            with self.subTest(version=version, versions=versions):
                self.assertEqual(is_version_compatible(version, versions), expected)


PROGRAM = """
import sqlite3
from ddtrace import patch, _contrib
%s
state = _contrib.states()["sqlite3"]
print(state[2])
"""


class Switches(unittest.TestCase):
    def test_the_environment_decides(self):
        cases = [
            ({}, "", "True"),
            ({"DD_TRACE_SQLITE3_ENABLED": "false"}, "", "False"),
            ({"DD_PATCH_MODULES": "sqlite3:false"}, "", "False"),
            (
                {"DD_TRACE_SQLITE3_ENABLED": "false", "DD_PATCH_MODULES": "sqlite3:true"},
                "",
                "True",
            ),
            ({"DD_TRACE_ENABLED": "false"}, "", "False"),
            ({"DD_TRACE_SQLITE3_ENABLED": "false"}, "patch(sqlite3=True)", "True"),
            ({"DD_TRACE_SQLITE3_ENABLED": "false"}, "import ddtrace.auto", "False"),
        ]
        for environment, code, expected in cases:
            with self.subTest(environment, code=code):
                self.assertEqual(run(PROGRAM % code, **environment), (expected, ""))


LIBRARY = """
import sys, types
sessions = types.ModuleType("requests.sessions")
class Session:
    def send(self, request): ...
sessions.Session = Session
sys.modules["requests.sessions"] = sessions
adapters = types.ModuleType("requests.adapters")
class HTTPAdapter:
    def send(self, request): ...
adapters.HTTPAdapter = HTTPAdapter
sys.modules["requests.adapters"] = adapters
sys.path.insert(0, %r)
import requests
from ddtrace import _contrib
print(_contrib.states()["requests"][2])
"""


class SafeInstrumentation(unittest.TestCase):
    def library(self, version, safe):
        with tempfile.TemporaryDirectory() as folder:
            with open(os.path.join(folder, "requests.py"), "w") as stream:
                stream.write(f"__version__ = {version!r}\n")
            return run(LIBRARY % folder, DD_TRACE_SAFE_INSTRUMENTATION_ENABLED=safe)

    def test_a_version_nobody_has_tried_is_left_alone(self):
        shown, complaint = self.library("1.0.0", "true")
        self.assertEqual(shown, "False")
        self.assertIn(
            "failed to enable ddtrace support for requests: Skipped patching 'requests' "
            "integration, installed version: 1.0.0 is not compatible with integration support "
            "spec: >=2.25.1.",
            complaint,
        )

    def test_others_are_instrumented(self):
        for version, safe in (("2.31.0", "true"), ("1.0.0", "false")):
            self.assertEqual(self.library(version, safe), ("True", ""))


if __name__ == "__main__":
    unittest.main()
