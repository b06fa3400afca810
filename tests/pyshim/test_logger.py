"""The logger `ddtrace`: its handlers, its levels, its file."""

import os
import subprocess
import sys
import tempfile
import unittest

PROGRAM = """
import logging
import ddtrace
logger = logging.getLogger("ddtrace")
print(logger.level, [type(h).__name__ for h in logger.handlers if type(h).__module__ != 'ddtrace.internal._error_reports'])
from ddtrace.internal.logger import get_logger
get_logger("ddtrace.some.part").info("quiet")
get_logger("ddtrace.some.part").warning("loud")
"""


def run(**variables):
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("DD_", "_DD_"))}
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True,
                          env=environment | variables)
    return done.returncode, done.stdout.strip(), done.stderr.split("\n")


class Settings(unittest.TestCase):
    def test_it_writes_to_standard_error(self):
        status, said, errors = run()
        self.assertEqual((status, said), (0, "0 ['StreamHandler']"))
        self.assertIn("loud", errors)
        self.assertNotIn("quiet", errors)

    def test_no_handler_where_none_is_wanted(self):
        self.assertEqual(run(DD_TRACE_LOG_STREAM_HANDLER="false")[1], "0 []")

    def test_a_level_of_all_and_of_a_part(self):
        self.assertNotIn("loud", run(DD_TRACE_LOG_LEVEL="error")[2])
        self.assertIn("quiet", run(_DD_SOME_LOG_LEVEL="INFO")[2])
        self.assertIn("quiet", run(DD_TRACE_DEBUG="1")[2])

    def test_a_level_that_is_none_is_told_and_left_out(self):
        status, said, errors = run(DD_TRACE_LOG_LEVEL="much")
        self.assertEqual((status, said[0]), (0, "0"))
        self.assertTrue(any("DD_TRACE_LOG_LEVEL" in line for line in errors))

    def test_a_file_of_its_own(self):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "log")
            said = run(DD_TRACE_LOG_FILE=path, DD_TRACE_LOG_FILE_LEVEL="ERROR")[1]
            self.assertEqual(said, "0 ['StreamHandler', 'RotatingFileHandler']")
            self.assertEqual(os.path.getsize(path), 0)
            run(DD_TRACE_LOG_FILE=path)
            with open(path, encoding="utf-8") as stream:
                self.assertIn(" WARNING [ddtrace.some.part] [<string>:8] - loud", stream.read())

    def test_a_file_that_cannot_be_is_told(self):
        status, _, errors = run(DD_TRACE_LOG_FILE="/nowhere/log")
        self.assertEqual(status, 0)
        self.assertTrue(any("DD_TRACE_LOG_FILE" in line for line in errors))


if __name__ == "__main__":
    unittest.main()
