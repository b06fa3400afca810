"""What the program is called."""

from __future__ import annotations

import os
import sys


def get_application_name() -> str | None:
    """The file name of the program, or of the module it runs."""
    main = sys.modules.get("__main__")
    spec = getattr(main, "__spec__", None)
    if spec is not None:
        name = str(spec.name)
        return name[: -len(".__main__")] if name.endswith(".__main__") else name
    return os.path.basename(sys.argv[0]) if sys.argv and sys.argv[0] else None
