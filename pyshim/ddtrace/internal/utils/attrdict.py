"""A dictionary whose entries are attributes too."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    _Entries = dict[str, Any]
else:
    _Entries = dict


class AttrDict(_Entries):
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
