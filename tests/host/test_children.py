"""Children that are python are traced, as the very python they would have been."""

import os
import pathlib
import subprocess
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from conftest import LAUNCHER, clean_environment  # noqa: E402
from fakes.agent import Agent  # noqa: E402

# What a child sees of itself: nothing here may tell it from plain python.
CHILD = """import os, sys
print(sys.executable, sys.orig_argv[0], sys.argv[1:], sys.prefix, sys.flags.isolated, sys.stdout.write_through,
      sorted((k, v) for k, v in os.environ.items() if k not in ("_", "PWD", "OLDPWD", "SHLVL", "C", "LC_CTYPE", "LD_PRELOAD")))  # which a shell sets
"""
SPAN = """import sys
if any(type(f).__name__ == "Finder" for f in sys.meta_path):
    from ddtrace.trace import tracer
    with tracer.trace("child"): pass
"""

WAYS = {  # how the parent starts `python` with `args` and environment `env`
    "subprocess": "subprocess.run([python, *args], env=env)",
    "subprocess without vfork": "subprocess.run([python, *args], env=env, preexec_fn=int)",
    "subprocess by posix_spawn": "subprocess.run([python, *args], env=env, close_fds=False)",
    "by name": "subprocess.run(['python', *args], env=env)",
    "another argv[0]": "subprocess.run(['other', *args], env=env, executable=python)",
    "an environment of its own": "subprocess.run([python, *args], env={'A': '1', **agent})",
    "os.posix_spawn": "os.waitpid(os.posix_spawn(python, [python, *args], env), 0)",
    "os.posix_spawnp": "os.waitpid(os.posix_spawnp('python', ['python', *args], env), 0)",
    "os.spawnv": "os.spawnve(os.P_WAIT, python, [python, *args], env)",
    "os.execv": "os.environ.update(env); os.execv(python, [python, *args])",
    "os.execvp": "os.execvpe('python', ['python', *args], env)",
    "a script": "subprocess.run([bin + '/script', 'x'], env=env)",
    "a script by name": "subprocess.run(['script', 'x'], env=env)",
    "a script by env": "subprocess.run([bin + '/env-script', 'x'], env=env)",
    "a script with an option": "subprocess.run([bin + '/option-script', 'x'], env=env)",
    "a script in the long form": "subprocess.run([bin + '/long-script', 'x'], env=env)",
    "-I": "subprocess.run([python, '-I', *args], env=env)",
    "a grandchild": "subprocess.run([python, '-c', 'import subprocess, sys; "
                    "subprocess.run([sys.executable, *sys.argv[1:]])', *args], env=env)",
}
PARENT = """
import os, subprocess, sys
python, bin, args = sys.argv[1], os.path.dirname(sys.argv[1]), sys.argv[2:]
agent = {k: v for k, v in os.environ.items() if k == "DD_TRACE_AGENT_URL"}
env = {**os.environ, "PATH": bin + ":" + os.environ["PATH"]}
os.environ["PATH"] = env["PATH"]
"""


@pytest.fixture(scope="module")
def venv(both):
    bin = both.plain.parent
    for name, head in {"script": f"#!{both.plain}\n", "env-script": "#!/usr/bin/env python\n",
                       "option-script": f"#! {both.plain} -u \n",
                       "long-script": f"#!/bin/sh\n'''exec' {both.plain} \"$0\" \"$@\"\n' '''\n",
                       }.items():
        (bin / name).write_text(head + CHILD + SPAN)
        (bin / name).chmod(0o755)
    return both


def outcome(venv, program, way, **variables):
    done = subprocess.run(
        [program, "-c", PARENT + way, venv.plain, "-c", CHILD + SPAN, "x"], text=True,
        capture_output=True, timeout=60, cwd=venv.folder, env=clean_environment(**variables))
    return done.returncode, done.stdout, done.stderr


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS.keys())
def test_a_python_child_is_traced_and_sees_no_difference(venv, way):
    with Agent() as agent:
        plain = outcome(venv, venv.plain, way, DD_TRACE_AGENT_URL=agent.url)
        assert plain[0] == 0 and agent.spans() == []
        assert outcome(venv, venv.launcher, way, DD_TRACE_AGENT_URL=agent.url) == plain
        assert [span["name"] for span in agent.spans(1)] == ["child"]


@pytest.mark.parametrize("way", ["subprocess.run([sys.executable, *args], env=env)"])
def test_children_of_ddtrace_run(venv, way):
    with Agent() as agent:
        done = subprocess.run(
            [venv.ddtrace_run, venv.plain, "-c", PARENT + way, venv.plain, "-c", CHILD + SPAN],
            text=True, capture_output=True, timeout=60, cwd=venv.folder,
            env=clean_environment(DD_TRACE_AGENT_URL=agent.url))
        assert done.returncode == 0 and done.stdout.startswith(f"{venv.plain} {venv.plain} [] ")
        assert [span["name"] for span in agent.spans(1)] == ["child"]


