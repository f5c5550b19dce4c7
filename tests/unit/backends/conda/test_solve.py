from __future__ import annotations

import pytest

from pypackage.backends.conda.settings import Settings
from pypackage.backends.conda.solve import solve
from pypackage.core.errors import RequirementsError


def test_solve__build_number_of_too_many_digits__is_no_match_spec() -> None:
    with pytest.raises(RequirementsError, match="is not a match spec"):
        solve([f"a[build_number='>={2**64}']"], [], Settings())
