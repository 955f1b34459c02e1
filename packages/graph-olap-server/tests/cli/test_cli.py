from __future__ import annotations

import re
import socket
from collections.abc import Callable, Collection, Sequence
from pathlib import Path

import httpx
import pytest
from graph_olap_server import __version__
from graph_olap_server.cli import main
from graph_olap_server.config import Settings
from graph_olap_server.launcher.base import (
    Handle,
    InstanceSpec,
    InstanceState,
    Launcher,
    LauncherError,
    PollResult,
    RunningInstance,
)
from graph_olap_server.platform import EmbeddedPlatform, Platform, StartupError
from graph_olap_server.store.database import Database
from graph_olap_server.store.tables import ApiKeyRow
from sqlalchemy import select, text


def test_version_and_help_teach(capsys: pytest.CaptureFixture[str]):
    for arguments in (["--version"], ["--help"], ["serve", "--help"], ["api-key", "--help"]):
        with pytest.raises(SystemExit) as raised:
            main(arguments)
        assert raised.value.code == 0
    shown = capsys.readouterr().out
    assert f"graph-olap {__version__}" in shown
    assert "graph-olap demo" in shown
    assert "--warehouse" in shown


def test_a_key_may_expire(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    folder = ["--data-dir", str(tmp_path / "data")]
    assert main(["api-key", "create", "--user", "ada", "--expires", "P30D", *folder]) == 0
    capsys.readouterr()
    assert main(["api-key", "list", *folder]) == 0
    assert re.search(r"(\S+T\S+Z) +(\S+T\S+Z) +never +active", capsys.readouterr().out)
    assert main(["api-key", "create", "--user", "ada", "--expires", "30 days", *folder]) == 2
    assert "--expires: '30 days' is not a duration" in capsys.readouterr().err


def test_a_key_is_made_listed_and_revoked(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    folder = ["--data-dir", str(tmp_path / "data")]
    assert main(["api-key", "create", "--user", "ada", "--role", "admin", *folder]) == 0
    key = capsys.readouterr().out.strip()
    assert re.fullmatch(r"golap_[0-9a-f]{8}_[\w-]{43}", key)
    assert main(["api-key", "list", *folder]) == 0
    listed = capsys.readouterr().out
    assert "ada" in listed
    assert key not in listed
    assert main(["api-key", "revoke", "1", *folder]) == 0
    assert main(["api-key", "list", *folder]) == 0
    assert "revoked" in capsys.readouterr().out
    assert main(["api-key", "revoke", "9", *folder]) == 1
    assert "no API key 9" in capsys.readouterr().err
    database = Database(Settings(data_dir=tmp_path / "data").resolved_database_url)
    with database.read() as session:
        assert key not in str(vars(session.scalars(select(ApiKeyRow)).one()))
    database.close()


@pytest.mark.parametrize(
    ("variables", "words"),
    [
        ({"GRAPH_OLAP_PORT": "many"}, ["GRAPH_OLAP_PORT", "many"]),
        ({"GRAPH_OLAP_LOG_LEVEL": "LOUD"}, ["GRAPH_OLAP_LOG_LEVEL", "DEBUG"]),
        ({"GRAPH_OLAP_HOST": "0.0.0.0", "GRAPH_OLAP_AUTH_MODE": "dev"}, ["0.0.0.0", "GRAPH_OLAP_AUTH_MODE=strict"]),
    ],
)
def test_wrong_settings_are_usage_errors(
    variables: dict[str, str], words: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(SystemExit) as raised:
        main(["serve"])
    assert raised.value.code == 2
    complaint = capsys.readouterr().err
    assert all(word in complaint for word in words)
    assert "Traceback" not in complaint


class TestStart:
    """What stops a start is said in a sentence and leaves nothing behind."""

    @staticmethod
    def refused(settings: Settings) -> str:
        with pytest.raises(StartupError) as raised:
            Platform(settings).start()
        return str(raised.value)

    def test_a_port_in_use(self, tmp_path: Path):
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = taken.getsockname()[1]
            message = self.refused(Settings(data_dir=tmp_path / "data", port=port))
        assert f"Port {port} on 127.0.0.1 is in use" in message
        assert not (tmp_path / "data").exists()

    @pytest.mark.parametrize("url", ["mysql://x/y", "duckdb:////nowhere/at/all.duckdb"])
    def test_a_wrong_warehouse(self, tmp_path: Path, url: str):
        message = self.refused(Settings(data_dir=tmp_path / "data", port=0, warehouse=url))
        assert url in message
        assert not (tmp_path / "data").exists()

    def test_a_folder_that_cannot_be_made(self, tmp_path: Path):
        (tmp_path / "file").touch()
        message = self.refused(Settings(data_dir=tmp_path / "file" / "data", port=0))
        assert str(tmp_path / "file" / "data") in message
        assert "--data-dir" in message

    def test_an_unknown_engine(self, tmp_path: Path):
        assert "Use one of kuzu, ladybug" in self.refused(Settings(data_dir=tmp_path / "d", port=0, engine="neo4j"))

    def test_a_file_that_is_no_database(self, tmp_path: Path):
        (tmp_path / "control-plane.db").write_text("this is not a database, but long enough to look like one" * 20)
        message = self.refused(Settings(data_dir=tmp_path, port=0))
        assert "not a database" in message

    def test_a_database_of_a_newer_version(self, tmp_path: Path):
        settings = Settings(data_dir=tmp_path, port=0)
        database = Database(settings.resolved_database_url)
        database.migrate()
        with database.write() as session:
            session.execute(text("UPDATE alembic_version SET version_num = '9999'"))
        database.close()
        assert "newer version of Graph OLAP" in self.refused(settings)

    def test_a_second_server_on_the_folder(self, tmp_path: Path):
        with EmbeddedPlatform(Settings(data_dir=tmp_path)) as platform:
            message = self.refused(Settings(data_dir=tmp_path, port=0))
            assert "Another server already works" in message
            assert httpx.get(f"{platform.url}/ready").status_code == 200
        with EmbeddedPlatform(Settings(data_dir=tmp_path)):
            pass


def test_an_empty_key_file_is_no_secret_and_is_replaced(tmp_path: Path):
    (tmp_path / "internal-api-key").write_text("\n")
    with EmbeddedPlatform(Settings(data_dir=tmp_path)) as platform:
        assert len((tmp_path / "internal-api-key").read_text()) >= 40
        refused = httpx.get(f"{platform.url}/metrics", headers={"X-Internal-Api-Key": ""})
        assert refused.status_code in (401, 403)


def test_an_embedded_platform_is_ready_when_entered_and_gone_when_left(tmp_path: Path):
    with EmbeddedPlatform(Settings(data_dir=tmp_path / "data")) as platform:
        assert httpx.get(f"{platform.url}/ready").json()["status"] == "ready"
        catalogs = httpx.get(f"{platform.url}/api/schema/catalogs", headers={"X-Username": "ada"})
        assert catalogs.json()["data"] == []
        key = (tmp_path / "data" / "internal-api-key").stat()
        assert key.st_mode & 0o077 == 0
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"{platform.url}/ready")
    platform.stop()


@pytest.mark.parametrize("keep", [False, True])
def test_a_stop_takes_instances_along_unless_they_are_kept(tmp_path: Path, keep: bool):
    stopped: list[int] = []

    class OneEngine(Launcher):
        def start(self, spec: InstanceSpec) -> Handle:
            raise LauncherError("not here")

        def poll(self, handle: Handle) -> PollResult:
            return PollResult(InstanceState.STARTING)

        def stop(self, handle: Handle, *, grace_seconds: float = 5.0) -> None:
            stopped.append(handle["id"])

        def suspend(self, handle: Handle, *, grace_seconds: float = 5.0) -> None:
            raise LauncherError("not here")

        def discard(self, instance_id: int) -> None:
            raise LauncherError("not here")

        def resize(self, handle: Handle, *, cpu_cores: int, memory_gb: int | None) -> list[str]:
            return []

        def list_running(self) -> Sequence[RunningInstance]:
            return [RunningInstance(7, {"id": 7})]

        def remove_leftovers(self, known: Callable[[], Collection[int]]) -> Sequence[int]:
            return []

        def announce(self, control_plane_url: str) -> None:
            assert control_plane_url == platform.url

        def check(self) -> None:
            pass

    platform = EmbeddedPlatform(Settings(data_dir=tmp_path, keep_instances=keep), launcher=OneEngine())
    with platform:
        # No record knows engine 7, so reconciliation has stopped it once already.
        assert stopped == [7]
    assert stopped == ([7] if keep else [7, 7])
