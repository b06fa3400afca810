"""The level of dd-trace-py whose behaviour this package has."""

__version__ = "4.16.0"
