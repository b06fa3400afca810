"""Test Optimization."""
