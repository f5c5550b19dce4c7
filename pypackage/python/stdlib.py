"""The top-level standard-library modules of each Python version."""

from __future__ import annotations

import os
import re
import sys
from functools import cache

from pypackage.core.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pypackage.python.interpreter import Environment

# Part of CPython, but only in builds for some platforms or for its tests.
_OF_PLATFORMS = (
    "nt posix winreg msvcrt winsound _winapi _overlapped _msi _wmi "
    "_scproxy _apple_support _ios_support _android_support"
)
_OF_TESTS = (
    "test _ctypes_test _testbuffer _testcapi _testclinic _testclinic_limited "
    "_testexternalinspection _testimportmultiple _testinternalcapi _testlimitedcapi "
    "_testmultiphase _testsinglephase _xxinterpchannels _xxsubinterpreters _xxtestfuzz "
    "xxlimited xxlimited_35 xxsubtype __hello__ __phello__"
)
_EVERYWHERE = frozenset(f"__main__ {_OF_PLATFORMS} {_OF_TESTS}".split())

# Modules of Python 2 that no Python 3 has, and that programs still try to import.
_ONLY_IN_PYTHON_2 = """
AL BaseHTTPServer Bastion CGIHTTPServer Canvas Carbon ColorPicker ConfigParser Cookie DEVICE
Dialog DocXMLRPCServer EasyDialogs FL FileDialog FixTk FrameWork GL HTMLParser MacOS
MimeWriter MiniAEFrame Nav PixMapWrapper Queue SUNAUDIODEV ScrolledText SimpleDialog
SimpleHTTPServer SimpleXMLRPCServer SocketServer StringIO Tix Tkconstants Tkdnd Tkinter
UserDict UserList UserString W _LWPCookieJar _MozillaCookieJar __builtin__ _abcoll _bsddb
_hotshot _sha _winreg aepack aetools aetypes al anydbm applesingle audiodev autoGIL bsddb
buildtools cPickle cStringIO cd cfmfile commands compiler cookielib copy_reg dbhash dircache
dl dumbdbm dummy_thread exceptions findertools fl flp fm fpformat future_builtins gdbm
gensuitemodule gl hotshot htmlentitydefs htmllib httplib ic icopen ihooks imageop imgfile
imputil jpeg linuxaudiodev macerrors macostools macresource markupbase md5 mhlib mimetools
mimify multifile mutex new os2emxpath popen2 posixfile repr rexec rfc822 robotparser sets
sgmllib sha sre statvfs stringold strop sunaudio sunaudiodev thread tkColorChooser
tkCommonDialog tkFileDialog tkFont tkMessageBox tkSimpleDialog toaiff ttk urllib2 urlparse
user videoreader whichdb xmllib xmlrpclib
"""

# Built into the interpreter, or imported before any program: files never shadow these.
_BUILT_IN = """
_abc _ast _codecs _collections _collections_abc _frozen_importlib _frozen_importlib_external
_functools _imp _io _locale _operator _signal _sitebuiltins _sre _stat _string _symtable
_thread _tracemalloc _typing _warnings _weakref abc atexit builtins codecs encodings errno
faulthandler gc genericpath io itertools marshal os posix posixpath pwd site stat sys time
xxsubtype zipimport __main__
"""
_OF_PYTHON_2 = frozenset(_ONLY_IN_PYTHON_2.split())
_NEVER_SHADOWED = frozenset(_BUILT_IN.split())
# In packages of their own on Debian, or left out of environments that are made here.
_OFTEN_LEFT_OUT = frozenset(["_tkinter", "idlelib", "test", "tkinter", "turtle", "turtledemo"])


def names(version: str, environment: Environment | None = None) -> frozenset[str]:
    """Return the top-level modules of a version's standard library, on all platforms.

    Args:
        version: `3.11`, `3.11.7` or the like; it need not be installed.
        environment: One of that version, used if stdlib-list does not know the version;
            without it, the nearest known version is used.
    """
    wanted = _numbers(version)
    if wanted == sys.version_info[:2]:  # the same as in stdlib-list, in no time
        return sys.stdlib_module_names | _EVERYWHERE
    from stdlib_list import short_versions

    known = {_numbers(one): one for one in short_versions}
    if wanted > max(known) and environment is not None and environment.stdlib_module_names:
        return environment.stdlib_module_names | _EVERYWHERE
    nearest = min((one for one in known if one >= wanted), default=max(known))
    return _listed(known[nearest]) | _EVERYWHERE


def is_known(version: str) -> bool:
    """Whether the standard library of a version is known without querying an interpreter."""
    if _numbers(version) == sys.version_info[:2]:
        return True
    from stdlib_list import short_versions

    return _numbers(version) <= max(_numbers(one) for one in short_versions)


def is_of_python_2(module: str) -> bool:
    """Whether a name is that of a module of Python 2's, which is never a package."""
    return module in _OF_PYTHON_2


def is_often_left_out(module: str) -> bool:
    """Whether OS packages of Python, or environments made of one, may lack a module."""
    return module in _OFTEN_LEFT_OUT


def is_of_another_version(module: str) -> bool:
    """Whether a module that the target lacks is in another version's standard library."""
    if module in sys.stdlib_module_names or is_of_python_2(module):
        return True
    return module in _of_any_version()


@cache
def _of_any_version() -> frozenset[str]:
    from stdlib_list import short_versions

    return frozenset().union(*map(_listed, short_versions))


def absent(modules: Iterable[str], environment: Environment) -> list[str]:
    """Return those of some often omitted modules that an interpreter lacks.

    Without the extension module `_tkinter`, tkinter is there but cannot be imported.
    """
    numbers = ".".join(environment.version.split(".")[:2])
    library = f"{environment.base_prefix}/lib/python{numbers}"
    try:
        names = {name.partition(".")[0] for name in os.listdir(library)}
        built = {name.partition(".")[0] for name in os.listdir(f"{library}/lib-dynload")}
    except OSError:
        return []  # it has another layout
    have = names if "_tkinter" in built else names & {"test"}
    return [one for one in modules if one not in have | built]


def is_never_shadowed(module: str) -> bool:
    """Whether Python imports its own module whatever lies beside the program."""
    return module in _NEVER_SHADOWED


def _listed(version: str) -> frozenset[str]:
    from stdlib_list import stdlib_list

    tops = frozenset(name.partition(".")[0] for name in stdlib_list(version))
    if version == "3.9":  # its list lacks the C modules, which
        return tops | (_listed("3.8") & _listed("3.10")) | {"_zoneinfo"}  # 3.8 and 3.10 share
    return tops


def _numbers(version: str) -> tuple[int, int]:
    """Return major and minor number of a version; the minor one is 0 if absent."""
    found = re.match(r"(\d{1,9})(?:\.(\d{1,9}))?", version)
    return (int(found[1]), int(found[2] or 0)) if found else (0, 0)
