"""graph-olap-sdk install-css: idempotent, reversible, careful with what is not its own."""

from __future__ import annotations

import pytest

from graph_olap.styles import get_notebook_css
from graph_olap.styles.install import main

OWN = ".mine { color: red; }\n"


@pytest.fixture
def target(tmp_path, monkeypatch):
    monkeypatch.setenv("JUPYTER_CONFIG_DIR", str(tmp_path))
    return tmp_path / "custom/custom.css"


def test_it_installs_once_and_goes_without_a_trace(target, capsys):
    assert main(["install-css"]) == 0
    first = target.read_text(encoding="utf-8")
    assert get_notebook_css().strip() in first
    assert main(["install-css"]) == 0
    assert target.read_text(encoding="utf-8") == first
    assert main(["install-css", "--remove"]) == 0
    assert not target.exists()
    assert main(["install-css", "--remove"]) == 0
    assert [line.split(":")[0] for line in capsys.readouterr().out.splitlines()] == [
        "Changed",
        "Unchanged",
        "Changed",
        "Unchanged",
    ]


def test_what_was_there_stays_and_an_old_version_is_replaced(target):
    target.parent.mkdir()
    target.write_text(OWN, encoding="utf-8")
    target.chmod(0o640)
    main(["install-css"])
    installed = target.read_text(encoding="utf-8")
    assert installed.startswith(OWN)
    target.write_text(installed.replace("--go-accent", "--go-old"), encoding="utf-8")
    main(["install-css"])
    assert target.read_text(encoding="utf-8") == installed
    assert target.stat().st_mode & 0o777 == 0o640
    main(["install-css", "--remove"])
    assert target.read_text(encoding="utf-8") == OWN


def test_a_damaged_file_is_named_and_left_alone(target, capsys):
    target.parent.mkdir()
    target.write_text(f"{OWN}/* graph-olap: end */\n", encoding="utf-8")
    assert main(["install-css"]) == 1
    assert "only one of the marks" in capsys.readouterr().err
    assert target.read_text(encoding="utf-8") == f"{OWN}/* graph-olap: end */\n"


def test_a_target_is_a_file_or_a_folder(tmp_path, capsys):
    main(["install-css", "--target", str(tmp_path / "a")])
    main(["install-css", "--target", str(tmp_path / "b.css")])
    assert (tmp_path / "a/custom.css").read_text() == (tmp_path / "b.css").read_text()
    (tmp_path / "c").write_text("")
    assert main(["install-css", "--target", str(tmp_path / "c/custom")]) == 1
    assert "graph-olap-sdk install-css:" in capsys.readouterr().err
