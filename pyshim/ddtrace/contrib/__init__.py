"""Help for instrumentation that is written by hand."""
