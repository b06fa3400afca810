"""Errors that the application handles itself. They are not reported yet."""
