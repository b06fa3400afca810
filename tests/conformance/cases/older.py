"""older.py PROGRAM [ARGUMENT...]: one of the Flask programs with Flask 1.1, whose applications have no `get`."""

import runpy
import sys

from flask import Blueprint, Flask


def _get(self, rule, **options):
    return self.route(rule, methods=["GET"], **options)


def _post(self, rule, **options):
    return self.route(rule, methods=["POST"], **options)


for scaffold in (Flask, Blueprint):
    scaffold.get, scaffold.post = _get, _post

if __name__ == "__main__":
    sys.argv[:] = sys.argv[1:]
    runpy.run_path(sys.argv[0], run_name="__main__")
