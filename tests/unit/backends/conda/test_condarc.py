from __future__ import annotations

import os
from pathlib import Path

import pytest

from pypackage.backends.conda import condarc, condarc_files
from pypackage.core.errors import RequirementsError


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    # The machine's own settings must not get into the test's result.
    monkeypatch.setattr(condarc_files, "SYSTEM", (tmp_path / "etc",))
    return {"HOME": str(tmp_path)}


def write(home: dict[str, str], name: str, text: str) -> Path:
    path = Path(home["HOME"], name)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def test_load__no_file__has_no_settings(home: dict[str, str]) -> None:
    assert condarc.load(home) == condarc.Condarc()


def test_load__several_files__puts_the_user_s_before_the_system_s(home: dict[str, str]) -> None:
    write(home, "etc/.condarc", "channels: [site, shared]")
    write(home, ".conda/.condarc", "channels: [lab]")
    write(home, ".condarc", "channels: [mine, shared]")
    assert condarc.load(home).channels == ("mine", "shared", "lab", "site")


def test_load__folder_and_named_file__are_read_too(home: dict[str, str]) -> None:
    write(home, ".config/conda/condarc.d/10.yml", "channels: one")
    named = write(home, "elsewhere.yml", "channels: [two]\nssl_verify: false")
    assert condarc.load({**home, "CONDARC": str(named)}).channels == ("two", "one")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("channels: {a: b}", "channels: expected a list of strings"),
        ("channels: [1]", "channels: expected a list of strings"),
        ("- conda-forge", "expected settings"),
        ("channel_alias: [x]", "channel_alias: expected a string"),
        ("default_channels: 3", "default_channels: expected a list of strings"),
        ("custom_channels: [x]", "custom_channels: expected a table"),
        ("custom_channels: {lab: 3}", "custom_channels.lab: expected a string"),
        ("custom_multichannels: {lab: {}}", "custom_multichannels.lab: expected a list"),
        ("pkgs_dirs: {a: b}", "pkgs_dirs: expected a list of strings"),
        ("channel_priority: highest", "channel_priority: expected one of strict, flexible"),
        ("ssl_verify: [x]", "ssl_verify: expected true, false or a file"),
        ("ssl_verify: /no/such/file.pem", "ssl_verify: expected true, false or a file that"),
        ("proxy_servers: x", "proxy_servers: expected a table"),
        ("offline: maybe", "offline: expected true or false"),
        ("remote_max_retries: many", "remote_max_retries: expected a number"),
        ("remote_read_timeout_secs: -1", "remote_read_timeout_secs: expected a number that is not"),
        ("remote_read_timeout_secs: .inf", "remote_read_timeout_secs: expected a number"),
        ("remote_read_timeout_secs: 1.0e+20", "remote_read_timeout_secs: expected a number"),
        ("channels: [unclosed", "cannot be read"),
        ("\x00", "cannot be read"),
    ],
)
def test_load__bad_file__is_named(home: dict[str, str], text: str, says: str) -> None:
    path = write(home, ".condarc", text)
    with pytest.raises(RequirementsError) as error:
        condarc.load(home)
    assert str(path) in error.value.message
    assert says in error.value.message


def test_load__all_settings__are_read(home: dict[str, str]) -> None:
    certificates = write(home, "ca.pem", "")
    write(
        home,
        ".condarc",
        """\
channels: [defaults]
channel_alias: https://mirror/conda
default_channels: [https://mirror/main]
custom_channels: {lab: /shared}
custom_multichannels: {all: [lab, conda-forge]}
pkgs_dirs: [~/pkgs]
channel_priority: flexible
ssl_verify: ~/ca.pem
proxy_servers: {http: "http://proxy:3128", "https://one.host": "http://other"}
offline: true
""",
    )
    assert condarc.load(home) == condarc.Condarc(
        channels=("defaults",),
        channel_alias="https://mirror/conda",
        default_channels=("https://mirror/main",),
        custom_channels={"lab": "/shared"},
        custom_multichannels={"all": ("lab", "conda-forge")},
        pkgs_dirs=(Path(home["HOME"], "pkgs"),),
        channel_priority="flexible",
        ssl_verify=certificates,
        proxies={"http": "http://proxy:3128"},
        offline=True,
    )