def test_the_policy_can_be_switched_off(venv):
    with Agent() as agent:
        for value in ("false", "0"):
            code, _, _ = outcome(venv, venv.launcher, WAYS["subprocess"], DD_TRACE_AGENT_URL=agent.url,
                                 DD_TRACE_PYTHON_CHILDREN=value)
            assert code == 0
        assert agent.spans() == []


THROUGH = {  # programs between two pythons
    "shell=True": "subprocess.run('python -c \"$C\" x', shell=True, env={**env, 'C': args[1]})",
    "os.system": "os.environ.update(env, C=args[1]); os.system('python -c \"$C\" x'); print(os.environ.pop('C') and '')",
    "os.popen": "os.environ.update(env, C=args[1]); print(os.popen('python -c \"$C\" x').read())",
    "a shell that executes": "subprocess.run(['sh', '-c', 'exec \"$0\" \"$@\"', python, *args], env=env)",
    "env": "subprocess.run(['env', 'A=1', 'python', *args], env=env)",
    "env -i": "subprocess.run(['env', '-i', *('%s=%s' % pair for pair in agent.items()), python, *args])",
    "nice in a shell in a shell": "subprocess.run(['sh', '-c', 'sh -c \\'nice \"$0\" \"$@\"\\' \"$0\" \"$@\"', python, *args], env=env)",
    "a script by a shell": "subprocess.run('script x', shell=True, env=env)",
    "os.posix_spawn of a shell": "os.waitpid(os.posix_spawn('/bin/sh', ['sh', '-c', 'exec \"$0\" \"$@\"', python, *args], env), 0)",
    "a python in between": "subprocess.run([python, '-c', 'import subprocess, sys; "
                           "subprocess.run([\"env\", *sys.argv[1:]])', python, *args], env=env)",
}


@pytest.mark.parametrize("way", THROUGH.values(), ids=THROUGH.keys())
def test_children_through_other_programs(venv, way):
    with Agent() as agent:
        env = {"DD_TRACE_AGENT_URL": agent.url, "LD_PRELOAD": ""}
        plain = outcome(venv, venv.plain, way, **env)
        assert plain[0] == 0 and agent.spans() == []
        policy = {"DD_TRACE_PYTHON_CHILDREN": "all"}
        code, out, err = outcome(venv, venv.launcher, way, **env, **policy)
        shown = "('DD_TRACE_PYTHON_CHILDREN', 'all'), "
        assert (code, out.replace(shown, ""), err) == plain
        assert [span["name"] for span in agent.spans(1)] == ["child"]


def test_ddtrace_run_follows_through_other_programs(venv):
    agent_of_env = "sh -c 'python -c \"$C\"'; python -c \"$C\""
    with Agent() as agent:
        env = clean_environment(DD_TRACE_AGENT_URL=agent.url, C=SPAN,
                                PATH=f"{venv.plain.parent}:{os.environ['PATH']}")
        for command in (["sh", "-c", agent_of_env],
                        ["python", "-c", f"import os; os.system({agent_of_env!r})"]):
            done = subprocess.run([venv.ddtrace_run, *command], env=env, timeout=60,
                                  capture_output=True, text=True)
            assert (done.returncode, done.stderr) == (0, "")
        assert [span["name"] for span in agent.spans(4)] == ["child"] * 4
        off = {**env, "DD_TRACE_PYTHON_CHILDREN": "none"}
        assert subprocess.run([venv.ddtrace_run, "sh", "-c", agent_of_env], env=off).returncode == 0
        assert len(agent.spans(4)) == 4


def test_ddtrace_run_in_a_shell_of_ddtrace_run(venv):
    show = "import os; print([k for k in os.environ if k in ('_DD_PYTHON_AS', 'LD_PRELOAD')])"
    done = subprocess.run([venv.ddtrace_run, "sh", "-c", '"$0" "$@"', venv.ddtrace_run, venv.plain, "-c", show],
                          env=clean_environment(), capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout, done.stderr) == (0, "[]\n", "")


def test_what_is_preloaded_stays(venv):
    show = "import subprocess; print(subprocess.run(['sh', '-c', 'echo $LD_PRELOAD'], capture_output=True, text=True).stdout)"
    show += "\nimport os; print(os.environ.get('LD_PRELOAD'))"
    zlib = next(line.split()[-1] for line in open("/proc/self/maps") if "libc.so" in line)
    for preload in (zlib, None):
        env = {"DD_TRACE_PYTHON_CHILDREN": "all", **({"LD_PRELOAD": preload} if preload else {})}
        code, out, err = venv.run(venv.launcher, "-c", show, env=env)
        library, _, rest = out.splitlines()[0].partition(":")
        assert (code, err, pathlib.Path(library).name[:11]) == (0, "", "ddchildren3")
        assert (rest, out.splitlines()[-1]) == (preload or "", str(preload))


