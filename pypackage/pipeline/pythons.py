"""List the available Python versions and their sources."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from pypackage.backends import conda, request
from pypackage.backends.conda import channel_urls, condarc
from pypackage.backends.conda.condarc import Condarc
from pypackage.backends.host import interpreter_package
from pypackage.core.errors import InputPathError, SolveError
from pypackage.core.progress import Reporter
from pypackage.pipeline import plan
from pypackage.pipeline.options import Options
from pypackage.python import interpreter
from pypackage.requirements import pep508

if TYPE_CHECKING:
    from packaging.version import Version


@dataclass(frozen=True)
class Offer:
    """An available Python.

    Attributes:
        version: Such as `3.11.2`.
        channel: As for `-c`; for an interpreter of this machine `host:PATH`.
    """

    version: str
    channel: str


def offered(options: Options, reporter: Reporter) -> list[Offer]:
    """The Python versions that channels offer, newest first.

    Args:
        options: The channels, by default condarc's (else conda-forge) and the host channel;
            the platform, and whether to work offline.
        reporter: Receives a warning for each default channel that cannot be read.

    Raises:
        SolveError: A requested channel cannot be read.
    """
    rc = condarc.load()
    conda.check_platform(options.platform)
    usual = (*(rc.channels or (plan.DEFAULT_CHANNEL,)), request.HOST)
    found: list[Offer] = []
    for name in dict.fromkeys(options.channels or usual):
        try:
            found += _of(name, options, rc)
        except SolveError as error:
            if options.channels:
                raise
            reporter.warning(error.message)
    return sorted(found, key=_age, reverse=True)


def _age(offer: Offer) -> tuple[bool, Version | str]:
    """Order by version; those that are not PEP 440's, which a channel may have, are last."""
    try:
        return True, pep508.version(offer.version)
    except ValueError:
        return False, offer.version


def _of(channel: str, options: Options, rc: Condarc) -> Iterator[Offer]:
    if request.is_host(channel):
        if not conda.is_foreign(options.platform):
            yield from _of_host(channel.partition(":")[2])
        return
    channels = channel_urls.resolve([request.channel_of(channel)], rc)
    settings = plan.settings_of(options, rc)
    settings = replace(settings, credentials=channels.credentials)
    for tier in channels.tiers:
        for version in conda.versions("python", tier, settings):
            yield Offer(version, tier.name)


def _of_host(named: str) -> Iterator[Offer]:
    """This machine's interpreters that can be made into a host channel."""
    for one in [interpreter.find(named)] if named else interpreter.known():
        try:
            interpreter_package.check(interpreter.ask(one.base_executable))
        except (SolveError, InputPathError):
            continue
        yield Offer(one.version, f"{request.HOST}:{one.executable}")
