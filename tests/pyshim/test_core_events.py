"""ddtrace.internal.core: events, results, and contexts."""

import asyncio
import contextlib
import subprocess
import sys
import threading
import unittest
from dataclasses import dataclass

from ddtrace.internal import core
from ddtrace.internal.core import event_hub, events, subscriber


class Case(unittest.TestCase):
    def setUp(self):
        core.reset_listeners()
        self.addCleanup(core.reset_listeners)
        self.calls = []

    def listen(self, name, *, says=None, fails=None, key=None):
        def callback(*args):
            self.calls.append((name, *args))
            if fails is not None:
                raise fails
            return says

        core.on("event", callback, key)
        return callback


class Dispatch(Case):
    def test_listeners_are_called_in_their_order(self):
        for name in "abc":
            self.listen(name)
        self.assertIsNone(core.dispatch("event", (1, 2)))
        self.assertEqual(self.calls, [("a", 1, 2), ("b", 1, 2), ("c", 1, 2)])

    def test_arguments_are_anything_that_can_be_gone_through(self):
        self.listen("a")
        for given, expected in (
            ((1,), (1,)), ([1], (1,)), ((x for x in (1, 2)), (1, 2)), ("ab", ("a", "b")),
            (5, ()), (None, ()),
        ):
            self.calls.clear()
            core.dispatch("event", given)
            self.assertEqual(self.calls, [("a", *expected)])

    def test_the_same_callback_or_name_is_replaced_in_its_place(self):
        first = self.listen("a")
        self.listen("b", key="name")
        core.on("event", first)
        self.listen("c", key="name")
        core.dispatch("event")
        self.assertEqual([name for name, *_ in self.calls], ["a", "c"])

    def test_equal_keys_are_the_same(self):
        class Same:
            def __init__(self, calls, name):
                self.calls, self.name = calls, name

            def __eq__(self, other):
                return True

            __hash__ = None

            def __call__(self):
                self.calls.append(self.name)

        core.on("event", Same(self.calls, 1))
        core.on("event", Same(self.calls, 2))
        core.dispatch("event")
        self.assertEqual(self.calls, [2])

    def test_exceptions_are_swallowed_unless_asked_for(self):
        self.listen("a", fails=ValueError("x"))
        self.listen("b")
        core.dispatch("event")
        self.assertEqual(len(self.calls), 2)
        with self.assertRaises(ValueError):
            core.dispatch("event", (), allow_raise=True)

    def test_more_than_an_exception_ends_the_dispatch(self):
        self.listen("a", fails=KeyboardInterrupt())
        self.listen("b")
        for dispatch in (core.dispatch, core.dispatch_with_results):
            self.calls.clear()
            with self.assertRaises(KeyboardInterrupt):
                dispatch("event", ())
            self.assertEqual(self.calls, [("a",)])

    def test_listeners_may_come_and_go_while_they_are_called(self):
        def comes():
            self.calls.append("comes")
            core.on("event", lambda: self.calls.append("later"), "later")
            core.reset_listeners("event", comes)

        core.on("event", comes)
        core.dispatch("event")
        core.dispatch("event")
        self.assertEqual(self.calls, ["comes", "later"])

    def test_forgetting(self):
        first = self.listen("a")
        self.listen("b")
        core.reset_listeners("event", first)
        core.dispatch("event")
        self.assertEqual(self.calls, [("b",)])
        core.reset_listeners("event")
        self.assertFalse(core.has_listeners("event"))

    def test_names_are_texts(self):
        with self.assertRaises(TypeError):
            core.on(3, print)

    def test_many_threads(self):
        def work():
            for _ in range(200):
                core.on("event", work, threading.get_ident())
                core.dispatch("other")

        threads = [threading.Thread(target=work) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(len(event_hub._rows["event"]), len({t.ident for t in threads}))


class Results(Case):
    def test_what_listeners_gave(self):
        said = self.listen("a", says="v")
        self.listen("b", fails=ValueError("x"), key="bad")
        self.listen("c", says=7, key="seven")
        results = core.dispatch_with_results("event", (1,))
        self.assertEqual(list(results), [said, "bad", "seven"])
        self.assertEqual((results.seven.value, bool(results.seven)), (7, True))
        self.assertEqual((bool(results.bad), str(results["bad"].exception)), (False, "x"))
        self.assertEqual(int(results.bad.response_type), 1)
        self.assertFalse(results.nobody)
        self.assertEqual(int(results["nobody"].response_type), -1)
        self.assertIsNone(results.get("nobody"))
        self.assertNotEqual(results.seven.response_type, 0)

    def test_nobody(self):
        results = core.dispatch_with_results("event")
        self.assertIs(results, core.dispatch_with_results("other"))
        self.assertEqual((dict(results), results.x.value), ({}, None))


class Contexts(Case):
    def test_a_tree(self):
        self.assertEqual(core.current.identifier, core.ROOT_CONTEXT_ID)
        with core.context_with_data("outer", x=1, y=2) as outer:
            with core.context_with_data("inner", z=3) as inner:
                self.assertIs(core.current, inner)
                self.assertIs(inner.parent, outer)
                self.assertEqual((core.get_item("x"), core.find_item("x"), inner["x"]), (None, 1, 1))
                self.assertEqual(core.get_items(["z", "x"]), [3, None])
                self.assertEqual(core.find_items(["z", "x", "q"]), [3, 1, None])
                self.assertEqual(core.find_item("q", 5), 5)
                core.set_items({"m": 1})
                core.set_item("n", 2)
                core.discard_item("x")
                core.discard_local_item("y")
                core.discard_item("nothing")
                with self.assertRaises(ValueError):
                    core.set_safe("n", 3)
                core.set_safe("o", 3)
                with self.assertRaises(KeyError):
                    inner["nothing"]
                self.assertIs(inner.root(), core.root)
            self.assertEqual((outer.get_item("x"), outer.get_item("y")), (None, 2))
            with self.assertRaises(ValueError):
                outer.parent = inner
            with self.assertRaises(AttributeError):
                outer.event
        self.assertIs(core.current, core.root)

    def test_the_root_knows_the_tracer(self):
        from ddtrace.trace import tracer

        self.assertIs(core.root.get_item("tracer"), tracer)

    def test_beginnings_and_ends_are_told(self):
        core.on("context.started.a", lambda ctx: self.calls.append(("started", ctx["x"])))
        core.on("context.ended.a", lambda ctx, info: self.calls.append(("ended", info[0])))
        with core.context_with_data("a", x=1):
            pass
        with contextlib.suppress(ValueError), core.context_with_data("a", x=2):
            raise ValueError
        self.assertEqual(
            self.calls,
            [("started", 1), ("ended", None), ("started", 2), ("ended", ValueError)],
        )

    def test_exceptions_that_end_here(self):
        with core.context_with_data("a"):
            core.add_suppress_exception(LookupError)
            raise KeyError

    def test_what_refuses_the_beginning_leaves_nothing_behind(self):
        def refuse(ctx):
            raise KeyboardInterrupt

        core.on("context.started.a", refuse)
        with self.assertRaises(KeyboardInterrupt), core.context_with_data("a"):
            self.fail("it began")
        self.assertIs(core.current, core.root)

    def test_an_end_that_is_told_later_is_told_once(self):
        core.on("context.ended.my.event", lambda ctx, info: self.calls.append(info))
        with core.context_with_event(MyEvent(1), dispatch_end_event=False) as context:
            self.assertEqual((context.identifier, context.event.number), ("my.event", 1))
        self.assertEqual(self.calls, [])
        context.dispatch_ended_event()
        context.dispatch_ended_event()
        self.assertEqual(self.calls, [(None, None, None)])

    def test_tasks_have_their_own(self):
        async def work(name):
            with core.context_with_data(name):
                await asyncio.sleep(0)
                return core.current.identifier, core.current.parent.identifier

        async def main():
            with core.context_with_data("main"):
                return await asyncio.gather(work("a"), work("b"))

        self.assertEqual(asyncio.run(main()), [("a", "main"), ("b", "main")])


@dataclass
class MyEvent(events.Event):
    event_name = "my.event"
    number: int
    extra: int = events.event_field(default=7)


class Subscribers(Case):
    def test_a_class_listens_and_its_bases_go_first(self):
        calls = self.calls

        class Base(subscriber.Subscriber):
            event_names = ("my.event",)

            @classmethod
            def on_event(cls, event):
                calls.append((cls.__name__, "base", event.number, event.extra))

        class Derived(Base):
            event_names = ("my.event",)

            @classmethod
            def on_event(cls, event):
                calls.append((cls.__name__, "derived", event.number, event.extra))

        class Silent(Base):
            pass

        core.dispatch_event(MyEvent(1))
        self.assertEqual(
            calls,
            [("Base", "base", 1, 7), ("Derived", "base", 1, 7), ("Derived", "derived", 1, 7)],
        )
        calls.clear()
        Base.unregister()
        core.dispatch_event(MyEvent(2, extra=3))
        self.assertEqual(calls, [("Derived", "base", 2, 3), ("Derived", "derived", 2, 3)])

    def test_a_class_listens_to_contexts(self):
        calls = self.calls

        class Both(subscriber.ContextSubscriber):
            event_names = ("my.event",)

            @classmethod
            def on_started(cls, ctx):
                calls.append(("started", ctx.event.number))

            @classmethod
            def on_ended(cls, ctx, exc_info):
                calls.append(("ended", exc_info))

        with core.context_with_event(MyEvent(4)):
            pass
        self.assertEqual(calls, [("started", 4), ("ended", (None, None, None))])


CARRIED = """
import asyncio
from concurrent.futures import ThreadPoolExecutor

from ddtrace.internal import core
from ddtrace.trace import tracer

told = []
core.on("threading.submit", lambda: told.append("submit") or "mine", "llmobs_ctx")
core.on("threading.execution", lambda context: told.append(("execution", context)))

def create(data):
    data["made"] = len(told)
    told.append("create")

core.on("asyncio.create_task", create)
core.on("asyncio.execute_task", lambda data: told.append(("execute", data)))

async def inner():
    return tracer.current_span()

async def outer():
    with tracer.trace("outer") as span:
        task = asyncio.create_task(inner())
        assert "inner" in repr(task)
        assert await task is span

with ThreadPoolExecutor(1) as pool, tracer.trace("x") as span:
    assert pool.submit(tracer.current_trace_context).result().trace_id == span.trace_id
assert told == ["submit", ("execution", "mine")], told
told.clear()
asyncio.run(outer())
[executed] = [item for item in told if item[0] == "execute"]
assert told[executed[1]["made"]] == "create", told
"""


class Carried(unittest.TestCase):
    def test_work_elsewhere_is_told(self):
        subprocess.run([sys.executable, "-c", CARRIED], check=True)


if __name__ == "__main__":
    unittest.main()
