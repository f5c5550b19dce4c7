from __future__ import annotations

import pytest

from pypackage.core.errors import RequirementsError
from pypackage.requirements.formats import forms
from pypackage.requirements.formats.forms import Form, recognize


@pytest.mark.parametrize(
    ("name", "text", "form"),
    [
        ("s.py", "", forms.SCRIPT),
        ("s.pyw", "name: str = ''\n", forms.SCRIPT),
        ("n.ipynb", "{}", forms.SCRIPT),
        ("tool", "#!/usr/bin/env python3\nx = 1\n", forms.SCRIPT),
        ("tool", "import os\n\nname: str = ''\n", forms.SCRIPT),
        ("-", "print('x')\n", forms.SCRIPT),
        ("X.yaml", '{"conda": {}}', forms.JSON),
        ("-", "[]", forms.JSON),
        ("setup.py", "from setuptools import setup\nsetup()\n", forms.PROJECT),
        ("pyproject.toml", "# mine\n[tool.x]\n", forms.PROJECT),
        ("-", "# mine\n[project]\nname = 'x'\n", forms.PROJECT),
        ("-", "[workspace]\nchannels = []\n", forms.PIXI_TOML),
        ("pixi.toml", "[project]\nname = 'x'\n", forms.PIXI_TOML),
        ("uv.lock", "version = 1\n", forms.UV_LOCK),
        ("-", '# by uv\nlock-version = "1.0"\n', forms.PYLOCK_TOML),
        ("pylock.dev.toml", "", forms.PYLOCK_TOML),
        ("a/Snakefile", "rule all:\n", forms.SCRIPT),
        ("notes.qmd", "---\nname: x\n---\n", forms.SCRIPT),
        ("e", "name: x\ndependencies: []\n", forms.ENVIRONMENT_YML),
        ("list", "numpy\n--no-binary :all:\n", forms.REQUIREMENTS_TXT),
        ("r.txt", "", forms.REQUIREMENTS_TXT),
        ("-", "numpy>=2\n", forms.REQUIREMENTS_TXT),
        ("spec.txt", "# platform: linux-64\n@EXPLICIT\n", forms.EXPLICIT),
        ("l.txt", "a=1.0=0\n", forms.CONDA_LIST),
        ("l", "version: 6\nenvironments:\npackages:\n", forms.PIXI_LOCK),
        ("l", "version: 1\nmetadata:\npackage:\n", forms.CONDA_LOCK),
        ("l", "version: 3\nmetadata:\npackage:\n", forms.PIXI_LOCK),
    ],
)
def test_recognize__content_and_name__tell_the_form(name: str, text: str, form: Form) -> None:
    assert recognize(name, text) is form


@pytest.mark.parametrize("text", ["text\n", "42\n", "null\n"])
def test_recognize__one_word_as_yaml_or_json__is_no_package(text: str) -> None:
    assert recognize("-", "text\n") is forms.REQUIREMENTS_TXT
    for name in ("e.yml", "e.yaml", "e.json", "e.toml"):
        with pytest.raises(RequirementsError):
            recognize(name, text)


@pytest.mark.parametrize(
    ("name", "text", "says", "way"),
    [
        ("poetry.lock", "", "poetry.lock is a poetry.lock, which is not taken", "poetry export"),
        ("Pipfile", "# pins\n[packages]\nsix = '*'\n", "Pipfile is a Pipfile", "pipenv"),
        ("x", "[dev-packages]\n", "x is a Pipfile", "pipenv"),
        ("e.tar.gz", "\x1f\ufffd", "e.tar.gz is an environment that was made already", "--join"),
        ("e.json", '{\n "environment_id": "0"}', "e.json is an environment that was", "--join"),
        ("pdm.lock", "", "pdm.lock is a pdm.lock", "pdm export"),
        ("renv.lock", "{}", "renv.lock is a renv.lock", "environment.yml"),
        ("install.R", "x <- 1\n", "install.R is an R script", "environment.yml"),
        ("flat.yml", "python: three\npackages: numpy\n", "flat.yml:1:1: says no dependencies", ""),
        ("-", "a: b\nc: d\n", "<stdin>:1:1: is of no form", ""),
        ("-", "a = 1\n", "<stdin>:1:1: is of no form", ""),
        ("x.cfg", "import os\n", "x.cfg:1:1: is of no form", ""),
        ("letter", "dear sir,\nhow are you\n", "letter:1:1: is of no form", ""),
        ("x", " \n", "x: is empty", ""),
    ],
)
def test_recognize__what_is_not_taken__is_called_by_its_name(
    name: str, text: str, says: str, way: str
) -> None:
    with pytest.raises(RequirementsError) as raised:
        recognize(name, text)
    assert raised.value.message.startswith(says)
    assert way in raised.value.hint
