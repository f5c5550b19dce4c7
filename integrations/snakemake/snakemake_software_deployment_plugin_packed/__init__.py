"""Snakemake's rules in packed environments: made once, unpacked once on each node.

A rule names what `python_package_create` takes (requirements.json, environment.yml, a lock, a
script), or an archive that is there already. An archive is deployed to the folder that Snakemake
shares with the nodes; there each job runs behind `python_package_run`, which unpacks it on the
node's own disk when it is the first one.
"""

from __future__ import annotations

import shlex
import shutil
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from snakemake_interface_common.exceptions import WorkflowError
from snakemake_interface_common.software import SoftwareReport
from snakemake_interface_software_deployment_plugins import (
    DeployableEnvBase,
    EnvSpecBase,
    EnvSpecSourceFile,
    PinnableEnvBase,
)
from snakemake_interface_software_deployment_plugins.settings import (
    CommonSettings,
    SoftwareDeploymentSettingsBase,
)

import pypackage

__all__ = ["Env", "EnvSpec", "Settings", "common_settings"]

common_settings = CommonSettings(provides="packed")


@dataclass
class Settings(SoftwareDeploymentSettingsBase):
    """Settings of all rules.

    Attributes:
        channel: Where packages come from if the requirements name no channel: `host` is what
            is installed for the Python that runs Snakemake.
    """

    channel: str = field(
        default="",
        metadata={"help": "Where packages come from, such as conda-forge or host"},
    )


class EnvSpec(EnvSpecBase):
    """What a rule says of its environment: one of these.

    Args:
        requirements: A file that `python_package_create` takes.
        archive: An archive that it has made.
    """

    def __init__(
        self,
        requirements: str | EnvSpecSourceFile | None = None,
        archive: str | EnvSpecSourceFile | None = None,
    ) -> None:
        if (requirements is None) == (archive is None):
            raise WorkflowError("packed: give either requirements= or archive=")
        self.requirements = _source(requirements)
        self.archive = _source(archive)

    @classmethod
    def identity_attributes(cls) -> Iterable[str]:
        """Name what tells two of them apart."""
        return ("requirements", "archive")

    @classmethod
    def source_path_attributes(cls) -> Iterable[str]:
        """Name the paths that are relative to the rule's file."""
        return ("requirements", "archive")

    @property
    def file(self) -> Path:
        """The file itself, as Snakemake has it on this machine."""
        source = self.requirements or self.archive
        assert source is not None
        return Path(source.cached or source.path_or_uri)

    def __str__(self) -> str:
        source = self.requirements or self.archive
        return str(source.path_or_uri) if source else ""


class Env(PinnableEnvBase, DeployableEnvBase):
    """The environment of a rule."""

    spec: EnvSpec
    settings: Settings | None

    @classmethod
    def pinfile_extension(cls) -> str:
        """The ending of locks."""
        return ".lock"

    def is_pinnable(self) -> bool:
        """Whether there is something to be solved; an archive is what it is."""
        return self.spec.requirements is not None

    def is_deployment_path_portable(self) -> bool:
        """The archive may lie anywhere."""
        return True

    async def pin(self) -> None:
        """Solve, and write the lock; the archive that comes of it is kept for `deploy`."""
        await self._create(self.tempdir / f"{self.hash()}.tar.gz", lock=self.pinfile)

    async def deploy(self) -> None:
        """Put the archive and its runner into the folder that the nodes see."""
        self.deployment_path.mkdir(parents=True, exist_ok=True)
        if self.spec.archive is not None:
            shutil.copyfile(self.spec.file, self._archive)
        elif self.pinfile.exists():
            await self._create(self._archive, locked=self.pinfile)
        else:
            await self._create(self._archive)
        shutil.copy(pypackage.RUNNER, self._runner)

    def remove(self) -> None:
        """Remove what was deployed."""
        shutil.rmtree(self.deployment_path, ignore_errors=True)

    def decorate_shellcmd(self, cmd: str) -> str:
        """Let the runner start the command, by the shell that Snakemake has around it.

        Without that shell's options: a login shell would set PATH anew.
        """
        shell = self.shell_executable
        words = [Path(shell.executable).name, shell.command_arg, cmd]
        return shlex.join(self._environment.command(words, runner=self._runner))

    def contains_executable(self, executable: str) -> bool:
        """Whether a program is in the environment, or beside it on this machine's PATH."""
        words = self._environment.command(
            f"command -v {shlex.quote(executable)}", runner=self._runner
        )
        return bool(self.run_cmd(shlex.join(words), capture_output=True).returncode == 0)

    def record_hash(self, hash_object: Any) -> None:
        """Tell what the environment is made of."""
        if self.spec.archive is not None:
            hash_object.update(pypackage.Environment(self.spec.file).id.encode())
            return
        hash_object.update(self.spec.file.read_bytes())
        hash_object.update(f"{self._channels}".encode())

    def report_software(self) -> Iterable[SoftwareReport]:
        """The packages of the deployed environment, Python first."""
        if not self._archive.exists():
            return ()
        packages = self._environment.packages
        return tuple(
            SoftwareReport(name, version)
            for name, version in sorted(packages.items(), key=lambda one: one[0] != "python")
        )

    @property
    def _channels(self) -> list[str]:
        return [self.settings.channel] if self.settings and self.settings.channel else []

    async def _create(self, archive: Path, **options: Any) -> None:
        try:
            await pypackage.create_async(
                self.spec.file, archive, channels=self._channels, **options
            )
        except pypackage.PackageError as error:
            raise WorkflowError(f"{self.spec}: {error}") from error

    @property
    def _archive(self) -> Path:
        return Path(self.deployment_path, "environment.tar.gz")

    @property
    def _runner(self) -> Path:
        return Path(self.deployment_path, "python_package_run")

    @property
    def _environment(self) -> pypackage.Environment:
        return pypackage.Environment(self._archive)


def _source(given: str | EnvSpecSourceFile | None) -> EnvSpecSourceFile | None:
    return EnvSpecSourceFile(given) if isinstance(given, str) else given
