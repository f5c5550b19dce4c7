"""Write Splunk apps."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from pypackage.archive import members, tar_stream
from pypackage.archive.compression import Compression
from pypackage.archive.contents import Contents, Entry
from pypackage.archive.splunk import confs, functions
from pypackage.archive.splunk.model import SplunkApp
from pypackage.archive.writers import tree as trees
from pypackage.core import files
from pypackage.core.errors import PackError
from pypackage.core.progress import Reporter

_RUNTIME = Path(__file__).parent / "runtime"
_PACKAGE = "python_package_splunk"  # the runtime's package name in apps


def write(
    contents: Contents, app: SplunkApp, output: Path, reporter: Reporter, how: Compression
) -> None:
    """Write an app, a gzipped tar file; an existing one is replaced at the end.

    It contains one folder, that of the app. The same contents give the same bytes.

    Raises:
        PackError: It lacks Python, or the module or function of a command; or it cannot be
            written.
    """
    if not any(package.name == "python" for package in contents.packages):
        raise PackError("a Splunk app needs Python in its environment")
    level = members.LEVEL if how.level is None else how.level
    with PackError.wrapping(f"cannot write {output}"):
        commands = [functions.describe(one, contents) for one in app.commands]
        tree = trees.of(contents)
        placed = [replace(entry, target=f"{app.prefix}/{entry.target}") for entry in tree.entries]
        placed += _own(app, confs.render(app, commands))
        deflate = members.deflater(level)
        with reporter.task("packing", tree.size) as task, files.new_file(output) as file:
            for block in tar_stream.stream(tar_stream.with_folders(placed)):
                file.write(deflate.compress(block))
                task.advance(len(block))
            file.write(deflate.compress(tar_stream.END) + deflate.flush())


def _own(app: SplunkApp, texts: dict[str, str]) -> Iterator[Entry]:
    """An app's files besides its environment; the user's own come last, and replace ours."""
    for path, text in texts.items():
        yield Entry(f"{app.app}/{path}", None, text.encode(), mode=0o644)
    for path, file in app.own_files():
        yield Entry(f"{app.app}/{path}", file)
    for source in sorted(_RUNTIME.glob("*.py")):
        path = source.name if source.name == confs.ENTRY else f"{_PACKAGE}/{source.name}"
        yield Entry(f"{app.app}/bin/{path}", None, source.read_bytes(), mode=0o644)
