"""Trace context between processes."""
