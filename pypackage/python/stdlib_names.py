"""Names in standard-library modules that only some Python versions have.

Those that programs try to import and else take from a backport: `from typing import Self`,
else from typing_extensions. From the "New in version" notes of the library's reference.
"""

from __future__ import annotations

# By module: names by the minor version of Python 3 that added them.
_ADDED: dict[str, dict[int, str]] = {
    "typing": {
        8: "Final Literal Protocol SupportsIndex TypedDict final get_args get_origin"
        " runtime_checkable",
        9: "Annotated",
        10: "Concatenate ParamSpec ParamSpecArgs ParamSpecKwargs TypeAlias TypeGuard is_typeddict",
        11: "LiteralString Never NotRequired Required Self TypeVarTuple Unpack assert_never"
        " assert_type clear_overloads dataclass_transform get_overloads reveal_type",
        12: "TypeAliasType override",
        13: "NoDefault ReadOnly TypeIs get_protocol_members is_protocol",
        14: "evaluate_forward_ref",
    },
    "ast": {9: "unparse"},
    "asyncio": {
        7: "create_task current_task get_running_loop run",
        9: "to_thread",
        11: "Barrier Runner TaskGroup timeout timeout_at",
    },
    "collections.abc": {12: "Buffer"},
    "contextlib": {
        7: "AsyncExitStack asynccontextmanager nullcontext",
        10: "aclosing",
        11: "chdir",
    },
    "copy": {13: "replace"},
    "dataclasses": {10: "KW_ONLY"},
    "datetime": {11: "UTC"},
    "enum": {11: "EnumType ReprEnum StrEnum global_enum member nonmember verify"},
    "functools": {8: "cached_property singledispatchmethod", 9: "cache"},
    "http": {11: "HTTPMethod"},
    "importlib": {7: "resources", 8: "metadata"},
    "importlib.metadata": {10: "packages_distributions"},
    "importlib.resources": {9: "as_file files", 11: "abc"},
    "inspect": {10: "get_annotations"},
    "itertools": {10: "pairwise", 12: "batched"},
    "math": {
        8: "comb dist isqrt perm prod",
        9: "lcm nextafter ulp",
        11: "cbrt exp2",
        12: "sumprod",
    },
    "multiprocessing": {8: "shared_memory"},
    "shlex": {8: "join"},
    "statistics": {8: "NormalDist fmean"},
    "string": {14: "templatelib"},
    "types": {
        9: "GenericAlias",
        10: "EllipsisType NoneType NotImplementedType UnionType",
        12: "get_original_bases",
    },
    "unittest": {8: "IsolatedAsyncioTestCase"},
    "unittest.mock": {8: "AsyncMock"},
    "warnings": {13: "deprecated"},
    "zipfile": {8: "Path"},
}
# Likewise, by the minor version that removed them.
_REMOVED: dict[str, dict[int, str]] = {
    "asyncio": {11: "coroutine"},
    "collections": {
        10: "Callable Container Hashable ItemsView Iterable Iterator KeysView Mapping"
        " MappingView MutableMapping MutableSequence MutableSet Sequence Set Sized ValuesView"
    },
    "fractions": {9: "gcd"},
    "inspect": {11: "getargspec"},
    "xml.etree": {9: "cElementTree"},
}


def is_missing(dotted: str, version: tuple[int, ...]) -> bool:
    """Whether a name is known to be missing from a module in a version.

    Args:
        dotted: The module and the name: `typing.Self`; parts of it that are modules count too.
        version: Of Python, major and minor number.
    """
    if len(version) < 2 or version[0] != 3:
        return False
    minor, parts = version[1], dotted.split(".")
    for count in range(1, len(parts)):
        module, name = ".".join(parts[:count]), parts[count]
        added, removed = _ADDED.get(module, {}), _REMOVED.get(module, {})
        if any(name in names.split() for first, names in added.items() if first > minor):
            return True
        if any(name in names.split() for gone, names in removed.items() if gone <= minor):
            return True
    return False
