"""The exporter against agents of every temper: exporter_test.py SENDER_PROGRAM."""

import itertools
import json
import os
import pathlib
import shutil
import socket
import ssl
import subprocess
import sys
import tempfile
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parents[2] / "fakes"))
from agent import Agent, decode_v05  # noqa: E402

SENDER = sys.argv.pop(1)
os.environ.setdefault("TSAN_OPTIONS", "die_after_fork=0")  # a child starts a thread of its own
_PROGRAM = pathlib.Path(SENDER).read_bytes()
SANITIZED = b"__asan_init" in _PROGRAM or b"__tsan_init" in _PROGRAM


def run(url, *commands, env=None):
    done = subprocess.run([SENDER, url, *map(str, commands)], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          text=True, timeout=60, env=env)
    assert done.returncode == 0, (done.returncode, done.stdout, done.stderr)
    *lines, last = done.stdout.splitlines()
    return json.loads(last), lines, done.stderr


class Sending(unittest.TestCase):
    def balanced(self, stats):
        self.assertEqual(stats["accepted"], stats["sent"] + stats["dropped"])
        self.assertEqual(stats["spans_accepted"], stats["spans_sent"] + stats["spans_dropped"])
        self.assertEqual(stats["pending"], 0)

    def test_everything_arrives_at_exit(self):
        for version in ([], ["v04"]):
            for kind in ({}, {"unix": True}, {"prefix": "/base"}):
                with self.subTest(version=version, kind=kind), Agent(**kind) as agent:
                    stats, _, errors = run(agent.url, *version, "send", 3, "exit", 2000)
                    self.assertEqual((stats["sent"], stats["dropped"], errors), (3, 0, ""))
                    self.assertEqual([span["name"] for span in agent.traces()[0]], ["root", "child"])
                    [request] = agent.requests
                    self.assertEqual(request.headers["content-type"], "application/msgpack")
                    self.assertEqual(request.headers["datadog-meta-lang"], "python")
                    self.assertEqual(request.headers["datadog-meta-tracer-version"], "4.16.0")

    def test_what_is_sent_is_what_arrives(self):
        with Agent() as agent:
            stats, _, _ = run(agent.url, "send", 1, "flush", 2000, "spread", 2_500, "flush", 2000, "exit", 5000)
            self.balanced(stats)
            self.assertEqual(stats["accepted"], 10_001)
            self.assertEqual(len(agent.traces()), stats["sent"])

    def test_one_line_for_each_outage(self):
        with Agent() as agent:
            answers = itertools.chain([500] * 6, [200], [500] * 12, itertools.repeat(200))
            agent.answer = lambda request: (next(answers), {}, b"{}")
            flushes = ["send", 1, "flush", 3000] * 20
            stats, _, errors = run(agent.url, *flushes, "exit", 2000)
            self.balanced(stats)
            self.assertGreaterEqual(stats["dropped"], 3)
            self.assertEqual(errors.count("\n"), 2)

    def test_a_connection_is_used_again(self):
        with Agent() as agent:
            _, lines, _ = run(agent.url, "send", 1, "flush", 2000, "send", 1, "flush", 2000, "exit", 2000)
            self.assertEqual(lines, ["clean", "clean"])
            self.assertEqual([request.connection for request in agent.requests], [1, 1])

    def test_nothing_is_sent_for_nothing(self):
        with Agent() as agent:
            stats, _, errors = run(agent.url, "sleep", 10, "exit", 2000)
            self.assertEqual((agent.requests, errors, stats["requests"]), ([], "", 0))

    def test_without_an_agent_it_gives_up_and_says_so_once(self):
        with Agent() as agent:
            agent.refuse()
            stats, _, errors = run(agent.url, "send", 5, "exit", 5000)
            self.balanced(stats)
            self.assertEqual(stats["dropped"], 5)
            self.assertEqual(errors.count("\n"), 1)
            self.assertLessEqual(len(errors), 200)
            self.assertIn(agent.url, errors)

    @unittest.skipIf(SANITIZED, "sanitizers have memory of their own")
    def test_without_an_agent_memory_is_bounded(self):
        with Agent() as agent:
            agent.refuse()
            few, _, _ = run(agent.url, "send", 1, "exit", 1000)
            many, _, errors = run(agent.url, "send", 100_000, "exit", 1000)
            self.balanced(many)
            self.assertEqual(errors.count("\n"), 1)
            own = 100_000 * 96 // 1024  # the deliveries belong to the test: 88 bytes, and malloc's 8
            self.assertLess(many["resident_kb"] - few["resident_kb"] - own, 8 * 1024)

    def test_what_was_handed_over_arrives_after_the_end(self):
        """The agent reads only when the sender is gone."""
        listener = socket.create_server(("127.0.0.1", 0))
        with listener:
            stats, _, errors = run(f"http://127.0.0.1:{listener.getsockname()[1]}", "send", 4, "exit", 5000)
            self.balanced(stats)
            self.assertEqual((stats["dropped"], stats["unanswered"], errors), (4, 4, ""))
            connection, _ = listener.accept()
            with connection, connection.makefile("rb") as stream:
                length = next(int(line.split(b":")[1]) for line in stream if line.lower().startswith(b"content-length"))
                while stream.readline().strip():
                    pass
                self.assertEqual(len(decode_v05(stream.read(length))), 4)

    def test_an_agent_that_has_answered_may_read_slowly_at_the_end(self):
        with Agent() as agent:
            answers = itertools.chain([0], itertools.repeat(0.15))

            def answer(request):
                time.sleep(next(answers))
                return 200, {}, b"{}"
            agent.answer = answer
            stats, _, errors = run(agent.url, "send", 4, "flush", 5000, "send", 4000, "exit", 5000)
            self.balanced(stats)
            self.assertEqual((stats["sent"], stats["unanswered"], errors), (4004, 0, ""))

    def test_every_bad_answer_is_counted(self):
        for answer in ("error", "close", "garbage", "cut", "silent"):
            with self.subTest(answer=answer), Agent() as agent:
                agent.answer = answer
                stats, _, errors = run(agent.url, "send", 4, "exit", 3000)
                self.balanced(stats)
                self.assertEqual(stats["dropped"], 4)
                self.assertLessEqual(errors.count("\n"), 1)

    def test_an_agent_that_comes_back_gets_what_was_kept(self):
        with Agent() as agent:
            answers = iter([500, 500, 200, 200, 200])
            agent.answer = lambda request: (next(answers), {}, b"{}")
            stats, lines, _ = run(agent.url, "send", 4, "flush", 2000, "exit", 2000)
            self.assertEqual(lines, ["clean"])
            self.assertEqual((stats["sent"], stats["failures"]), (4, 2))

    def test_a_flush_does_not_wait_for_an_agent_that_is_not_there(self):
        with Agent() as agent:
            agent.refuse()
            stats, lines, _ = run(agent.url, "send", 4, "flush", 60_000, "exit", 100)
            self.assertEqual((lines, stats["dropped"]), (["left"], 4))

    def test_a_redirection_is_not_tried_again(self):
        with Agent() as agent:
            agent.answer = lambda request: (302, {"Location": "/elsewhere"}, b"")
            stats, _, errors = run(agent.url, "send", 4, "flush", 2000, "exit", 2000)
            self.balanced(stats)
            self.assertEqual((stats["dropped"], stats["requests"]), (4, 1))
            self.assertIn("HTTP 302", errors)

    def test_v05_that_is_not_known_becomes_v04(self):
        with Agent() as agent:
            agent.answer = lambda r: (404 if "v0.5" in r.path else 200, {}, b"{}")
            stats, _, _ = run(agent.url, "send", 2, "flush", 2000, "send", 3, "flush", 2000, "exit", 2000)
            self.assertEqual((stats["sent"], stats["rejected"]), (3, 2))
            self.assertEqual([r.path for r in agent.requests], ["/v0.5/traces", "/v0.4/traces"])

    def test_a_child_sends_its_own_traces_only(self):
        with Agent() as agent:
            stats, lines, _ = run(agent.url, "send", 1, "flush", 2000, "send", 2, "fork", "send", 1, "exit", 2000)
            self.assertEqual(lines[-1], "child 0")
            self.assertEqual(stats["sent"], 4)
            agent.wait_for(traces=7)
            self.assertEqual(len(agent.traces()), 7)

    def test_a_fork_with_a_silent_agent_does_not_wait(self):
        with Agent() as agent:
            agent.answer = "silent"
            stats, lines, _ = run(agent.url, "send", 2, "sleep", 1200, "fork", "exit", 2000)
            self.assertEqual(lines, ["child 0"])
            self.balanced(stats)

    def test_descriptors_of_others_are_not_written_to(self):
        with Agent() as agent:
            stats, lines, _ = run(agent.url, "send", 1, "flush", 2000, "closefds", "send", 2, "flush", 2000,
                                  "filesize", "exit", 2000)
            self.assertEqual(stats["sent"], 3)
            self.assertIn("size 0", lines)


