"""The container this process runs in."""

from __future__ import annotations

import re

_ID = re.compile(r"([0-9a-f]{64}|[0-9a-f]{8}(?:-[0-9a-f]{4}){4}|[0-9a-f]{32}-\d+)(?:\.scope)?$")


class UnresolvableContainerID(Exception):
    """Nobody says which container it is."""


class ContainerID:
    """Reads the id from the control groups of the process."""

    CGROUP_PATH = "/proc/self/cgroup"

    def __init__(self) -> None:
        self.container_id = self._read_container_id(self.CGROUP_PATH)

    def _read_container_id(self, path: str) -> str | None:
        try:
            with open(path, encoding="utf-8") as stream:
                for line in stream:
                    found = _ID.search(line.strip())
                    if found is not None:
                        return found.group(1)
        except OSError as error:
            raise UnresolvableContainerID(f"Unable to read {path}: {error}") from error
        return None
