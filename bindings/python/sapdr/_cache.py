"""Caches of remote repositories on this machine: no repository is needed."""

from __future__ import annotations

from . import _arguments, _sapdr
from ._arguments import Duration, StrPath
from ._types import Cache


def cache_list(folder: StrPath) -> list[Cache]:
    """The caches in a folder (`cache_dir` of `open`), last used first; none if it is missing."""
    return _sapdr.cache_list(_arguments.path(folder))


def cache_remove(folder: StrPath, *, max_age: Duration) -> list[Cache]:
    """Removes the caches in a folder that were not used for so long, 0 for all, and tells them.

    A repository that is open goes on without its cache.
    """
    return _sapdr.cache_remove(_arguments.path(folder), _arguments.duration(max_age))
