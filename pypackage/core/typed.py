"""Replacements for what short runs need of `typing`, without importing it.

Importing it takes a sixth as long as Python's own start, and each of its named tuples 100 µs,
since it compiles a constructor, though in such a run most of seventy are never instantiated.
Type checkers see the originals.
"""

from __future__ import annotations

TYPE_CHECKING = False
_MANY = 20  # tuples of a class from which on a compiled constructor pays

if TYPE_CHECKING:
    from typing import NamedTuple as NamedTuple
else:
    from collections import _tuplegetter

    class _Maker(type):
        """Makes the class of named tuples that a class statement describes."""

        def __new__(cls, name, bases, namespace):
            if not bases:
                return type.__new__(cls, name, bases, namespace)
            fields = tuple(namespace.get("__annotations__", ()))
            defaults = {field: namespace[field] for field in fields if field in namespace}
            getters = {field: _tuplegetter(at, None) for at, field in enumerate(fields)}
            about = {"_fields": fields, "_field_defaults": defaults, "__match_args__": fields}
            own = {"__slots__": (), "__new__": _first, **_METHODS, **about}
            return type(name, (tuple,), {**own, **namespace, **getters})

    class NamedTuple(metaclass=_Maker):
        """The base of named tuples, like `typing.NamedTuple`."""

    _made = {}  # how many tuples of each class were made

    def _first(cls, /, *values, **named):
        """Make one of the first tuples of a class; if there are many, compile its constructor.

        Compiling takes 70 µs, and a short run makes few tuples of most classes.
        """
        home = next(one for one in cls.__mro__ if "_fields" in one.__dict__)
        _made[home] = _made.get(home, 0) + 1
        given = {**dict(zip(home._fields, values, strict=False)), **named}
        full = {**home._field_defaults, **given}
        is_right = len(given) == len(values) + len(named) and full.keys() == set(home._fields)
        if is_right and _made[home] < _MANY:
            return tuple.__new__(cls, [full[field] for field in home._fields])
        listed = "".join(f"{field}, " for field in home._fields)
        code = f"lambda _cls, {listed}: _new(_cls, ({listed}))"
        construct = eval(code, {"_new": tuple.__new__, "__builtins__": {}})
        construct.__name__ = construct.__qualname__ = "__new__"
        construct.__defaults__ = tuple(home._field_defaults.values())
        home.__new__ = staticmethod(construct)
        return construct(cls, *values, **named)

    def _make(cls, values):
        """Make one from an iterable of all values."""
        made = tuple.__new__(cls, values)
        if len(made) != len(cls._fields):
            raise TypeError(f"expected {len(cls._fields)} values, got {len(made)}")
        return made

    def _replace(self, /, **values):
        """Return a copy with other values of some fields."""
        made = self._make(map(values.pop, self._fields, self))
        if values:
            raise TypeError(f"{type(self).__name__} has no {', '.join(values)}")
        return made

    def _as_dict(self):
        """Return the values by the names of the fields."""
        return dict(zip(self._fields, self, strict=True))

    def _shown(self):
        listed = ", ".join(f"{name}={value!r}" for name, value in _as_dict(self).items())
        return f"{type(self).__name__}({listed})"

    _METHODS = {
        "_make": classmethod(_make),
        "_replace": _replace,
        "_asdict": _as_dict,
        "__repr__": _shown,
        "__getnewargs__": lambda self: tuple(self),
    }
