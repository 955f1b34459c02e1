"""A launcher whose instances are real processes running a stand-in server."""

import sys
import time
from pathlib import Path

import pytest
from graph_olap_server.config import Settings
from graph_olap_server.launcher.base import InstanceSpec
from graph_olap_server.launcher.local import LocalLauncher

STAND_IN = Path(__file__).with_name("stand_in.py")


@pytest.fixture
def make_launcher(tmp_path):
    """Make launchers over one root; whatever still runs at the end is stopped."""
    root = tmp_path / "instances"
    made = []

    def make(mode="listen"):
        launcher = LocalLauncher(
            root, settings=Settings(), internal_api_key="s3cret", command=[sys.executable, str(STAND_IN), mode]
        )
        made.append(launcher)
        return launcher

    yield make
    for launcher in made:
        for running in launcher.list_running():
            launcher.stop(running.handle, grace_seconds=0)


@pytest.fixture
def spec(tmp_path):
    """Make a spec for an instance id."""

    def make(instance_id=7):
        return InstanceSpec(
            instance_id=instance_id,
            snapshot_id=5,
            mapping_id=3,
            owner="ana",
            engine="kuzu",
            snapshot_uri=(tmp_path / "snap shots" / "5").as_uri(),
            cpu_cores=2,
            memory_gb=1,
        )

    return make


@pytest.fixture
def until():
    """Poll a condition; fails the test after thirty seconds."""

    def wait(condition):
        deadline = time.monotonic() + 30
        while not (found := condition()):
            assert time.monotonic() < deadline, "condition was never met"
            time.sleep(0.01)
        return found

    return wait