class Spilling(unittest.TestCase):
    """With a directory, what nobody takes waits on disk."""

    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="dd-spill-")
        self.addCleanup(shutil.rmtree, self.folder)

    def run_with(self, url, *commands):
        return run(url, *commands, env=os.environ | {"SPILL": self.folder})

    def test_what_a_process_leaves_the_next_one_sends(self):
        with Agent() as agent:
            agent.refuse()
            stats, _, errors = self.run_with(agent.url, "send", 5, "exit", 2000)
            self.assertEqual((stats["accepted"], stats["spilled"], stats["pending"], errors), (5, 5, 0, ""))
            [file] = os.listdir(self.folder)
            self.assertTrue(file.startswith("ddpython-traces-"))
            agent.listen()
            stats, _, _ = self.run_with(agent.url, "send", 2, "flush", 2000, "sleep", 300, "exit", 2000)
            self.assertEqual((stats["sent"], stats["dropped"]), (2, 0))
            self.assertEqual(len(agent.traces()), 7)
            self.assertEqual(os.listdir(self.folder), [])

    def test_an_outage_loses_nothing(self):
        with Agent() as agent:
            answers = itertools.chain([503] * 6, itertools.repeat(200))
            agent.answer = lambda request: (next(answers), {}, b"{}")
            stats, _, errors = self.run_with(agent.url, "send", 5, "flush", 5000, "send", 1, "flush", 2000,
                                             "sleep", 6000, "exit", 2000)
            self.assertEqual((stats["sent"], stats["dropped"], errors), (6, 0, ""))
            self.assertEqual(os.listdir(self.folder), [])

    def test_what_is_refused_for_good_is_not_kept(self):
        with Agent() as agent:
            agent.answer = lambda request: (413, {}, b"")
            stats, _, _ = self.run_with(agent.url, "send", 5, "flush", 5000, "exit", 1000)
            self.assertEqual((stats["dropped"], stats["spilled"], os.listdir(self.folder)), (5, 0, []))

    def test_the_disk_is_not_filled(self):
        """8 MiB are allowed, more is accepted."""
        with Agent() as agent:
            agent.refuse()
            commands = ["spread", 12_000, "flush", 100] * 6
            stats, _, _ = self.run_with(agent.url, *commands, "exit", 20_000)
            self.assertEqual(stats["accepted"], stats["dropped"])
            self.assertEqual(stats["pending"], 0)
            kept = sum(os.stat(os.path.join(self.folder, name)).st_size for name in os.listdir(self.folder))
            self.assertGreater(kept, 4 << 20)
            self.assertLess(kept, 9 << 20)

    def test_files_that_are_none_are_removed(self):
        with open(os.path.join(self.folder, "ddpython-traces-999999999-1-1.payload"), "w") as file:
            file.write("ddpython 1 /v0.5/traces application/msgpack 1 1 500\nshort")
        with Agent() as agent:
            stats, _, _ = self.run_with(agent.url, "send", 1, "flush", 2000, "sleep", 100, "exit", 2000)
            self.assertEqual((stats["sent"], len(agent.traces()), os.listdir(self.folder)), (1, 1, []))


