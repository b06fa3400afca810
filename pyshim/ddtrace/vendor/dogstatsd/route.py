"""Where this machine's packets go by default."""

import socket
import struct


class UnresolvableDefaultRoute(Exception):
    """There is no default route, or nobody says which."""


def get_default_route() -> str:
    """The address of the default gateway."""
    try:
        with open("/proc/net/route", encoding="ascii") as stream:
            for line in stream:
                fields = line.split()
                if len(fields) > 3 and fields[1] == "00000000" and int(fields[3], 16) & 2:
                    return socket.inet_ntoa(struct.pack("<L", int(fields[2], 16)))
    except (OSError, ValueError):
        pass
    raise UnresolvableDefaultRoute("Unable to resolve system default route")
