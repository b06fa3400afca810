"""A dictionary whose entries are attributes too."""

from typing import Any


class AttrDict(dict[str, Any]):
    """`d.key` is `d["key"]`; what the class itself has goes before entries."""

    def __getattr__(self, key: str) -> Any:
        try:
            return self[key]
        except KeyError:
            raise AttributeError(
                f"{type(self).__name__!r} object has no attribute {key!r}"
            ) from None

    def __setattr__(self, key: str, value: Any) -> None:
        if key in self.__dict__ or hasattr(type(self), key):
            object.__setattr__(self, key, value)
        else:
            self[key] = value
