"""Starting together with the interpreter."""
