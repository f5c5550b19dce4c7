"""Network settings for channels: certificates, proxies and credentials.

Secrets are passed to the library separately, not in URLs: URLs end up in its caches, in the
records of installed packages and in messages.
"""

from __future__ import annotations

import json
import netrc
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pypackage.backends.conda.condarc import home
from pypackage.backends.conda.settings import Settings
from pypackage.core import preload
from pypackage.core.errors import InputPathError, RequirementsError
from pypackage.core.reading import parse_json
from pypackage.core.urls import Credentials

if TYPE_CHECKING:
    from rattler import Client
    from rattler.config import Config


@contextmanager
def connected(settings: Settings, timeout: int | None = None) -> Iterator[Client]:
    """Provide a client with the certificates, proxies, credentials and retries of the settings.

    Args:
        timeout: Seconds that an answer may take as a whole; unlimited by default.

    Raises:
        InputPathError: The file of stored passwords or of certificates is not valid.
        RequirementsError: A proxy is not a URL.
    """
    from rattler.config import Config
    from rattler.exceptions import AuthenticationStorageError

    config = Config()
    if settings.verify is False:
        config.set("tls-no-verify", "true")
    for scheme, proxy in settings.proxies.items():
        _set_proxy(config, scheme, proxy)
    if settings.proxies:
        config.set("proxy-config.non-proxy-hosts", json.dumps(_direct_hosts()))
    mirrors = {one.url: [one.token_url] for one in settings.credentials if one.token_url}
    config.set("mirrors", json.dumps(mirrors))
    logins = _logins(settings.credentials)
    with _in_memory(_merged(logins) if logins or _is_barred() else None) as file:
        if file:
            config.set("authentication-override-file", json.dumps(file))
        try:
            with _authorities(settings.verify):
                client = _client(config, settings.retries, timeout)
        except AuthenticationStorageError as error:
            raise InputPathError(
                f"cannot read the stored passwords: {error}",
                "correct the file: RATTLER_AUTH_FILE, or .rattler/credentials.json at home",
            ) from None
        yield client


def _set_proxy(config: Config, scheme: str, proxy: str) -> None:
    url = proxy if "://" in proxy else f"http://{proxy}"  # as conda understands it
    try:
        config.set(f"proxy-config.{scheme}", json.dumps(url))
    except ValueError:
        raise RequirementsError(
            f"proxy_servers.{scheme} of condarc is not a URL",
            "write it like http://proxy.example.org:3128",
        ) from None


def _client(config: Config, retries: int, timeout: int | None) -> Client:
    from rattler import Client

    try:
        return Client.from_config(config, max_retries=retries, timeout=timeout)
    except ValueError:
        given = filter(None, map(os.environ.get, ("SSL_CERT_FILE", "SSL_CERT_DIR")))
        raise InputPathError(
            f"cannot use the certificates of {' and '.join(given) or 'this system'}",
            "correct SSL_CERT_FILE, SSL_CERT_DIR, REQUESTS_CA_BUNDLE or ssl_verify of condarc",
        ) from None


def _direct_hosts() -> list[str]:
    named = os.environ.get("NO_PROXY") or os.environ.get("no_proxy") or ""
    return [host.strip() for host in named.split(",") if host.strip()]


def _logins(credentials: Sequence[Credentials]) -> dict[str, Any]:
    """Return users and passwords by host, in the format of the library's credentials file."""
    return {
        one.host: {"BasicHTTP": {"username": one.login[0], "password": one.login[1]}}
        for one in credentials
        if one.login
    }


def _is_barred() -> bool:
    """Whether the home folder is another user's, or none: to the library, that is an error."""
    try:
        os.stat(home() / ".rattler")
    except FileNotFoundError:
        return False
    except OSError:
        return "RATTLER_AUTH_FILE" not in os.environ
    return False


def _merged(logins: Mapping[str, Any]) -> dict[str, Any]:
    """Add the user's stored logins, which the library ignores if it is given a file."""
    stored: dict[str, Any] = {}
    with suppress(OSError, netrc.NetrcParseError):
        file = os.environ.get("NETRC") or home() / ".netrc"
        for host, (user, _, password) in netrc.netrc(file).hosts.items():
            stored[host] = {"BasicHTTP": {"username": user, "password": password}}
    with suppress(OSError, ValueError):
        path = os.environ.get("RATTLER_AUTH_FILE") or home() / ".rattler" / "credentials.json"
        stored.update(parse_json(Path(path).read_bytes()))
    return {**stored, **logins}


@contextmanager
def _in_memory(content: Mapping[str, Any] | None) -> Iterator[str]:
    """Provide the path of an in-memory file; empty without content."""
    if content is None:
        yield ""
        return
    descriptor = os.memfd_create("credentials")
    try:
        os.write(descriptor, json.dumps(content).encode())
        yield f"/proc/self/fd/{descriptor}"
    finally:
        os.close(descriptor)


@contextmanager
def _authorities(verify: bool | Path) -> Iterator[None]:
    """Set the variable from which the library takes the CA certificates' path.

    No thread of ours runs meanwhile: setting a variable is not safe while others read them.
    """
    wanted = verify if isinstance(verify, Path) else os.environ.get("REQUESTS_CA_BUNDLE")
    name = "SSL_CERT_DIR" if wanted and os.path.isdir(wanted) else "SSL_CERT_FILE"
    former = os.environ.get(name)
    if not wanted or (verify is True and former is not None):
        yield
        return
    preload.finish()
    os.environ[name] = str(wanted)
    try:
        yield
    finally:
        if former is None:
            os.environ.pop(name, None)
        else:
            os.environ[name] = former
