"""What functions of one code share: everything that was built for them."""

from __future__ import annotations

import inspect
import os
import threading
import weakref
from collections import OrderedDict
from typing import Any

from symdiff.config import Options
from symdiff.custom import CustomRule
from symdiff.runtime.family import Family
from symdiff.symbolic import SymbolicPrimitive

__all__ = ["Store", "shared_store"]

RECENT = 128
_stores: weakref.WeakValueDictionary[Any, Store] = weakref.WeakValueDictionary()
_recent: OrderedDict[Any, Store] = OrderedDict()
_stores_lock = threading.Lock()


class Store:
    """Everything built for functions of one code and one set of options."""

    def __init__(self) -> None:
        self.families: dict[Any, list[Family]] = {}
        self.static_leaves: dict[Any, set[int]] = {}
        self.lock = threading.RLock()


def shared_store(function: Any, options: Options) -> Store:
    """The store of all functions with this code.

    It lives as long as one of them, and the most recent ones longer: a lambda is often made anew for each call.
    """
    plain = inspect.unwrap(getattr(function, "__func__", function))
    code = getattr(plain, "__code__", None)
    if code is None and not isinstance(plain, CustomRule | SymbolicPrimitive):
        return Store()
    # functions of one code may have been given other globals
    key = (plain, options, 0) if code is None else (code, options, id(plain.__globals__))
    with _stores_lock:
        store = _recent[key] = _stores.setdefault(key, Store())
        _recent.move_to_end(key)
        if len(_recent) > RECENT:
            _recent.popitem(last=False)
        return store


def _renew_locks() -> None:
    """In a forked child: threads of the parent may have held the locks, and are not there to release them."""
    global _stores_lock
    _stores_lock = threading.Lock()
    for store in list(_stores.values()):
        store.lock = threading.RLock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_renew_locks)
