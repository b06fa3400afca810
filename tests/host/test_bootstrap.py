"""Our own options, the failing start, and which python we are."""

import os
import subprocess

import pytest

from conftest import LAUNCHER, PLAIN

FINDERS = "import sys; print([type(f).__name__ for f in sys.meta_path].count('Finder'))"


def test_the_finder_stands_first(both):
    assert both.run(both.launcher, "-c", FINDERS) == (0, "1\n", "")


@pytest.mark.parametrize("step", ["settings", "packages", "imports", "hooks",
                                  "!settings", "!packages", "!imports", "!hooks"])
def test_a_failing_step_leaves_plain_python_and_one_line(both, step):
    code, out, err = both.run(both.launcher, "-c", FINDERS, env={"_DD_TEST_FAIL_STEP": step})
    assert (code, out) == (0, "0\n")
    assert err.count("\n") == 1 and err.startswith("ddpython: start-up failed") and step[-5:] in err


def test_own_options_are_taken_out(both):
    code, out, err = both.run(both.launcher, "--dd-local", "-E", "--dd-local", "-c",
                              "import sys; print(sys.orig_argv[1:])", "--dd-x")
    assert (code, out, err) == (
        0, "['-E', '-c', 'import sys; print(sys.orig_argv[1:])', '--dd-x']\n", "")


def test_an_unknown_own_option_is_one_line(both):
    code, out, err = both.run(both.launcher, "--dd-nonsense", "-c", "print(1)")
    assert (code, out) == (2, "")
    assert err == "ddpython: unknown option --dd-nonsense (try --dd-help)\n"


@pytest.mark.parametrize("option", ["--dd-help", "--dd-version", "--dd-info"])
def test_reports(both, option):
    code, out, err = both.run(both.launcher, option)
    assert code == (2 if option == "--dd-info" else 0) and "ddpython" in out and err == ""


def test_an_activated_environment_is_ours(both):
    show = "import sys; print(sys.prefix, sys.executable)"
    venv = both.folder / "venv"
    code, out, err = both.run(LAUNCHER, "-c", show, env={"VIRTUAL_ENV": str(venv)})
    assert (code, out, err) == (0, f"{venv} {both.launcher}\n", "")


def test_what_writes_shebangs_sees_the_plain_python(both, tmp_path):
    (tmp_path / "pip.py").write_text("import sys; print(sys.executable)")
    code, out, _ = both.run(both.launcher, "-m", "pip", env={"PYTHONPATH": str(tmp_path)})
    assert (code, out) == (0, f"{both.plain}\n")


def test_an_environment_of_ddpython_on_request(both, tmp_path):
    code, out, err = both.run(LAUNCHER, "--dd-venv", "-m", "venv", "--without-pip", tmp_path / "e")
    assert code == 0, err
    assert os.path.realpath(tmp_path / "e/bin/python") == os.path.realpath(LAUNCHER)
    code, out, _ = both.run(tmp_path / "e/bin/python", "-c", FINDERS + "; print(sys.prefix)")
    assert (code, out) == (0, f"1\n{tmp_path / 'e'}\n")
