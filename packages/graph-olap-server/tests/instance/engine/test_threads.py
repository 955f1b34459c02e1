"""The threads of a statement follow what the launcher leaves in the instance's folder."""

from graph_olap_server.domain.instance_config import CPU_CORES_FILE
from graph_olap_server.instance.engine.base import EngineLimits
from graph_olap_server.instance.engine.registry import engine_class


def _threads(engine):
    with engine._pool.reading() as running:
        return int(running.connection.execute("CALL current_setting('threads') RETURN *").get_all()[0][0])


def test_the_next_statement_uses_the_new_number(engine_name, tmp_path):
    engine = engine_class(engine_name).open(tmp_path / "graph.db", EngineLimits(2, 64 * 1024**2))
    try:
        assert _threads(engine) == 2
        file = tmp_path / CPU_CORES_FILE
        file.write_text("5")
        assert _threads(engine) == 5
        file.write_text("garbage")
        assert _threads(engine) == 5
        file.unlink()
        file.write_text("1")
        assert _threads(engine) == 1
    finally:
        engine.close()
