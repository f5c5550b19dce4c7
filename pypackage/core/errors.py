"""The errors of this package, each with the exit code of the executables.

Everything raised on purpose derives from `PackageError`, so that callers need only one `except`;
the executables turn it into a line on stderr and its exit code. Errors pass between processes as
JSON (`to_dict`) or pickled.
"""

from __future__ import annotations

import copyreg
import errno

from pypackage.core.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import TypedDict

    from typing_extensions import Self

    class ErrorDict(TypedDict):
        """An error as JSON; `kind` is the name of its class."""

        kind: str
        message: str
        hint: str
        exit_code: int

else:
    ErrorDict = dict  # a TypedDict would take a tenth of the time of `--version`

INTERNAL_ERROR = 70
"""The exit code of internal errors: EX_SOFTWARE in <sysexits.h>."""


class PackageError(Exception):
    """The base class of all errors that this package raises.

    Attributes:
        message: What is wrong, and with which file, package or option.
        hint: What the user can do about it, by default the advice for all errors of the class;
            empty if the message says it all.
        exit_code: The exit code of the executables.
    """

    exit_code = INTERNAL_ERROR
    advice = ""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint or self.advice

    @classmethod
    def of(cls, error: OSError, what: str, place: object = "") -> Self:
        """Make an error of this class from an error of the operating system.

        Args:
            place: The path, if the error does not name one.
        """
        where = error.filename or place
        reason = error.strerror or str(error)
        message = f"{what}: {reason}: {where}" if where else f"{what}: {reason}"
        return cls(message, advice_for(error.errno))

    @classmethod
    def wrapping(cls, what: str, place: object = "") -> _Wrapping:
        """Return a context that turns an error of the operating system into one of this class.

        Args:
            what: As for `of`.
            place: As for `of`.
        """
        return _Wrapping(cls, what, place)

    def __str__(self) -> str:
        return f"{self.message}\n{self.hint}" if self.hint else self.message

    def __reduce__(self) -> tuple[object, ...]:
        """Pickle the attributes: the constructors of subclasses may take other arguments."""
        return copyreg.__newobj__, (type(self), *self.args), vars(self)  # type: ignore[attr-defined]

    def to_dict(self) -> ErrorDict:
        """Return the error as data, for another process."""
        return {
            "kind": type(self).__name__,
            "message": self.message,
            "hint": self.hint,
            "exit_code": self.exit_code,
        }

    @staticmethod
    def from_dict(data: ErrorDict) -> PackageError:
        """Make the error that `to_dict` described.

        If its class is not known here, or has further attributes, this is a `PackageError` with
        the same message and exit code.
        """
        kinds = (kind for kind in _kinds(PackageError) if kind.__name__ == data["kind"])
        error = next(kinds, PackageError)(data["message"], data["hint"])
        error.exit_code = data["exit_code"]
        return error


class _Wrapping:
    """The context of `PackageError.wrapping`; to import contextlib would take longer."""

    def __init__(self, kind: type[PackageError], what: str, place: object) -> None:
        self._given = kind, what, place

    def __enter__(self) -> None:
        pass

    def __exit__(self, _kind: object, error: BaseException | None, _traceback: object) -> None:
        if isinstance(error, OSError):
            kind, what, place = self._given
            raise kind.of(error, what, place) from error


class UsageError(PackageError):
    """The command line is not valid."""

    exit_code = 1


class InputPathError(PackageError):
    """A file or folder named by the user cannot be read."""

    exit_code = 2


class SourceError(PackageError):
    """A Python source cannot be parsed; the message begins with file:line:column."""

    exit_code = 3
    advice = "correct the source at this place"


class RequirementsError(PackageError):
    """A requirements file is not valid; the message names the place inside the file."""

    exit_code = 3


class SolveError(PackageError):
    """No set of packages satisfies the requirements, or a channel cannot be read."""

    exit_code = 4


class ChannelError(SolveError):
    """A channel cannot be read: other requirements would not help."""


class InstallError(PackageError):
    """The solved packages cannot be fetched or linked into the prefix."""

    exit_code = 5


class PackError(PackageError):
    """The prefix cannot be packed, or the archive not written."""

    exit_code = 6


class MismatchError(PackageError):
    """An environment is not compatible with the Python or packages of an engine's client."""

    exit_code = 7


class VerificationError(PackageError):
    """A required module does not import in the finished environment."""

    exit_code = 7


class ProcessError(PackageError):
    """A program that was started failed; has its output.

    Each stage turns it into its own error; one that gets through is an internal error.

    Attributes:
        argv: The command.
        returncode: Its exit status; 127 if it could not be started.
        output: Its stdout and stderr, decoded.
    """

    def __init__(self, argv: list[str], returncode: int, output: str) -> None:
        super().__init__(f"{argv[0]} failed with status {returncode}", output.strip())
        self.argv = argv
        self.returncode = returncode
        self.output = output


def _kinds(root: type[PackageError]) -> Iterator[type[PackageError]]:
    """Yield a class of errors and its subclasses that take only a message and a hint."""
    if root.__init__ is PackageError.__init__:
        yield root
    for kind in root.__subclasses__():
        yield from _kinds(kind)


def advice_for(number: int | None) -> str:
    """Return what the user can do about an error of the system; empty if nothing is known.

    Args:
        number: Its `errno`.
    """
    return _ADVICE.get(number or 0, "")


_ADVICE = {
    errno.ENOSPC: "free some space, or use another disk (TMPDIR, XDG_CACHE_HOME, the output)",
    errno.EDQUOT: "your quota is used up: free some space, or use another disk",
    errno.ENAMETOOLONG: "use a shorter name",
    errno.EFBIG: "allow larger files (ulimit -f)",
    errno.EMFILE: "allow more open files (ulimit -n 1024)",
    errno.EAGAIN: "allow more processes (ulimit -u), or wait until others have ended",
    errno.ENOMEM: "allow more memory (ulimit -v, or the job's limit)",
    errno.EROFS: "use a place that can be written to (TMPDIR, XDG_CACHE_HOME, the output)",
}
