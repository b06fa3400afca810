"""Calls that switch the search for vulnerable code on. There is no such product yet: they do nothing."""


def ddtrace_iast_flask_patch() -> None:
    """Prepares the module of the caller, a Flask application."""


def enable_iast_propagation() -> None:
    """Prepares all modules that are imported from now on."""
