"""Whether handled errors are reported, and the calls that start and stop it."""


def enabled() -> bool:
    """They are not, yet."""
    return False


def post_preload() -> None:
    """Nothing is to be prepared."""


def start() -> None:
    """Nothing is started."""


def restart(join: bool = False) -> None:
    """Nothing is running."""


def stop(join: bool = False) -> None:
    """Nothing is running."""
