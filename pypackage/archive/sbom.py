"""Render the bill of materials of an environment, as CycloneDX in JSON.

Components are conda's packages and the distributions besides them, each with its purl, license,
digests and source. The same environment gives the same bytes: the serial number is derived from
the content, and there is no timestamp.

Source: the specification of CycloneDX 1.6; the types `conda` and `pypi` of package URLs.
"""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from pypackage.archive import pip_installed
from pypackage.backends import conda_meta
from pypackage.backends.pypi.package import PyPIPackage
from pypackage.core import package_names
from pypackage.core.errors import UsageError
from pypackage.core.package_names import normalize
from pypackage.core.urls import LOCAL, redact

if TYPE_CHECKING:
    from cyclonedx.model.component import Component
    from cyclonedx.model.license import License
    from packageurl import PackageURL


def check() -> None:
    """Check, before the work is done, that the library for it is installed.

    Raises:
        UsageError: It is not.
    """
    if not find_spec("cyclonedx"):
        raise UsageError(
            "--sbom needs cyclonedx-python-lib", "pip install 'python-package-tools[sbom]'"
        )


class _Found(NamedTuple):
    """An installed package of either kind.

    Attributes:
        purl: Its package URL, without credentials, which is also its reference in the document.
        license: As in its metadata; empty if that has none.
        digests: By the name of the algorithm.
        url: Where it was fetched; empty for packages made on this machine.
        requires: The names of its dependencies: conda's, or normalized ones of PyPI.
        key: Its own name among these.
    """

    name: str
    version: str
    purl: PackageURL
    license: str
    digests: Mapping[str, str]
    url: str
    requires: tuple[str, ...]
    key: str


def render(prefix: Path, name: str, wheels: Iterable[PyPIPackage] = ()) -> str:
    """Render the bill of materials of the environment in a prefix.

    Args:
        name: The environment's name.
        wheels: The locked packages of PyPI in it.
    """
    from cyclonedx.model.bom import Bom, BomMetaData
    from cyclonedx.model.component import Component, ComponentType
    from cyclonedx.output.json import JsonV1Dot6

    records = conda_meta.records(prefix)
    found = [*map(_of_conda, records), *_of_pypi(prefix, records, wheels)]
    components = {one.key: _component(one) for one in found}
    root = Component(name=name, type=ComponentType.APPLICATION, bom_ref="environment")
    bom = Bom(metadata=BomMetaData(component=root), components=components.values())
    bom.register_dependency(root, components.values())
    for one in found:
        needed = [components[key] for key in one.requires if key in components]
        bom.register_dependency(components[one.key], needed)
    content = json.loads(JsonV1Dot6(bom).output_as_string())
    del content["serialNumber"], content["metadata"]["timestamp"]
    told = json.dumps(content, sort_keys=True)
    content["serialNumber"] = uuid.uuid5(uuid.NAMESPACE_OID, told).urn
    return json.dumps(content, indent=1, sort_keys=True) + "\n"


def _component(found: _Found) -> Component:
    from cyclonedx.model import ExternalReference, ExternalReferenceType, HashAlgorithm, HashType
    from cyclonedx.model import XsUri as Uri
    from cyclonedx.model.component import Component, ComponentType

    references = []
    if found.url:
        references = [
            ExternalReference(type=ExternalReferenceType.DISTRIBUTION, url=Uri(found.url))
        ]
    return Component(
        type=ComponentType.LIBRARY,
        name=found.name,
        version=found.version,
        bom_ref=str(found.purl),
        purl=found.purl,
        licenses=[_license(found.license)] if found.license else [],
        hashes=[
            HashType(alg=HashAlgorithm(kind), content=digest)
            for kind, digest in found.digests.items()
        ],
        external_references=references,
    )


def _license(text: str) -> License:
    from cyclonedx.contrib.license.factories import LicenseFactory

    return LicenseFactory().make_from_string(text)


# --- what there is -----------------------------------------------------------------------


def _of_conda(record: Mapping[str, Any]) -> _Found:
    from packageurl import PackageURL

    name, version = record["name"], record["version"]
    url = redact(record.get("url") or "")
    is_local = url.startswith(("file:", "/"))
    qualifiers = {"build": record["build"], "subdir": record["subdir"]}
    if not is_local:
        qualifiers["channel"] = url.rsplit("/", 2)[0]
    # A package made from a distribution on this machine is identified by its name on PyPI.
    distribution = _distribution(record) if is_local else ""
    purl = (
        PackageURL("pypi", name=distribution, version=version)
        if distribution
        else PackageURL("conda", name=name, version=version, qualifiers=qualifiers)
    )
    digests = {"SHA-256": record.get("sha256"), "MD5": record.get("md5")}
    return _Found(
        name,
        version,
        purl,
        record.get("license") or "",
        {kind: digest for kind, digest in digests.items() if digest},
        "" if is_local else url,
        tuple(spec.split()[0].rpartition("::")[2] for spec in record["depends"]),
        name,
    )


def _distribution(record: Mapping[str, Any]) -> str:
    """The name of the only distribution in a package, if it is the package's; else empty."""
    infos = (re.search(r"/([^/]+?)-[^/-]+\.(?:dist|egg)-info/", path) for path in record["files"])
    found = {normalize(one[1]) for one in infos if one}
    return found.pop() if found == {normalize(record["name"])} else ""


def _of_pypi(
    prefix: Path, records: Sequence[Mapping[str, Any]], wheels: Iterable[PyPIPackage]
) -> Iterator[_Found]:
    from packageurl import PackageURL

    locked = {one.name: one for one in wheels}
    for one in pip_installed.look(prefix, records).distributions:
        wheel = locked.get(one.key)
        url = redact(wheel.url) if wheel else ""
        yield _Found(
            one.name,
            one.version,
            PackageURL("pypi", name=one.key, version=one.version),
            one.license,
            {"SHA-256": wheel.sha256} if wheel and wheel.sha256 else {},
            "" if url.startswith(("file:", LOCAL)) else url,
            tuple(_needed(one.requires)),
            one.key,
        )


def _needed(requires: Iterable[str]) -> Iterator[str]:
    """The names of requirements, on PyPI and in conda, except those of extras."""
    for text in requires:
        found = re.match(r"[\w.-]+", text)
        if found and "extra" not in text.partition(";")[2]:
            key = normalize(found[0])
            yield key
            yield from filter(None, [package_names.conda_name(key)])
    yield "python"