class Requests(unittest.TestCase):
    def test_requests_arrive_in_order_on_one_connection(self):
        with Agent(prefix="/base") as agent:
            _, lines, _ = run(agent.url, "ask", agent.url, 3, "wait", 2000, "exit", 2000)
            self.assertEqual(lines, ["clean 3 answered 0 failed 0 dropped 0 pending"])
            self.assertEqual([r.path for r in agent.requests], ["/base/asked"] * 3)
            self.assertEqual({r.connection for r in agent.requests}, {1})
            self.assertEqual((agent.requests[0].body, agent.requests[0].headers["x-test"]), (b"body", "yes"))

    def test_a_dead_place_slows_no_other(self):
        with Agent() as dead, Agent() as alive:
            dead.answer = "silent"
            _, lines, _ = run(alive.url, "ask", dead.url, 40, "ask", alive.url, 8, "send", 2, "flush", 1500,
                              "wait", 300, "exit", 2000)
            self.assertEqual(lines[0], "clean")
            self.assertRegex(lines[1], "left 0 answered . failed 24 dropped 1[56] pending")
            self.assertEqual(lines[2], "clean 8 answered 0 failed 0 dropped 0 pending")
            self.assertEqual(len(alive.traces()), 2)

    def test_an_error_is_an_answer_that_failed(self):
        with Agent() as agent:
            agent.answer = "error"
            _, lines, _ = run(agent.url, "ask", agent.url, 2, "wait", 2000, "exit", 2000)
            self.assertEqual(lines, ["clean 0 answered 2 failed 0 dropped 0 pending"])

    def test_a_timer_ticks_and_gets_the_last_word(self):
        with Agent() as agent:
            run(agent.url, "ask", agent.url, 0, "tick", 20, "sleep", 200, "exit", 2000)
            paths = [r.path for r in agent.requests]
            self.assertGreaterEqual(paths.count("/tick"), 2)
            self.assertEqual((paths[-1], paths.count("/last")), ("/last", 1))

    def test_a_child_has_a_queue_of_its_own(self):
        with Agent() as agent:
            _, lines, _ = run(agent.url, "ask", agent.url, 2, "wait", 2000, "forkask", "exit", 2000)
            self.assertEqual(lines[1:], ["child 0"])
            self.assertEqual([r.path for r in agent.requests], ["/asked", "/asked", "/child"])

    def test_a_name_that_nobody_knows_fails(self):
        with Agent() as agent:
            _, lines, _ = run(agent.url, "ask", "http://no-such-host.invalid:1", 1, "send", 1, "flush", 2000,
                              "exit", 2000)
            self.assertEqual(lines[0], "clean")


