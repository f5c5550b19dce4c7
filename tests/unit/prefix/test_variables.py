from __future__ import annotations

import json
from pathlib import Path

import pytest

from pypackage.core.errors import PackError
from pypackage.prefix import variables


def record(prefix: Path, place: str, content: object) -> None:
    path = prefix / place
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content))


def test_values__of_packages_and_the_user__the_users_count_and_unset_ones_are_none(
    tmp_path: Path,
) -> None:
    record(tmp_path, "etc/conda/env_vars.d/a.json", {"ONE": "1", "TWO": "2", "GONE": "3"})
    record(tmp_path, "etc/conda/env_vars.d/b.json", {"TWO": "two"})
    record(tmp_path, variables.STATE, {"env_vars": {"ONE": "mine", "GONE": "***unset***"}})
    assert variables.values(tmp_path) == {"ONE": "mine", "TWO": "two"}


@pytest.mark.parametrize("content", [{"A B": "1"}, {"A": "nul\0"}, ["A"]])
def test_values__that_no_shell_can_set__are_refused_by_the_files_name(
    tmp_path: Path, content: object
) -> None:
    record(tmp_path, "etc/conda/env_vars.d/a.json", content)
    with pytest.raises(PackError, match=r"a\.json does not hold environment variables"):
        variables.values(tmp_path)


def test_write__then_values__are_the_same(tmp_path: Path) -> None:
    variables.write({"A": "it's $5"}, tmp_path)
    assert variables.values(tmp_path) == {"A": "it's $5"}
