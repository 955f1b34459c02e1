"""Facts about the tree that are easy to overlook."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

ROOT = Path(__file__).parent.parent
MAX_LINES = 500


def tracked(*patterns: str) -> list[Path]:
    listed = subprocess.run(["git", "ls-files", "-z", *patterns], cwd=ROOT, check=True, capture_output=True, text=True)
    return [ROOT / name for name in listed.stdout.split("\0") if name and (ROOT / name).is_file()]


def test_no_source_file_is_over_the_limit() -> None:
    long = {
        path.relative_to(ROOT).as_posix(): lines
        for path in tracked("*.py")
        if (lines := len(path.read_text(encoding="utf-8").splitlines())) > MAX_LINES
    }
    assert long == {}


def test_constraints_pin_versions_without_addresses() -> None:
    lines = [line for line in (ROOT / "constraints.txt").read_text().splitlines() if line and not line.startswith("#")]
    assert lines
    assert [line for line in lines if not re.fullmatch(r"[A-Za-z0-9._-]+==[A-Za-z0-9.+!]+", line)] == []


def test_no_machine_paths() -> None:
    home = re.compile(r"/(home/[a-z]\w*|root|Users/[A-Za-z]\w*)/")
    found = [
        f"{path.relative_to(ROOT)}: {match.group()}"
        for path in tracked()
        if path.suffix in {".py", ".md", ".toml", ".txt", ".cfg", ".ini", ".yml", ".yaml", ".ipynb", ".css", ""}
        and path.name != Path(__file__).name
        and (match := home.search(path.read_text(encoding="utf-8", errors="ignore")))
    ]
    assert found == []


def test_both_packages_take_their_version_from_one_file() -> None:
    for package in ("graph-olap-sdk", "graph-olap-server"):
        link = ROOT / "packages" / package / "VERSION"
        assert link.resolve() == (ROOT / "VERSION").resolve()


def test_both_packages_carry_the_licence() -> None:
    for package in ("graph-olap-sdk", "graph-olap-server"):
        copied = ROOT / "packages" / package / "LICENSE"  # no link: a source archive would hold the link alone
        assert not copied.is_symlink()
        assert copied.read_bytes() == (ROOT / "LICENSE").read_bytes()
