from __future__ import annotations

import pytest
from graph_olap_server import machine

GB = 1024**3


@pytest.fixture
def groups(tmp_path):
    """Lay out control groups as the kernel shows them, and read them."""

    def read(membership: str, files: dict[str, object]) -> list[tuple[int, int]]:
        (tmp_path / "self").write_text(membership)
        for name, value in files.items():
            file = tmp_path / "cgroup" / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(f"{value}\n")
        found = machine._memory_groups(tmp_path / "self", tmp_path / "cgroup")
        return [(group.limit, group.used) for group in found]

    return read


def test_version_2_in_a_container_of_its_own(groups):
    assert groups(
        "0::/\n", {"memory.max": 2 * GB, "memory.current": GB, "memory.stat": f"anon 5\ninactive_file {GB // 4}"}
    ) == [(2 * GB, GB * 3 // 4)]


def test_version_2_nested_every_level_counts(groups):
    files = {
        "system.slice/pod/memory.max": 4 * GB,
        "system.slice/pod/memory.current": GB,
        "system.slice/memory.max": 3 * GB,
        "system.slice/memory.current": 2 * GB,
        "other/memory.max": 1,
        "memory.max": "max",
    }
    assert groups("0::/system.slice/pod\n", files) == [(4 * GB, GB), (3 * GB, 2 * GB)]


def test_version_1_nested_beside_other_controllers(groups):
    files = {
        "memory/docker/abc/memory.limit_in_bytes": GB,
        "memory/docker/abc/memory.usage_in_bytes": GB // 2,
        "memory/docker/abc/memory.stat": f"inactive_file 1\ntotal_inactive_file {GB // 4}",
        "memory/memory.limit_in_bytes": 9223372036854771712,
    }
    found = groups("12:cpu,cpuacct:/x\n4:memory:/docker/abc\n1:name=systemd:/\n0::/\n", files)
    assert found == [(GB, GB // 4), (9223372036854771712, 0)]


def test_a_path_of_another_namespace_leaves_the_root_of_what_is_mounted(groups):
    files = {"memory/memory.limit_in_bytes": GB, "memory/memory.usage_in_bytes": 7}
    assert groups("4:memory:/docker/host-name-of-it\n", files) == [(GB, 7)]


def test_the_two_versions_side_by_side(groups):
    files = {"unified/a/memory.max": 3 * GB, "memory/b/memory.limit_in_bytes": 2 * GB}
    assert groups("4:memory:/b\n0::/a\n", files) == [(3 * GB, 0), (2 * GB, 0)]


def test_no_groups_at_all(groups):
    assert groups("", {}) == []


def test_the_tightest_of_all_is_the_limit(monkeypatch):
    monkeypatch.setattr(
        machine, "_memory_groups", lambda: [machine._MemoryGroup(3 * GB, GB), machine._MemoryGroup(2 * GB, GB)]
    )
    assert machine.memory_limit_bytes() == 2 * GB
    assert machine.default_instance_memory_bytes() == GB
    available = machine.available_memory_bytes()
    assert available is None or available <= GB
