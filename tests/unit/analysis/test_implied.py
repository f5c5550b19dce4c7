from __future__ import annotations

import ast
import json

import pytest

from pypackage.analysis import implied, needs
from pypackage.analysis.needs import File, Implied


def found(source: str, *modules: str, label: str = "m.py") -> dict[str, Implied]:
    """What is found in a source, by the usual module of each need."""
    names = frozenset(modules)
    tops = {name.partition(".")[0] for name in modules}
    return {
        one.modules[0]: one
        for one in needs.distinct(implied.in_file(File(label, source.encode(), names), tops))
    }


@pytest.mark.parametrize(
    ("source", "imported", "needed"),
    [
        ("import pandas as pd\npd.read_feather('x')", "pandas", {"pyarrow"}),
        (
            "import pandas as pd\npd.read_parquet('x', engine='fastparquet')",
            "pandas",
            {"fastparquet"},
        ),
        ("f.to_excel('x', engine='xlsxwriter')", "pandas", {"xlsxwriter"}),
        ("xr.open_dataset(p, engine='netcdf4')", "xarray", {"netCDF4"}),
        ("create_engine('postgresql+psycopg2://h/d')", "sqlalchemy", {"psycopg2"}),
        ("URL = f'mysql+pymysql://{user}@h'", "sqlalchemy", {"pymysql"}),
        ("pd.read_csv('s3://b/x')", "pandas", {"s3fs"}),
        ("from pandas import read_feather as rf\nrf('x')", "pandas", {"pyarrow"}),
        ("import matplotlib\nmatplotlib.use('TkAgg')", "matplotlib", {"tkinter"}),
        ("from spacy import load\nload('en_core_web_sm')", "spacy", {"en_core_web_sm"}),
        ("import spacy as s\ns.load('en_core_web_sm')", "spacy", {"en_core_web_sm"}),
        ("import spacy\nspacy.load('./a/model')", "spacy", set()),
        ("import lazy_loader as lazy\nnp = lazy.load('numpy')", "lazy_loader", {"numpy"}),
        (
            "INSTALLED_APPS = ['django.contrib.admin', 'rest_framework']",
            "django",
            {"django.contrib.admin", "rest_framework"},
        ),
        ("", "dask.distributed.Client", {"distributed"}),
        ("", "dask.distributedly", set()),
        ("pd.read_feather('x')", "polars", set()),  # of a file that imports no pandas
        ("# pd.read_feather('x')", "pandas", set()),
        ("path.startswith('s3://')", "pandas", set()),  # it may as well refuse them
        ("f'{a}s3://'", "pandas", set()),
        ("import ray\nray.data.from_items([])", "ray", {"pandas", "pyarrow"}),
        ("from bs4 import BeautifulSoup\nBeautifulSoup(page, 'lxml')", "bs4", {"lxml"}),
        ("import bs4\nbs4.BeautifulSoup(page, features='html5lib')", "bs4", {"html5lib"}),
        ("pd.options.plotting.backend = 'plotly'", "pandas", {"plotly"}),
        ("pd.set_option('plotting.backend', 'plotly')", "pandas", {"plotly"}),
        ("spark.range(3).toPandas()", "pyspark", {"pandas"}),
        ("", "pyspark.pandas", {"pandas", "pyarrow"}),
        ("import os\nos.environ['KERAS_BACKEND'] = 'jax'", "keras", {"jax"}),
        ("import os\nos.environ.setdefault('KERAS_BACKEND', 'torch')", "keras", {"torch"}),
        ("C = {'BACKEND': 'django.core.cache.backends.redis.RedisCache'}", "django", {"redis"}),
    ],
)
def test_find__needs_without_an_import__are_those_of_the_table(
    source: str, imported: str, needed: set[str]
) -> None:
    assert set(found(source, imported)) == needed
    is_list = source.startswith("INSTALLED")  # some of which may be the user's own
    assert {one.certain for one in found(source, imported).values()} <= {not is_list}


@pytest.mark.parametrize(
    ("source", "imported", "needed"),
    [
        ("dd.read_csv('https://h/x.csv')", "dask", "aiohttp"),
        ("import pyexcel\npyexcel.get_records(file_name='x.xlsx')", "pyexcel", "pyexcel_xlsx"),
    ],
)
def test_find__need_of_some_files_alone__is_in_doubt(
    source: str, imported: str, needed: str
) -> None:
    assert found(source, imported)[needed].certain is False


def test_find__several_would_do__tells_place_and_doubt() -> None:
    one = found("\nx = 1\n  \npd.read_parquet('x')\n", "pandas")["pyarrow"]
    assert one == Implied("m.py:4:1", "read_parquet()", ("pyarrow", "fastparquet"), certain=False)


@pytest.mark.parametrize(("imported", "certain"), [("numpy", False), ("nbconvert.x", True)])
def test_find__notebook__its_kernel_for_sure_where_notebooks_are_run(
    imported: str, certain: bool
) -> None:
    cells = [
        {"cell_type": "markdown", "source": "text"},
        {"cell_type": "code", "source": ["%matplotlib inline\n", "pd.read_feather('x')"]},
    ]
    notebook = json.dumps({"cells": cells, "metadata": {"kernelspec": {"name": "python3"}}})
    needed = found(notebook, imported, "pandas", label="n.ipynb")
    assert needed["ipykernel"].certain is certain
    assert needed["pyarrow"].place == "n.ipynb:cell 2:2:1"


def test_find__document__needs_of_its_chunks_with_their_lines() -> None:
    source = "# Title\n```{python}\n%matplotlib inline\npd.read_feather('x')\n```\n"
    assert found(source, "pandas", label="n.qmd")["pyarrow"].place == "n.qmd:4:1"


@pytest.mark.parametrize("source", ["x = (", "\0", "(" * 5000, "{not json"])
@pytest.mark.parametrize("label", ["m.py", "n.ipynb"])
def test_find__hostile_source__is_left_to_others_to_tell(source: str, label: str) -> None:
    assert "pyarrow" not in found(f"{source} read_feather(", "pandas", label=label)


def test_table__as_a_whole__each_rule_is_well_formed() -> None:
    kinds = needs.table()
    assert set(kinds) == {"part", "call", "engine", "scheme", "load", "list", "text", "env"}
    rules = [(kind, rule) for kind in kinds for rule in kinds[kind]]
    assert len({(kind, rule.modules, rule.trigger, rule.needs) for kind, rule in rules}) == len(
        rules
    )
    for kind, rule in rules:
        assert all(rule.modules)
        assert bool(rule.needs) == (kind not in ("load", "list"))
        for name in (name for names in rule.needs for name in names):
            assert all(part.isidentifier() for part in name.split("."))
            ast.parse(f"import {name}")
    assert all(rule.trigger == rule.trigger.lower() for rule in kinds["engine"])


@pytest.mark.parametrize(
    ("label", "imported", "program", "expected"),
    [
        ("app.py", "os", "sqlalchemy", {"os"}),
        ("site/settings.py", "os", "", {"os", "django"}),
        ("site/settings/base.py", "os", "environ", {"os", "environ", "django"}),
        ("docs/conf.py", "sys", "", {"sys", "sphinx"}),
        ("config.py", "os", "sqlalchemy", {"os", "sqlalchemy"}),
    ],
)
def test_modules_of__files_of_settings__have_to_do_with_the_program(
    label: str, imported: str, program: str, expected: set[str]
) -> None:
    assert needs.modules_of(label, [imported], [program] if program else []) == expected
