from __future__ import annotations

from pathlib import Path

import certifi
import pytest

from graph_olap import GraphOLAPClient
from graph_olap._tls import shared_tls


def test_clients_read_the_certificates_once(monkeypatch: pytest.MonkeyPatch):
    first = shared_tls()
    assert first.cert_store_stats()["x509_ca"] > 0

    def read_again() -> None:
        raise AssertionError("the certificates are read again")

    monkeypatch.setattr("httpx.create_ssl_context", read_again)
    for _ in range(3):
        GraphOLAPClient("https://localhost:1", api_key="k").close()
    assert shared_tls() is first


def test_certificates_of_one_s_own_are_taken_up(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    usual = shared_tls()
    certificates = Path(certifi.where()).read_text().split("-----END CERTIFICATE-----")
    own = tmp_path / "own.pem"
    own.write_text(certificates[0] + "-----END CERTIFICATE-----\n")
    monkeypatch.setenv("SSL_CERT_FILE", str(own))
    assert shared_tls() is not usual
    assert len(shared_tls().get_ca_certs()) == 1
