"""ddtrace-run's command line."""

import os

FINDERS = "import sys; print([type(f).__name__ for f in sys.meta_path].count('Finder'), sys.executable)"


def test_a_python_runs_as_itself(both):
    assert both.run(both.ddtrace_run, both.plain, "-c", FINDERS) == (0, f"1 {both.plain}\n", "")


def test_a_python_on_the_path(both):
    env = {"PATH": f"{both.plain.parent}:{os.environ['PATH']}"}
    assert both.run(both.ddtrace_run, "python", "-c", FINDERS, env=env) == (0, f"1 {both.plain}\n", "")


def script(path, first_lines):
    path.write_text(first_lines + FINDERS + "; print(sys.argv[1:])\n")
    path.chmod(0o755)
    return path


def test_scripts_by_their_first_line(both, tmp_path):
    env = {"PATH": f"{both.plain.parent}:{os.environ['PATH']}"}
    for name, head in {"direct": f"#!{both.plain}\n",
                       "env": "#!/usr/bin/env python\n",
                       "long": f"#!/bin/sh\n'''exec' {both.plain} \"$0\" \"$@\"\n' '''\n"}.items():
        done = both.run(both.ddtrace_run, script(tmp_path / name, head), "x", env=env)
        assert done == (0, f"1 {both.plain}\n['x']\n", ""), name


def test_a_shim_is_asked(both, tmp_path):
    shim = tmp_path / "python"
    shim.write_text(f"#!/usr/bin/env bash\nexec {both.plain} \"$@\"\n")
    shim.chmod(0o755)
    assert both.run(both.ddtrace_run, shim, "-c", FINDERS) == (0, f"1 {both.plain}\n", "")


def test_others_are_executed_untouched(both):
    assert both.run(both.ddtrace_run, "sh", "-c", "echo $0 $1; exit 9", "a", "b") == (9, "a b\n", "")


def test_flags_become_settings(both):
    show = "import os; print(os.environ.get('DD_TRACE_DEBUG'), os.environ.get('DD_PROFILING_ENABLED'))"
    assert both.run(both.ddtrace_run, both.plain, "-c", show)[1] == "None None\n"
    assert both.run(both.ddtrace_run, "-d", "-p", both.plain, "-c", show)[1] == "true true\n"


def test_no_command_is_help_and_1(both):
    code, out, err = both.run(both.ddtrace_run)
    assert code == 1 and out.startswith("usage: ddtrace-run") and err == ""


def test_a_missing_command_is_1(both):
    code, out, err = both.run(both.ddtrace_run, "no-such-command")
    assert code == 1 and err == "" and "failed to bootstrap" in out and "usage:" in out


def test_a_file_that_cannot_run_gets_a_hint(both, tmp_path):
    (tmp_path / "app.py").write_text("print(1)")
    code, out, err = both.run(both.ddtrace_run, tmp_path / "app.py")
    assert code == 1 and err == "" and "Did you mean" in out
