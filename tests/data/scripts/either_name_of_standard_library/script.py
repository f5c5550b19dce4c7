try:
    from typing import Protocol, Self
except ImportError:
    from typing_extensions import Protocol, Self
try:
    from typing import Literal
except ImportError:
    from typing_inspect import Literal
try:
    import importlib.metadata as metadata
except ImportError:
    import importlib_metadata as metadata
try:
    from importlib.resources import files
except ImportError:
    from importlib_resources import files
try:
    from enum import StrEnum
except ImportError:
    from strenum import StrEnum
