"""Importing this starts tracing; in this interpreter it has started already."""

loaded = True
