"""A client of the agent's metrics, by its URL."""

from __future__ import annotations

from ddtrace.vendor.dogstatsd import DogStatsd


def default_url() -> str:
    """Where metrics are sent to."""
    from ddtrace.internal.settings.env import env

    url = env.get("DD_DOGSTATSD_URL")
    if url:
        return url
    host = env.get("DD_DOGSTATSD_HOST") or env.get("DD_AGENT_HOST")
    port = env.get("DD_DOGSTATSD_PORT") or env.get("DD_AGENT_PORT")
    if host or port:
        return f"udp://{host or 'localhost'}:{port or 8125}"
    import os

    path = "/var/run/datadog/dsd.socket"
    return f"unix://{path}" if os.path.exists(path) else "udp://localhost:8125"


def get_dogstatsd_client(
    url: str, namespace: str | None = None, tags: list[str] | None = None
) -> DogStatsd:
    """A client for "udp://host:port", "unix:///path", "/path" or "host:port".

    Raises ValueError for other URLs.
    """
    if not url:
        return DogStatsd(namespace=namespace, constant_tags=tags)
    from urllib.parse import urlparse

    if url.startswith("/"):
        url = "unix://" + url
    elif "://" not in url:
        url = "udp://" + url
    parsed = urlparse(url)
    if parsed.scheme == "unix":
        return DogStatsd(socket_path=parsed.path, namespace=namespace, constant_tags=tags)
    if parsed.scheme == "udp":
        return DogStatsd(
            host=parsed.hostname or "",
            port=parsed.port or 8125,
            namespace=namespace,
            constant_tags=tags,
        )
    raise ValueError(f"Unknown scheme `{parsed.scheme}` for DogStatsD URL `{url}`")
