"""Line coverage of the parsers by their fuzz targets and unit tests: coverage.py [--also FOLDER] [only ...]

    cmake --preset coverage && tests/fuzz/coverage.py

Builds what it runs. `--also build-fuzz/tests/fuzz` takes the inputs that longer runs have found there
as well. Shows the lines that nothing ran of parsers with less than 95 %, and exits with 1 for them.
"""

from __future__ import annotations

import argparse
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
LEAST = 95.0
# Each parser, and the programs that run it: fuzz targets and unit tests.
PARSERS = {
    "core/propagation/datadog.cc core/propagation/tracecontext.cc core/propagation/b3.cc core/propagation/propagation.cc":
        "fuzz_propagation fuzz_tracestate fuzz_settings core_propagation_test",
    "core/propagation/baggage.cc": "fuzz_baggage core_propagation_test",
    "core/sampling/rules.cc": "fuzz_sampling_rules core_sampling_test",
    "core/json/json.cc": "fuzz_json core_json_test",
    "core/transport/agent_info.cc core/transport/response.cc core/transport/address.cc":
        "fuzz_agent_answers fuzz_response fuzz_addresses core_transport_test",
    "core/config/parse.cc core/config/parse.h": "fuzz_settings core_config_test",
    "core/config/yaml.cc core/config/stable_file.cc": "fuzz_stable_file core_config_test",
    "core/remote_config/repository.cc core/remote_config/apm_tracing.cc": "fuzz_remote_answer core_remote_config_test",
    "core/http/url.cc core/http/header_tags.cc core/http/status_ranges.cc core/http/client_ip.cc core/http/redact.cc":
        "fuzz_http fuzz_settings core_http_test",
    "core/stats/sql.cc core/stats/sql_lexer.cc core/stats/quantize.cc core/stats/obfuscate.cc core/stats/trace_filter.cc":
        "fuzz_sql core_stats_test",
    "core/tracing/pack.cc": "fuzz_objects",
    "pyshim/native/statsd_object.cc": "fuzz_statsd",
}


def run(program: pathlib.Path, profiles: str, *folders: pathlib.Path) -> None:
    for arguments in [[str(one)] for one in folders if one.is_dir() and any(one.iterdir())] or [[]]:
        subprocess.run([program, *arguments], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                       env=os.environ | {"LLVM_PROFILE_FILE": f"{profiles}/{program.name}-%p"})


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", type=pathlib.Path, default=ROOT / "build-coverage")
    parser.add_argument("--also", type=pathlib.Path)
    parser.add_argument("only", nargs="*", help="parts of the parsers' names")
    arguments = parser.parse_args()
    parsers = {files: names for files, names in PARSERS.items()
               if not arguments.only or any(word in files for word in arguments.only)}
    programs = sorted({name for names in parsers.values() for name in names.split()})
    subprocess.run(["cmake", "--build", arguments.build, "--target", *programs], check=True, stdout=subprocess.DEVNULL)
    found = {path.name: path for path in arguments.build.glob("tests/**/*") if path.name in programs and path.is_file()}
    with tempfile.TemporaryDirectory() as profiles:
        for name in programs:
            short = name.removeprefix("fuzz_")
            folders = [ROOT / "tests/fuzz/corpus" / short] if short != name else []
            if folders and arguments.also:
                folders.append(arguments.also / f"found_{short}")
            run(found[name], profiles, *folders)
        merged = profiles + "/merged"
        subprocess.run(["llvm-profdata", "merge", "-o", merged, *map(str, pathlib.Path(profiles).iterdir())], check=True)
        poor = 0
        print(f"{'parser':42}{'lines':>7}{'run':>8}")
        for files, names in parsers.items():
            objects = [word for name in names.split() for word in ("-object", str(found[name]))][1:]
            report = subprocess.run(["llvm-cov", "export", "-summary-only", f"-instr-profile={merged}", *objects],
                                    check=True, capture_output=True, text=True)
            for one in json.loads(report.stdout)["data"][0]["files"]:
                if os.path.relpath(one["filename"], ROOT) not in files.split():
                    continue
                lines = one["summary"]["lines"]
                poor += lines["percent"] < LEAST
                print(f"{os.path.relpath(one['filename'], ROOT):42}{lines['count']:7}{lines['percent']:7.1f}%"
                      + ("   <--" if lines["percent"] < LEAST else ""))
                if lines["percent"] < LEAST:
                    shown = subprocess.run(["llvm-cov", "show", f"-instr-profile={merged}", *objects, one["filename"]],
                                           check=True, capture_output=True, text=True).stdout.splitlines()
                    print("\n".join(line for line in shown if re.match(r" *\d+\|\s*0\|", line)))
    return poor and 1


if __name__ == "__main__":
    sys.exit(main())
