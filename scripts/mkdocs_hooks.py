"""Hooks of the documentation's site: README.md and the files that pages link to are part of it.

A file `PATH` outside of docs/ is `repository/PATH` in the site, with `.txt` behind it unless it
is a page, so that browsers show it.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

_ROOT = Path(__file__).resolve().parents[1]
_LINK = re.compile(r"(?<=\]\()(?!\w+:|#)([^)#\s]+)")


def on_files(files: Any, config: Any) -> Any:
    """Add README.md, and whatever pages link to outside of docs/."""
    from mkdocs.structure.files import File

    todo = ["README.md", *(f"docs/{file.src_uri}" for file in files.documentation_pages())]
    seen = set(todo)
    while todo:
        path = todo.pop()
        if not path.startswith("docs/"):
            text = {"content": _moved(path)} if path.endswith(".md") else {}
            source = {} if text else {"abs_src_path": str(_ROOT / path)}
            files.append(File.generated(config, _place(path), **text, **source))
        if path.endswith(".md"):
            linked = {_target(path, link) for link in _LINK.findall(_text(path))}
            todo += sorted(one for one in linked - seen if (_ROOT / one).is_file())
            seen |= linked
    return files


def on_page_markdown(markdown: str, page: Any, **_: Any) -> str:
    """Let links of the pages in docs/ lead to where the site has what they mean."""
    name = page.file.src_uri
    return markdown if name.startswith("repository/") else _moved(f"docs/{name}")


def _text(path: str) -> str:
    return (_ROOT / path).read_text(encoding="utf-8")


def _target(path: str, link: str) -> str:
    """The path in the repository that a link means."""
    return os.path.normpath(os.path.join(os.path.dirname(path), link))


def _place(path: str) -> str:
    """Where a file of the repository is in the site."""
    if path.startswith("docs/"):
        return path.removeprefix("docs/")
    return f"repository/{path}" + ("" if path.endswith(".md") else ".txt")


def _moved(path: str) -> str:
    """A page's text with the links that it has in the site."""
    here = os.path.dirname(_place(path)) or "."
    return _LINK.sub(
        lambda found: os.path.relpath(_place(_target(path, found[1])), here), _text(path)
    )