def test_load__variables__count_more_than_files(home: dict[str, str]) -> None:
    write(home, ".condarc", "channels: [mine]\noffline: true\nchannel_alias: https://file")
    variables = {
        "CONDA_CHANNELS": "one,two",
        "CONDA_PKGS_DIRS": "/a:/b",
        "CONDA_OFFLINE": "no",
        "CONDA_CHANNEL_ALIAS": "https://variable",
        "CONDA_CHANNEL_PRIORITY": "false",
        "CONDA_SSL_VERIFY": "0",
        "CONDA_DEFAULT_CHANNELS": "",
    }
    loaded = condarc.load({**home, **variables})
    assert loaded.channels == ("one", "two", "mine")
    assert loaded.pkgs_dirs == (Path("/a"), Path("/b"))
    assert (loaded.offline, loaded.ssl_verify) == (False, False)
    assert (loaded.channel_alias, loaded.channel_priority) == ("https://variable", "disabled")


def test_load__variable_that_is_not_valid__is_named(home: dict[str, str]) -> None:
    with pytest.raises(RequirementsError, match="CONDA_OFFLINE: expected true or false"):
        condarc.load({**home, "CONDA_OFFLINE": "perhaps"})


def test_load__variables_in_a_file__are_put_in(home: dict[str, str]) -> None:
    write(home, ".condarc", "channels: ['https://h/t/${TOKEN}/lab', $LAB/x, '${UNSET}']")
    loaded = condarc.load({**home, "TOKEN": "abc", "LAB": "https://lab"})
    assert loaded.channels == ("https://h/t/abc/lab", "https://lab/x", "${UNSET}")


def test_load__home_of_another_user__has_no_settings(home: dict[str, str]) -> None:
    if os.geteuid() == 0:
        pytest.skip("root may look into any folder")
    folder = Path(home["HOME"])
    folder.chmod(0)
    try:
        assert condarc.load(home) == condarc.Condarc()
    finally:
        folder.chmod(0o700)


@pytest.mark.parametrize("text", ["channels: [unclosed, https://me:sesame@h/x", "- a: b: sesame"])
def test_load__bad_file__shows_no_secret(home: dict[str, str], text: str) -> None:
    write(home, ".condarc", text)
    with pytest.raises(RequirementsError) as error:
        condarc.load(home)
    assert "me:sesame" not in str(error.value)


def test_condarc__shown__shows_no_secret() -> None:
    secret = "https://me:sesame@h/t/sesame/lab"
    shown = repr(
        condarc.Condarc(
            channels=(secret,),
            channel_alias=secret,
            default_channels=(secret,),
            custom_channels={"a": secret},
            custom_multichannels={"a": (secret,)},
            proxies={"http": secret},
        )
    )
    assert "sesame" not in shown


def test_envs_folder__by_default__is_conda_s(home: dict[str, str]) -> None:
    assert condarc.envs_folder(home) == Path(home["HOME"], ".conda/envs")


def test_envs_folder__variable_then_condarc__in_this_order(home: dict[str, str]) -> None:
    write(home, ".condarc", "envs_dirs: [~/envs, /other]")
    assert condarc.envs_folder(home) == Path(home["HOME"], "envs")
    assert condarc.envs_folder({**home, "CONDA_ENVS_PATH": "/a:/b"}) == Path("/a")


def test_register__twice__adds_one_line(home: dict[str, str]) -> None:
    listed = write(home, ".conda/environments.txt", "/known")
    condarc.register(Path("/new"), home)
    condarc.register(Path("/new"), home)
    assert listed.read_text() == "/known\n/new\n"


def test_forget__one_of_several__leaves_the_others(home: dict[str, str]) -> None:
    listed = write(home, ".conda/environments.txt", "/known\n/temporary\n/other\n")
    condarc.forget(Path("/temporary"), home)
    assert listed.read_text() == "/known\n/other\n"


def test_forget__without_a_list__is_no_error(home: dict[str, str]) -> None:
    condarc.forget(Path("/temporary"), home)
    assert not Path(home["HOME"], ".conda").exists()
