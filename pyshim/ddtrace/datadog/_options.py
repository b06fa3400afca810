"""What an option is: its name, type and default, its variable, and what values it may have."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

Check = Callable[[Any], Any]  # gives the value to use; raises ValueError with what is wrong


class Option(NamedTuple):
    """One row of the table of DDConfig."""

    name: str
    kind: type
    default: Any
    variable: str
    help: str
    check: Check | None = None


_KINDS: dict[type, tuple[type, ...]] = {
    float: (int, float),
    list: (list, tuple),
    dict: (Mapping,),
}


def from_text(option: Option, text: str) -> Any:
    """The value that a variable's text stands for. Raises ValueError."""
    if option.kind is bool:
        if text.strip().lower() in ("1", "true"):
            return True
        if text.strip().lower() in ("0", "false", ""):
            return False
        raise ValueError("it must be true or false")
    if option.kind in (int, float):
        return option.kind(text)
    if option.kind is list and option.name == "tracing_sampling_rules":
        import json

        rules = json.loads(text)
        if not isinstance(rules, list) or not all(isinstance(rule, dict) for rule in rules):
            raise ValueError("it must be a JSON list of rules")
        return [
            (rule.get("service"), (rule.get("tags") or {}).get("env"), rule.get("sample_rate", 1.0))
            for rule in rules
        ]
    if option.kind is list:
        return [part.strip() for part in text.split(",") if part.strip()]
    return text


def checked(option: Option, value: Any) -> Any:
    """The value to use. Raises TypeError and ValueError that name the option."""
    kinds = _KINDS.get(option.kind, (option.kind,))
    if not isinstance(value, kinds) or (isinstance(value, bool) and option.kind is not bool):
        raise TypeError(
            f"option {option.name!r} must be {option.kind.__name__}, not {type(value).__name__}"
        )
    if option.check is None:
        return value
    try:
        return option.check(value)
    except ValueError as error:
        raise ValueError(f"option {option.name!r} cannot be {value!r}: {error}") from None


def one_of_ports(value: int) -> int:
    """A port number."""
    if not 0 < value < 65536:
        raise ValueError("a port is a number from 1 to 65535")
    return value


def positive(value: float) -> float:
    """A number above zero."""
    if not 0 < value < 1e9:
        raise ValueError("it must be greater than zero and finite")
    return value


def site(value: str) -> str:
    """The domain of a site, without its default's first part."""
    text = value.strip().lower().removeprefix("https://").rstrip("/")
    if text == "us1.datadoghq.com":
        return "datadoghq.com"
    if not text or "/" in text or " " in text:
        raise ValueError("it must be a domain like datadoghq.com")
    return text


def agent_url(value: str) -> str:
    """A URL of the agent for host, host:port, http(s)://..., unix://... or a path."""
    text = value.strip()
    if text.startswith("/"):
        return "unix://" + text
    scheme, separator, rest = text.partition("://")
    if not separator:
        scheme, rest = "http", text
    if scheme not in ("http", "https", "unix") or not rest.strip("/"):
        raise ValueError("it must be a host, host:port, http://..., https://... or unix://...")
    if scheme == "unix":
        return text
    from urllib.parse import urlsplit

    if urlsplit(f"{scheme}://{rest}").port == 0:  # raises ValueError for what is no number
        raise ValueError("a port is a number from 1 to 65535")
    return f"{scheme}://{rest.rstrip('/')}"


def integrations(value: list[str]) -> list[str]:
    """Names of integrations."""
    _known_integrations(value)
    return list(value)


def integration_settings(
    value: Mapping[str, Mapping[str, Any]],
) -> dict[str, dict[str, Any]]:
    """Settings of integrations, by name."""
    _known_integrations(value)
    for name, settings in value.items():
        if not isinstance(settings, Mapping):
            raise ValueError(f"the settings of {name} are no mapping")
    return {name: dict(settings) for name, settings in value.items()}


def _known_integrations(names: Iterable[Any]) -> None:
    from ddtrace.internal._integrations import DEFAULTS

    unknown = sorted({str(name) for name in names} - set(DEFAULTS))
    if unknown:
        raise ValueError(f"there is no integration {', '.join(unknown)}")


def sampling_rules(value: list[Any]) -> list[tuple[str | None, str | None, float]]:
    """Rows of (service, env, rate); None is any."""
    rows = []
    for row in value:
        if not isinstance(row, (tuple, list)) or len(row) != 3:
            raise ValueError("each rule is (service, env, rate)")
        service, env, rate = row
        if any(text is not None and not isinstance(text, str) for text in (service, env)):
            raise ValueError("service and env of a rule are texts or None")
        if isinstance(rate, bool) or not isinstance(rate, (int, float)) or not 0 <= rate <= 1:
            raise ValueError("the rate of a rule is a number from 0 to 1")
        rows.append((service, env, float(rate)))
    return rows
