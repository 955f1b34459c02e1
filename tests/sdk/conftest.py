"""One real platform for the tests of errors and behaviour."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from graph_olap_server.platform import EmbeddedPlatform
from sdk_bank import bank_platform


@pytest.fixture(scope="session")
def bank(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedPlatform]:
    """One platform for the tests of errors and behaviour."""
    # What has died stays dead here: tests look at what a client says before the platform has noticed.
    with bank_platform(tmp_path_factory.mktemp("bank"), instance_watch_interval=3600) as platform:
        yield platform
