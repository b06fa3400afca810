"""Prints the options of DDConfig: name, type, default, variable, and what they say."""

from ddtrace.datadog._config import OPTIONS

for option in OPTIONS.values():
    shown = "" if option.default in ("", [], {}) else f" = {option.default!r}"
    print(f"{option.name}: {option.kind.__name__}{shown}  {option.variable}\n    {option.help}")
