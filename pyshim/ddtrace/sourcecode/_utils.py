"""Asks git for the repository and the commit of the working directory."""

from __future__ import annotations

import os
import re


def _git(*arguments: str) -> str:
    import subprocess

    try:
        done = subprocess.run(["git", *arguments], capture_output=True, text=True, check=False)
    except OSError:
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""


def get_source_code_link() -> str:
    """"repository#commit", without the password of the address; parts may be empty."""
    repository = os.environ.get("DD_GIT_REPOSITORY_URL") or _git(
        "config", "--get", "remote.origin.url"
    )
    commit = os.environ.get("DD_GIT_COMMIT_SHA") or _git("rev-parse", "HEAD")
    return f"{re.sub(r'(?<=://)[^/@]*@', '', repository)}#{commit}"
