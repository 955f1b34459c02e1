"""CPU cores of a running instance, as the analyst sees them."""

from __future__ import annotations

from graph_olap import GraphOLAPClient
from graph_olap_server.platform import EmbeddedPlatform
from sdk_bank import ACCOUNT, PAID


def test_cpu_cores_change_the_threads_of_a_running_instance_at_once(bank: EmbeddedPlatform) -> None:
    with GraphOLAPClient(bank.url, username="cpu") as client:
        mapping = client.mappings.create("cpu", "", [ACCOUNT], [PAID])
        instance = client.instances.create_from_mapping_and_wait(mapping.id, "cpu", cpu_cores=1, progress=False)
        with client.instances.connect(instance.id) as conn:
            started = conn.status()
            assert started["threads"] == 1
            for cores in (2, 1):
                client.instances.update_cpu(instance.id, cpu_cores=cores)
                assert conn.status()["threads"] == cores
                assert conn.query_scalar("MATCH (a:Account) RETURN count(a)") == 4
            assert conn.status()["started_at"] == started["started_at"]
        client.instances.terminate(instance.id)
