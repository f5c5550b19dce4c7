from __future__ import annotations

import pytest
import yaml

from pypackage.core.errors import RequirementsError
from pypackage.requirements.formats import conda_lock, document

SHA256 = "a" * 64
LOCK = f"""
version: 1
package:
- {{name: a, manager: conda, platform: linux-64, categories: [main, dev],
   url: "https://host/chan/linux-64/a-1.0-0.conda", hash: {{sha256: {SHA256}}},
   dependencies: {{b: ">=2", c: ""}}}}
- {{name: b, manager: conda, platform: linux-64, category: main,
   url: "file:///w/chan/noarch/b-x-2-py_0.tar.bz2", hash: {{sha256: {SHA256}}}}}
- {{name: six, version: 1.16.0, manager: pip, platform: linux-64, categories: [dev],
   url: "https://pypi/six-1.16.0-py3-none-any.whl", hash: {{md5: "0", sha256: {SHA256}}}}}
- {{name: a, manager: conda, platform: osx-arm64, url: "https://host/a-1.0-0.conda", hash: {{}}}}
"""


@pytest.mark.parametrize(("categories", "names"), [((), ["a", "b"]), (("dev",), ["a", "b", "six"])])
def test_as_pixi__packages_of_each_kind__are_those_of_platform_and_category(
    categories: tuple[str, ...], names: list[str]
) -> None:
    top = document.of_yaml(LOCK.encode(), "conda-lock.yml")
    content = yaml.safe_load(conda_lock.as_pixi(top, "linux-64", categories))
    every = {
        "a": {
            "conda": "https://host/chan/linux-64/a-1.0-0.conda",
            "sha256": SHA256,
            "depends": ["b >=2", "c"],
        },
        "b": {
            "conda": "file:///w/chan/noarch/b-x-2-py_0.tar.bz2",
            "sha256": SHA256,
            "name": "b-x",
            "version": "2",
            "build": "py_0",
            "subdir": "noarch",
            "channel": "file:///w/chan",
            "depends": [],
        },
        "six": {
            "pypi": "https://pypi/six-1.16.0-py3-none-any.whl",
            "name": "six",
            "version": "1.16.0",
            "sha256": SHA256,
        },
    }
    assert content["packages"] == [every[name] for name in names]
    left = conda_lock.other_categories(top, "linux-64", categories)
    assert left == ([] if categories else ["dev"])


@pytest.mark.parametrize("file", ["", "linux", "a-1.conda", "-1-0.conda"])
def test_conda_entry__url_of_no_package__is_refused(file: str) -> None:
    with pytest.raises(RequirementsError, match="is not a conda package's URL"):
        conda_lock.conda_entry(f"file:///w/chan/noarch/{file}", {})