def test_failures_stay_what_they_are(venv, tmp_path):
    (tmp_path / "no-interpreter").write_text("#!/no/such/python3\n")
    (tmp_path / "not-executable").write_text(f"#!{venv.plain}\n")
    (tmp_path / "no-interpreter").chmod(0o755)
    way = """
for path in sys.argv[4:]:
    for close in True, False:
        try: subprocess.run([path], close_fds=close)
        except OSError as error: print(repr(error))
"""
    shown = [subprocess.run([program, "-c", PARENT + way, venv.plain, "", "",
                             *sorted(tmp_path.iterdir()), tmp_path, tmp_path / "missing"], text=True,
                            capture_output=True, env=clean_environment()) for program in (venv.plain, venv.launcher)]
    assert shown[0].stdout == shown[1].stdout and shown[0].stdout.count("Error") == 8
    assert (shown[0].returncode, shown[0].stderr) == (shown[1].returncode, shown[1].stderr) == (0, "")


def role(python, *arguments):
    return subprocess.run([LAUNCHER, *arguments], text=True, capture_output=True, timeout=60,
                          env=clean_environment(_DD_PYTHON_AS=str(python)))


FINDERS = "import os, sys; print([type(f).__name__ for f in sys.meta_path].count('Finder'), [k for k in os.environ if 'DD_' in k])"


@pytest.mark.parametrize("python", ["/no/such/python3", "/bin/true", "/", "python", "''"])
def test_a_role_that_is_no_python_is_ignored(python):
    done = role(python, "-c", FINDERS)
    assert (done.returncode, done.stdout, done.stderr) == (0, "1 []\n", "")


def test_a_role_for_another_python_is_left_to_that_python(tmp_path):
    other = tmp_path / "python3.98"
    other.write_text("#!/bin/sh\necho other \"$@\" $_DD_PYTHON_AS\n")
    other.chmod(0o755)
    done = role(other, "-c", "x")
    assert (done.returncode, done.stdout, done.stderr) == (0, "other -c x\n", "")


def test_an_installed_ddtrace_run_is_ours(venv):
    script = venv.plain.parent / "datadog-run"
    script.write_text(f"#!{venv.plain}\nraise SystemExit('not this one')\n")
    script.chmod(0o755)
    way = "subprocess.run([bin + '/datadog-run', python, *args], env=env, check=True)"
    with Agent() as agent:
        code, out, err = outcome(venv, venv.launcher, way, DD_TRACE_AGENT_URL=agent.url)
        assert (code, err) == (0, "") and out.startswith(str(venv.plain))
        assert [span["name"] for span in agent.spans(1)] == ["child"]


def test_pytest_runs_as_a_module(both, libraries, tmp_path):
    (tmp_path / "test_it.py").write_text(
        "from ddtrace.trace import tracer\n"
        "def test_it():\n    with tracer.trace('tested'): pass\n")
    with Agent() as agent:
        code, out, err = both.run(LAUNCHER, "-m", "pytest", "-q", "-p", "no:cacheprovider", tmp_path,
                                  env={"DD_TRACE_AGENT_URL": agent.url, **libraries})
        assert code == 0 and "1 passed" in out, out + err
        assert [span["name"] for span in agent.spans(1)] == ["tested"]


def test_pip_installs_for_the_plain_python(both, tmp_path):
    """An environment made and filled by ddpython: its scripts start its own plain python."""
    assert both.run(LAUNCHER, "-m", "venv", tmp_path / "e")[0] == 0
    package = tmp_path / "package"
    package.mkdir()
    (package / "probe_tool.py").write_text("def main(): import sys; print(sys.executable)\n")
    (package / "pyproject.toml").write_text(
        "[build-system]\nrequires = []\nbuild-backend = 'backend'\nbackend-path = ['.']\n")
    (package / "backend.py").write_text('''
import zipfile
def build_wheel(folder, config_settings=None, metadata_directory=None):
    info = "probe_tool-1.dist-info/"
    with zipfile.ZipFile(folder + "/probe_tool-1-py3-none-any.whl", "w") as wheel:
        wheel.write("probe_tool.py")
        wheel.writestr(info + "METADATA", "Metadata-Version: 2.1\\nName: probe-tool\\nVersion: 1\\n")
        wheel.writestr(info + "WHEEL", "Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n")
        wheel.writestr(info + "entry_points.txt", "[console_scripts]\\nprobe-tool = probe_tool:main\\n")
        wheel.writestr(info + "RECORD", "")
    return "probe_tool-1-py3-none-any.whl"
''')
    code, out, err = both.run(LAUNCHER, "-m", "pip", "install", "--no-index", package,
                              env={"VIRTUAL_ENV": str(tmp_path / "e"), "PIP_DISABLE_PIP_VERSION_CHECK": "1"})
    assert code == 0, out + err
    python = str(tmp_path / "e/bin/python")
    assert both.run(tmp_path / "e/bin/probe-tool")[1].startswith(python)
    code, out, err = both.run(LAUNCHER, "-c", "import sys; print(sys.prefix)",
                              env={"VIRTUAL_ENV": str(tmp_path / "e")})
    assert (code, out, err) == (0, f"{tmp_path / 'e'}\n", "")
