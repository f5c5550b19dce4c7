"""A function inside of an object; each test reads this file, so that it is a short one."""

from __future__ import annotations

import collections
import dataclasses
import functools
import operator
import threading
import types
from collections.abc import Callable

import cloudpickle
import packaging.version
import pytest

import pypackage


def _using(function: Callable[[], object]) -> dict[str, object]:
    """A callable in each kind of object that holds things."""

    class Slots:
        __slots__ = ("held",)

        def __init__(self) -> None:
            self.held = function

    @dataclasses.dataclass(slots=True)
    class Data:
        held: object

        def go(self) -> object:
            return self.held

    class Stateful:
        def __getstate__(self) -> object:
            return {"held": function}

    class Reducing:
        def __reduce__(self) -> tuple[object, ...]:
            return (list, ([function],))

    class Locked(Slots):
        def __init__(self) -> None:
            super().__init__()
            self.lock = threading.Lock()  # which cannot be pickled

    class Listing(list[object]):
        pass

    class Mapped(dict[str, object]):
        pass

    cell: object = function

    @functools.lru_cache
    def cached() -> object:
        return cell

    async def waiting() -> object:
        return cell

    return {
        "slots": Slots(),
        "slots of a dataclass": Data(function).go,
        "state": Stateful(),
        "reduce": Reducing(),
        "what cannot be sent": Locked(),
        "list": Listing([function]),
        "mapping": Mapped(held=function),
        "partial": functools.partial(map, function),
        "deque": collections.deque([function]),
        "factory": collections.defaultdict(lambda: function),
        "namespace": types.SimpleNamespace(held=function),
        "argument": operator.methodcaller("call", function),
        "deep": [[{"deep": ({1: function},)}]],
        "cached, which cannot be sent": cached,
        "async": waiting,
        "closure": (lambda: cell),
        "class": type("Made", (), {"go": function}),
        "proxy": types.MappingProxyType({"held": function}),
        "view": {"held": function}.values(),
        "ordered view": collections.OrderedDict(held=function).items(),
    }


_HELD = _using(lambda: packaging.version)


@pytest.mark.parametrize("kind", _HELD)
def test_analyze_function__function_inside_of_an_object__is_found(kind: str) -> None:
    assert pypackage.analyze_function(_HELD[kind], pin="none").modules == ("packaging",)


@pytest.mark.parametrize("kind", [kind for kind in _HELD if "cannot be sent" not in kind])
def test_analyze_pickle__function_inside_of_an_object__is_found(kind: str) -> None:
    sent = pypackage.analyze_pickle(cloudpickle.dumps(_HELD[kind]), pin="none")
    assert sent.modules == ("cloudpickle", "packaging")
