"""What the package holds."""


def fail() -> None:
    raise ValueError("on purpose")


if __name__ == "__main__":
    print("run as", __spec__.name)