class Secure(unittest.TestCase):
    """https, with a certificate authority of the test's own."""

    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.mkdtemp()
        cls.addClassCleanup(shutil.rmtree, cls.folder)

        def openssl(*arguments):
            subprocess.run(["openssl", *arguments], cwd=cls.folder, check=True, capture_output=True)

        key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
        openssl("req", "-x509", *key, "-keyout", "ca.key", "-out", "ca.pem", "-subj", "/CN=ca", "-days", "2")
        openssl("req", "-x509", *key, "-keyout", "it.key", "-out", "it.pem", "-subj", "/CN=localhost", "-days", "2",
                "-CA", "ca.pem", "-CAkey", "ca.key", "-addext", "subjectAltName=DNS:localhost")
        cls.tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        cls.tls.load_cert_chain(f"{cls.folder}/it.pem", f"{cls.folder}/it.key")
        cls.environment = {**os.environ, "SSL_CERT_FILE": f"{cls.folder}/ca.pem"}
        for name in ("https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"):
            cls.environment.pop(name, None)

    def test_traces_arrive_on_one_connection(self):
        with Agent(tls=self.tls, prefix="/base") as agent:
            stats, lines, errors = run(agent.url, "send", 2, "flush", 5000, "send", 1, "flush", 5000, "exit", 2000,
                                       env=self.environment)
            self.assertEqual((lines, stats["sent"], errors), (["clean", "clean"], 3, ""))
            self.assertEqual([r.connection for r in agent.requests], [1, 1])
            self.assertEqual(agent.requests[0].path, "/base/v0.5/traces")
            self.assertEqual(agent.requests[0].headers["datadog-meta-lang"], "python")

    def test_who_cannot_be_trusted_gets_nothing(self):
        with Agent(tls=self.tls) as agent:
            environment = {**self.environment, "SSL_CERT_FILE": "/etc/ssl/certs/ca-certificates.crt"}
            stats, _, errors = run(agent.url, "send", 2, "flush", 30_000, "exit", 2000, env=environment)
            self.assertEqual((stats["dropped"], agent.requests), (2, []))
            self.assertIn("certificate", errors)

    def test_a_child_leaves_the_connection_to_its_parent(self):
        with Agent(tls=self.tls) as agent:
            stats, lines, _ = run(agent.url, "send", 1, "flush", 5000, "fork", "send", 1, "flush", 5000, "exit", 2000,
                                  env=self.environment)
            self.assertEqual((lines, stats["sent"]), (["clean", "child 0", "clean"], 2))
            self.assertEqual([r.connection for r in agent.requests], [1, 2, 1])

    def test_a_proxy_is_asked(self):
        with Agent() as proxy:
            proxy.answer = "error"
            environment = {**self.environment, "HTTPS_PROXY": proxy.url}
            run("https://intake.invalid", "send", 1, "flush", 2000, "exit", 2000, env=environment)
            self.assertEqual({(r.method, r.path) for r in proxy.requests}, {("CONNECT", "intake.invalid:443")})

    def test_refusal_ends_at_once(self):
        with Agent(tls=self.tls) as agent:
            agent.refuse()
            stats, _, errors = run(agent.url, "send", 2, "exit", 5000, env=self.environment)
            self.assertEqual(stats["dropped"], 2)
            self.assertEqual(errors.count("\n"), 1)


class Refused(unittest.TestCase):
    def test_a_url_that_cannot_be_used_is_an_error(self):
        for url in ("ftp://x", "http://", "http://h:99999", "unix://", "http://[::1"):
            done = subprocess.run([SENDER, url, "exit", "0"], stdout=subprocess.PIPE)
            self.assertEqual(done.returncode, 4, url)
            self.assertTrue(done.stdout.startswith(b"agent URL"))


if __name__ == "__main__":
    unittest.main()
