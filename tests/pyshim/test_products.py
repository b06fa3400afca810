"""Modules of products that are not there yet: programs that use them run, and are told."""

import os
import subprocess
import sys
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from spans_seen import spans_seen


class Modules(unittest.TestCase):
    def run_program(self, text):
        done = subprocess.run([sys.executable, "-c", text], capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done

    def test_the_profiler_says_that_it_is_not_there(self):
        done = self.run_program("import ddtrace.profiling.auto, ddtrace.profiling as p\n"
                                "print(p.is_available, bool(p.failure_msg))")
        self.assertEqual(done.stdout, "False True\n")
        self.assertIn("no profiler", done.stderr)

    def test_dynamic_instrumentation_says_so_too(self):
        done = self.run_program("from ddtrace.debugging import DynamicInstrumentation as D\n"
                                "D.enable(); D.disable()")
        self.assertIn("no dynamic instrumentation", done.stderr)

    def test_checkpoints_of_streams_answer_as_when_switched_off(self):
        done = self.run_program("import ddtrace.data_streams as d\n"
                                "print(d.set_consume_checkpoint('kafka', 't', {}.get),\n"
                                "      d.set_produce_checkpoint('kafka', 't', {}.__setitem__))")
        self.assertEqual(done.stdout, "None None\n")

    def test_the_link_to_the_source_is_given_to_setup(self):
        done = self.run_program(
            "import setuptools, sys\n"
            "setuptools.setup = lambda **given: print(given['project_urls'])\n"
            "import os; os.environ.update(DD_GIT_REPOSITORY_URL='https://u:p@h/r', "
            "DD_GIT_COMMIT_SHA='abc')\n"
            "import ddtrace.sourcecode.setuptools_auto\n"
            "setuptools.setup(name='x', project_urls={'a': 'b'})") if has("setuptools") else None
        if done is not None:
            self.assertEqual(done.stdout,
                             "{'a': 'b', 'source_code_link': 'https://h/r#abc'}\n")


def has(module):
    import importlib.util

    return importlib.util.find_spec(module) is not None


class LanguageModels(unittest.TestCase):
    def test_calls_make_spans_and_nothing_else(self):
        from ddtrace.llmobs import LLMObs
        from ddtrace.llmobs.decorators import llm, workflow

        @workflow
        def outer(number):
            return inner(number) + 1

        @llm(model_name="m", name="named")
        def inner(number):
            return number * 2

        with spans_seen() as seen, LLMObs.agent("a") as span:
            LLMObs.annotate(span, input_data="x", output_data="y")
            with LLMObs.annotation_context(tags={"t": "u"}):
                self.assertEqual(outer(3), 7)
            self.assertEqual(LLMObs.inject_distributed_headers({"k": "v"}), {"k": "v"})
            self.assertIsNone(LLMObs.export_span())
        self.assertEqual([(s.name, s.resource, s.span_type) for s in seen],
                         [("a", "agent", "llm"), ("outer", "workflow", "llm"),
                          ("named", "llm", "llm")])
        self.assertFalse(LLMObs.enabled)


if __name__ == "__main__":
    unittest.main()
