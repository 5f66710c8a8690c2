"""Storage written in Python, as a program would."""

from __future__ import annotations

import threading
from collections.abc import Callable

from sapdr import ObjectInfo, ObjectName


class DictStorage:
    """Objects in a dictionary. `before` is called first by every method and may raise."""

    def __init__(self) -> None:
        self.objects: dict[ObjectName, bytes] = {}
        self.before: Callable[[str], object] = lambda call: None
        self._lock = threading.Lock()

    def _find(self, object: ObjectName) -> bytes:
        if object not in self.objects:
            raise FileNotFoundError(object.path)
        return self.objects[object]

    def size(self, object: ObjectName, /) -> int:
        self.before("size")
        return len(self._find(object))

    def load(self, object: ObjectName, offset: int, size: int, /) -> memoryview:
        self.before("load")
        return memoryview(self._find(object))[offset : offset + size]

    def save(self, object: ObjectName, data: bytes, /) -> None:
        self.before("save")
        with self._lock:
            if object in self.objects:
                raise FileExistsError(object.path)
            self.objects[object] = data

    def list(self, type: str, /) -> list[tuple[str, int]]:
        self.before("list")
        with self._lock:
            return [(o.name, len(data)) for o, data in self.objects.items() if o.type == type]

    def erase(self, object: ObjectName, /) -> None:
        self.before("erase")
        with self._lock:
            if self.objects.pop(object, None) is None:
                raise FileNotFoundError(object.path)

    def count(self, type: str) -> int:
        return sum(o.type == type for o in self.objects)


class ClockedStorage(DictStorage):
    """The same, with times by a clock of its own."""

    def __init__(self) -> None:
        super().__init__()
        self._ticks: dict[str, int] = {}

    def save(self, object: ObjectName, data: bytes, /) -> None:
        super().save(object, data)
        self._ticks[object.name] = len(self._ticks) + 1

    def list(self, type: str, /) -> list[ObjectInfo]:  # type: ignore[override]
        return [ObjectInfo(n, s, self._ticks.get(n, 0)) for n, s in super().list(type)]
