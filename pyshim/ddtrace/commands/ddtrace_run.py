"""`python -m ddtrace.commands.ddtrace_run COMMAND...`: the command, traced."""

import os
import sys


def main() -> None:
    """Becomes the command of the arguments; never comes back."""
    # The interpreter acts as the launcher when it is called by the launcher's name.
    os.execv(sys.executable, ["ddtrace-run", *sys.argv[1:]])


if __name__ == "__main__":
    main()
