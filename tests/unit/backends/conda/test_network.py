from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from pypackage.backends.conda.network import connected
from pypackage.backends.conda.settings import Settings
from pypackage.core import preload
from pypackage.core.errors import InputPathError, RequirementsError
from tests.support import tls
from tests.support.needs import need

SLOW = """\
import os, time
SEEN = set()
for _ in range(30):
    SEEN.add(os.environ.get("SSL_CERT_FILE"))
    time.sleep(0.01)
"""


def test_connected__certificates_named_while_modules_are_preloaded__waits_for_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SSL_CERT_FILE", raising=False)
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "slow_to_load.py").write_text(SLOW)
    need("openssl")
    authority = tls.make(tmp_path).authority
    with connected(Settings()):  # loads the library, which takes long
        pass
    preload.start("slow_to_load")
    with connected(Settings(verify=authority)):
        pass
    assert {None} == sys.modules["slow_to_load"].SEEN
    assert "SSL_CERT_FILE" not in os.environ


@pytest.mark.parametrize("home", ["/dev/null", "/nonexistent"])
def test_connected__no_home_folder__has_no_logins(
    home: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", home)
    monkeypatch.delenv("RATTLER_AUTH_FILE", raising=False)
    with connected(Settings()):
        pass


@pytest.mark.parametrize("content", ["", "x", "[1]"])
def test_connected__file_of_logins_that_is_not_valid__is_named(
    content: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "logins").write_text(content)
    monkeypatch.setenv("RATTLER_AUTH_FILE", str(tmp_path / "logins"))
    with pytest.raises(InputPathError, match="logins"), connected(Settings()):
        pass


@pytest.mark.parametrize("name", ["SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE"])
def test_connected__certificates_that_are_not_there__are_named(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for one in ("SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE"):
        monkeypatch.delenv(one, raising=False)
    monkeypatch.setenv(name, "/nonexistent/ca.pem")
    with (
        pytest.raises(InputPathError, match=r"the certificates of /nonexistent/ca\.pem"),
        connected(Settings()),
    ):
        pass


def test_connected__proxy_without_a_scheme__is_taken_as_conda_takes_it() -> None:
    with connected(Settings(proxies={"http": "proxy:3128", "https": "127.0.0.1:3128"})):
        pass


def test_connected__proxy_that_is_no_url__is_refused_without_its_password() -> None:
    proxies = {"https": "http://me:hidden@host:99999"}
    with pytest.raises(RequirementsError) as raised, connected(Settings(proxies=proxies)):
        pass
    assert str(raised.value).startswith("proxy_servers.https of condarc is not a URL")
    assert "hidden" not in str(raised.value)
