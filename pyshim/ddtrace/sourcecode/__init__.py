"""Where the source code of a package is kept."""
