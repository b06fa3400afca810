"""Homes of the classes behind `ddtrace.trace`."""
