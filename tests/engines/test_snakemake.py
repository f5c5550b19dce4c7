"""The Snakemake plugin, by the tests that Snakemake's interface has for all plugins."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.support.channels import Channel
from tests.support.needs import need_module
from tests.support.tools import TREE, Tools

pytestmark = pytest.mark.slow

PLUGIN = TREE / "integrations" / "snakemake"
INTERFACE = "snakemake_interface_software_deployment_plugins"

try:
    sys.path.append(str(PLUGIN))
    import snakemake_software_deployment_plugin_packed as plugin
    from snakemake_interface_common.exceptions import WorkflowError
    from snakemake_interface_software_deployment_plugins.tests import TestSoftwareDeploymentBase
except ImportError:
    TestSoftwareDeploymentBase = object
finally:
    sys.path.remove(str(PLUGIN))


class TestPacked(TestSoftwareDeploymentBase):
    """A rule with a file of requirements; Snakemake's own tests are those of the base."""

    __test__ = True
    test_shellcmd = test_cache = None  # of plugins that deploy nothing, or keep what they fetch

    @pytest.fixture(autouse=True)
    def user(
        self, tools: Tools, channel: Channel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        need_module(INTERFACE)
        for name, value in tools.environment.items():
            monkeypatch.setenv(name, value)
        monkeypatch.setenv("PYTHON_PACKAGE_CACHE", str(tmp_path / "node"))
        self.channel = channel
        self.requirements = tmp_path / "environment.yml"
        self.requirements.write_text(f"dependencies: [python={channel.python.version}, greeting]\n")

    def get_env_spec(self) -> Any:
        return plugin.EnvSpec(requirements=str(self.requirements))

    def get_env_cls(self) -> Any:
        return plugin.Env

    def get_settings(self) -> Any:
        return plugin.Settings(channel=self.channel.url)

    def get_settings_cls(self) -> Any:
        return plugin.Settings

    def get_test_cmd(self) -> str:
        return "[ \"$(greet)\" = 'hello, world' ] && python -c 'import greeting'"

    def get_contained_executable(self) -> str:
        return "greet"

    def test_report_software__deployed__names_the_packages(self, tmp_path: Path) -> None:
        env = self._get_env(tmp_path)
        assert not list(env.report_software())
        self._deploy(env, tmp_path)
        first, *others = env.report_software()
        assert (first.name, first.version) == ("python", self.channel.python.version)
        assert "greeting" in [one.name for one in others]

    def test_hash__other_requirements__is_another(self, tmp_path: Path) -> None:
        before = self._get_env(tmp_path).hash()
        assert self._get_env(tmp_path).hash() == before
        self.requirements.write_text(f"dependencies: [python={self.channel.python.version}]\n")
        assert self._get_env(tmp_path).hash() != before

    def test_deploy__an_archive__is_taken_as_it_is(self, tmp_path: Path) -> None:
        env = self._get_env(tmp_path)
        self._deploy(env, tmp_path)
        archive = str(next((env.deployment_path).glob("*.tar.gz")))
        other = plugin.Env(
            plugin.EnvSpec(archive=archive),
            None,
            None,
            self.shell_executable,
            [],
            set(),
            *(tmp_path / name for name in ("temp", "cache", "other", "pins")),
        )
        assert not other.is_pinnable()
        asyncio.run(other.deploy())
        command = other.managed_decorate_shellcmd(self.get_test_cmd())
        assert self.shell_executable.run(command).returncode == 0

    def test_deploy__what_cannot_be_solved__says_so(self, tmp_path: Path) -> None:
        self.requirements.write_text("dependencies: [no-such-thing]\n")
        env = self._get_env(tmp_path)
        with pytest.raises(WorkflowError, match=r"environment\.yml.*satisfied"):
            asyncio.run(env.managed_deploy())
