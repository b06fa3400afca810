"""DD_TRACE_METHODS: functions of the program traced by the environment."""

import os
import subprocess
import sys
import tempfile
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))

MODULE = """
import inspect

def plain(x, y=1):
    return x + y

async def later():
    return 1

def items():
    yield 1

class Shop:
    def sell(self):
        return 1

    @classmethod
    def open(cls):
        return cls

    @staticmethod
    def fail():
        raise ValueError("no")

class Bakery(Shop):
    class Oven:
        def bake(self):
            return 2
"""

PROGRAM = """
import asyncio, inspect, sys
sys.path[:0] = [{here!r}, {folder!r}]
from spans_seen import spans_seen
with spans_seen() as seen:
    import wares
    assert wares.plain(1) == 2 and inspect.signature(wares.plain) == inspect.signature(lambda x, y=1: 0)
    assert asyncio.run(wares.later()) == 1 and inspect.iscoroutinefunction(wares.later)
    assert list(wares.items()) == [1]
    assert wares.Bakery().sell() == 1 and wares.Bakery.open() is wares.Bakery
    assert wares.Bakery.Oven().bake() == 2
    try:
        wares.Shop.fail()
    except ValueError:
        pass
for span in seen:
    print(span.name, span.resource, span.get_tag("component"), span.error)
"""


def run(setting):
    with tempfile.TemporaryDirectory() as folder:
        with open(os.path.join(folder, "wares.py"), "w", encoding="utf-8") as out:
            out.write(MODULE)
        done = subprocess.run(
            [sys.executable, "-c", PROGRAM.format(here=HERE, folder=folder)],
            capture_output=True,
            text=True,
            env={**os.environ, "DD_TRACE_METHODS": setting, "DD_TRACE_AGENT_URL": "http://127.0.0.1:1"},
        )
    return done.stdout.splitlines(), done.stderr


class TracedFunctions(unittest.TestCase):
    def test_functions_and_methods_of_every_kind_have_spans(self):
        lines, errors = run("wares:plain,later,items;wares:Shop.sell,Shop.open,Shop.fail,Bakery.Oven.bake")
        expected = ["plain", "later", "items", "Bakery.sell", "Bakery.open", "Oven.bake", "fail"]
        self.assertEqual(
            lines,
            [f"trace.annotation {name} trace {int(name == 'fail')}" for name in expected],
            errors,
        )

    def test_one_wrong_part_is_told_and_traces_nothing(self):
        for setting, wrong in (
            ("wares:plain;wares", "'wares' is not of the form module:function"),
            ("wares:plain, later", "' later' is no name of a function"),
            ("__main__:run", "'__main__:run' names the main module"),
        ):
            with self.subTest(setting):
                lines, errors = run(setting)
                self.assertEqual(lines, [])
                self.assertIn(f"ddpython: DD_TRACE_METHODS: {wrong}", errors)

    def test_a_function_that_is_not_there_is_told_and_the_import_goes_on(self):
        lines, errors = run("wares:nosuch,plain")
        self.assertEqual(lines, ["trace.annotation plain trace 0"])
        self.assertIn("wares has no function nosuch", errors)


if __name__ == "__main__":
    unittest.main()
