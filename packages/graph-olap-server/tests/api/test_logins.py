from __future__ import annotations

import hashlib
import json
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from graph_olap_server.config import Settings
from graph_olap_server.domain.errors import PlatformError
from graph_olap_server.domain.roles import Role
from graph_olap_server.services import api_keys, logins, tokens
from graph_olap_server.services.access import identify
from graph_olap_server.services.api_keys import create_api_key, list_api_keys
from graph_olap_server.services.context import Context
from graph_olap_server.services.credentials import Credentials
from graph_olap_server.services.tokens import InvalidTokenError, KeySets, verify_token
from graph_olap_server.store.tables import ApiKeyRow, FailedLoginRow, UserRow
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from pydantic import ValidationError
from sqlalchemy import select

NOW = datetime(2026, 3, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)


def login(context: Context, credential: str, address: str = "10.0.0.1") -> str:
    return identify(context, {"authorization": f"Bearer {credential}"}, address).username


def refusal(context: Context, credential: str, address: str = "10.0.0.1") -> PlatformError:
    with pytest.raises(PlatformError) as caught:
        login(context, credential, address)
    return caught.value


class TestApiKeys:
    def test_two_equal_keys_would_have_two_hashes(self, context: Context):
        create_api_key(context.database, "ada", Role.ANALYST, NOW)
        with context.database.read() as session:
            row = session.scalars(select(ApiKeyRow)).one()
        assert len(row.key_hash) == 64
        assert len(row.salt or "") == 32

    def test_expiry(self, context: Context):
        key = create_api_key(context.database, "ada", Role.ANALYST, NOW, expires_at=NOW + HOUR)
        assert login(replace(context, clock=lambda: NOW + HOUR / 2), key) == "ada"
        assert refusal(replace(context, clock=lambda: NOW + HOUR), key).details == {"reason": "bad_key"}
        assert list_api_keys(context.database)[0].state(NOW + HOUR) == "expired"

    def test_the_last_use_is_written_at_most_once_a_minute(self, context: Context):
        key = create_api_key(context.database, "ada", Role.ANALYST, NOW)
        uses = []
        for seconds in (0, 30, 59, 61, 90):
            login(replace(context, clock=lambda seconds=seconds: NOW + timedelta(seconds=seconds)), key)
            uses.append((list_api_keys(context.database)[0].last_used_at - NOW).seconds)
        assert uses == [0, 0, 0, 61, 61]

    def test_scrypt_is_paid_once(self, context: Context, monkeypatch: pytest.MonkeyPatch):
        key = create_api_key(context.database, "ada", Role.ANALYST, NOW)
        runs: list[str] = []
        real = api_keys._scrypt
        monkeypatch.setattr(api_keys, "_scrypt", lambda *given: runs.append("run") or real(*given))
        assert [login(context, key) for _ in range(3)] == ["ada"] * 3
        assert runs == ["run"]

    def test_a_wrong_secret_behind_a_right_prefix_is_refused(self, context: Context):
        key = create_api_key(context.database, "ada", Role.ANALYST, NOW)
        assert login(context, key) == "ada"
        for wrong in (key[:-1], key + "x", key[:15], key.upper(), "golap_", "golap", "x"):
            assert refusal(context, wrong).code == "UNAUTHORIZED"

    def test_a_key_of_the_first_version_works_and_is_hashed_again(self, context: Context):
        key = "golap_0123abcd_of-the-first-version"
        create_api_key(context.database, "ada", Role.ANALYST, NOW)
        with context.database.write() as session:
            row = session.scalars(select(ApiKeyRow)).one()
            row.prefix, row.salt, row.key_hash = "golap_0123abcd", None, hashlib.sha256(key.encode()).hexdigest()
        assert login(context, key) == "ada"
        with context.database.read() as session:
            row = session.scalars(select(ApiKeyRow)).one()
            assert row.salt is not None
            assert row.key_hash != hashlib.sha256(key.encode()).hexdigest()
        assert login(context, key) == "ada"
        assert login(replace(context, credentials=type(context.credentials)()), key) == "ada"


class TestFailedLogins:
    @pytest.fixture
    def context(self, make_context: Callable[..., Context]) -> Context:
        return make_context(login_failures_limit=3)

    def test_too_many_failures_are_answered_429(self, context: Context, client_of: Callable[..., httpx.Client]):
        client = client_of(context, Authorization="Bearer golap_nobody_knows")
        replies = [client.get("/api/mappings") for _ in range(4)]
        assert [reply.status_code for reply in replies] == [401, 401, 401, 429]
        assert replies[-1].json()["error"]["code"] == "RATE_LIMIT_EXCEEDED"
        assert 1 <= int(replies[-1].headers["Retry-After"]) <= 60

    def test_a_right_guess_tells_nothing_then(self, context: Context):
        key = create_api_key(context.database, "ada", Role.ANALYST, NOW)
        for _ in range(3):
            refusal(context, "golap_x_y")
        assert refusal(context, key).code == "RATE_LIMIT_EXCEEDED"
        assert login(context, key, "10.0.0.2") == "ada"

    def test_whoever_was_in_stays_in(self, context: Context):
        key = create_api_key(context.database, "ada", Role.ANALYST, NOW)
        login(context, key)
        for _ in range(3):
            refusal(context, "golap_x_y")
        assert refusal(context, "golap_x_y").code == "RATE_LIMIT_EXCEEDED"
        assert login(context, key) == "ada"

    def test_the_internal_key_counts_and_missing_credentials_do_not(
        self, context: Context, client_of: Callable[..., httpx.Client]
    ):
        nobody = client_of(context)
        assert {nobody.get("/api/mappings").status_code for _ in range(5)} == {401}
        guesser = client_of(context, **{"X-Internal-Api-Key": "guess", "X-Username": "ada"})
        assert [guesser.get("/api/mappings").status_code for _ in range(4)] == [401, 401, 401, 429]

    def test_the_window_slides(self, context: Context):
        for seconds in (0, 10, 20):
            refusal(replace(context, clock=lambda seconds=seconds: NOW + timedelta(seconds=seconds)), "golap_x_y")
        full = refusal(replace(context, clock=lambda: NOW + timedelta(seconds=20)), "golap_x_y")
        assert (full.code, full.retry_after) == ("RATE_LIMIT_EXCEEDED", 40)
        after = replace(context, clock=lambda: NOW + timedelta(seconds=61))
        assert [refusal(after, "golap_x_y").code for _ in range(2)] == ["UNAUTHORIZED", "RATE_LIMIT_EXCEEDED"]

    def test_a_clock_that_is_set_back_locks_nobody_out(self, context: Context):
        for _ in range(3):
            refusal(replace(context, clock=lambda: NOW + HOUR), "golap_x_y")
        assert refusal(replace(context, clock=lambda: NOW), "golap_x_y").code == "UNAUTHORIZED"

    def test_all_processes_count_together_also_after_a_restart(self, context: Context):
        key = create_api_key(context.database, "ada", Role.ANALYST, NOW)
        processes = [replace(context, credentials=Credentials()) for _ in range(3)]
        assert [refusal(process, "golap_x_y").code for process in processes] == ["UNAUTHORIZED"] * 3
        for process in (*processes, replace(context, credentials=Credentials())):
            assert refusal(process, key).code == "RATE_LIMIT_EXCEEDED"

    def test_failures_at_the_same_time_are_all_counted_in_few_writes(
        self, make_context: Callable[..., Context], monkeypatch: pytest.MonkeyPatch
    ):
        context = make_context(login_failures_limit=1000)
        refusal(context, "golap_x_y")
        writes, real = [], logins._store
        monkeypatch.setattr(logins, "_store", lambda *given: (time.sleep(0.1), writes.append(1), real(*given)))
        with ThreadPoolExecutor(16) as pool:
            list(pool.map(lambda number: refusal(context, "golap_x_y", f"10.1.0.{number}"), range(64)))
        with context.database.read() as session:
            addresses = session.scalars(select(FailedLoginRow.address)).all()
        assert sorted(set(addresses)) == sorted({"10.0.0.1", *(f"10.1.0.{number}" for number in range(64))})
        assert len(addresses) == 65
        assert len(writes) <= 32

    def test_only_failures_are_written_and_only_as_long_as_they_count(self, context: Context):
        key = create_api_key(context.database, "ada", Role.ANALYST, NOW)
        login(context, key)
        assert self.count(context) == 0
        for _ in range(5):
            refusal(context, "golap_x_y")
        assert self.count(context) == 3
        refusal(replace(context, clock=lambda: context.clock() + HOUR), "golap_x_y")
        assert self.count(context) == 1

    @staticmethod
    def count(context: Context) -> int:
        with context.database.read() as session:
            return len(session.scalars(select(FailedLoginRow.id)).all())


@pytest.fixture(scope="module")
def provider() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def jwks(*keys: tuple[str, rsa.RSAPrivateKey]) -> str:
    return json.dumps(
        {"keys": [json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(key.public_key())) | {"kid": kid, "use": "sig"}
                  for kid, key in keys]}
    )  # fmt: skip


class TestTokens:
    @pytest.fixture
    def key_file(self, tmp_path: Path, provider: rsa.RSAPrivateKey) -> Path:
        path = tmp_path / "jwks.json"
        path.write_text(jwks(("k1", provider)))
        return path

    @pytest.fixture
    def context(self, make_context: Callable[..., Context], key_file: Path) -> Context:
        return make_context(
            auth_mode="strict", jwt_jwks=str(key_file), jwt_issuer="https://sso.example", jwt_audience="graph-olap"
        )

    @pytest.fixture
    def sign(self, provider: rsa.RSAPrivateKey) -> Callable[..., str]:
        def make(key: Any = provider, kid: str = "k1", algorithm: str = "RS256", **claims: Any) -> str:
            now = int(time.time())
            whole = {"sub": "ada", "iss": "https://sso.example", "aud": "graph-olap", "exp": now + 600, **claims}
            return jwt.encode(
                {name: value for name, value in whole.items() if value is not None},
                key,
                algorithm=algorithm,
                headers={"kid": kid},
            )

        return make

    def test_a_good_token_names_its_user(
        self, context: Context, sign: Callable[..., str], client_of: Callable[..., httpx.Client]
    ):
        claims = {"X-Username": "root", "X-User-Role": "ops"}
        client = client_of(context, Authorization=f"Bearer {sign()}", **claims)
        assert client.get("/api/mappings").status_code == 200
        assert client.get("/api/schema/stats").json()["error"]["details"]["user_role"] == "analyst"
        with context.database.read() as session:
            assert session.scalars(select(UserRow.username)).all() == ["ada"]

    @pytest.mark.parametrize(
        "claims",
        [
            {"exp": 1_000}, {"exp": None}, {"nbf": 9_999_999_999}, {"iss": "https://evil.example"}, {"iss": None},
            {"aud": "other"}, {"aud": None}, {"sub": None}, {"sub": "  "}, {"kid": "k9"}, {"sub": "x" * 256},
        ],
        ids=str,
    )  # fmt: skip
    def test_a_wrong_token_is_refused(self, context: Context, sign: Callable[..., str], claims: dict[str, Any]):
        error = refusal(context, sign(**claims))
        assert (error.status, error.code) == (401, "UNAUTHORIZED")

    def test_only_rs256_of_the_provider_counts(self, context: Context, sign: Callable[..., str]):
        stranger = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        assert refusal(context, sign(stranger)).details == {"reason": "bad_token"}
        assert refusal(context, sign("a shared secret of thirty-two bytes", algorithm="HS256")).code == "UNAUTHORIZED"
        assert refusal(context, sign(None, algorithm="none")).code == "UNAUTHORIZED"
        head, _, signature = sign().split(".")
        body = sign(sub="root").split(".")[1]
        assert refusal(context, f"{head}.{body}.{signature}").code == "UNAUTHORIZED"

    def test_the_role_claim_decides_only_where_it_is_set(self, context: Context, sign: Callable[..., str]):
        headers = {"authorization": f"Bearer {sign(groups=['staff', 'admin'])}"}
        assert identify(context, headers, "a").role is Role.ANALYST
        trusting = replace(context, settings=context.settings.model_copy(update={"jwt_role_claim": "groups"}))
        assert identify(trusting, headers, "a").role is Role.ADMIN
        nothing = {"authorization": f"Bearer {sign(groups=['staff'])}"}
        create_api_key(context.database, "ada", Role.OPS, NOW)
        assert identify(trusting, nothing, "a").role is Role.ANALYST
        assert identify(context, nothing, "a").role is Role.OPS

    def test_a_disabled_account_is_refused(self, context: Context, sign: Callable[..., str]):
        assert login(context, sign()) == "ada"
        with context.database.write() as session:
            session.get_one(UserRow, "ada").is_active = False
        assert refusal(context, sign()).code == "USER_DISABLED"

    def test_unknown_users_need_provisioning(self, context: Context, sign: Callable[..., str]):
        closed = replace(context, settings=context.settings.model_copy(update={"auto_provision": False}))
        assert refusal(closed, sign()).code == "USER_NOT_PROVISIONED"

    def test_new_keys_of_the_provider_are_found(
        self, context: Context, sign: Callable[..., str], key_file: Path, monkeypatch: pytest.MonkeyPatch
    ):
        assert login(context, sign()) == "ada"
        new = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        key_file.write_text(jwks(("k2", new)))
        monkeypatch.setattr(tokens, "_RETRY_SECONDS", -1)
        assert login(context, sign(new, "k2")) == "ada"
        assert refusal(context, sign()).code == "UNAUTHORIZED"
        key_file.unlink()
        assert login(context, sign(new, "k2")) == "ada"

    def test_a_provider_that_never_answered_is_no_fault_of_the_caller(
        self, context: Context, sign: Any, key_file: Path
    ):
        key_file.write_text("not json")
        error = refusal(context, sign())
        assert (error.code, error.details) == ("SERVICE_UNAVAILABLE", {"service": "identity provider"})

    def test_keys_come_over_http_too(
        self, context: Context, sign: Callable[..., str], key_file: Path, serve_file: Callable[[Path], str]
    ):
        settings = context.settings.model_copy(update={"jwt_jwks": serve_file(key_file)})
        assert verify_token(settings, KeySets(), sign()).username == "ada"

    @hypothesis_settings(max_examples=50, deadline=None)
    @given(junk=st.text(alphabet=st.characters(min_codepoint=33, max_codepoint=126), max_size=60))
    def test_junk_is_refused_and_nothing_else(self, provider: rsa.RSAPrivateKey, tmp_path_factory: Any, junk: str):
        path = tmp_path_factory.getbasetemp() / "jwks-for-junk.json"
        if not path.exists():
            path.write_text(jwks(("k1", provider)))
        settings = Settings(jwt_jwks=str(path), jwt_issuer="i", jwt_audience="a")
        with pytest.raises(InvalidTokenError):
            verify_token(settings, KeySets(), f"{junk}.{junk}.{junk}")


@pytest.mark.parametrize(
    "values",
    [
        {"jwt_jwks": "keys.json"},
        {"jwt_jwks": "keys.json", "jwt_issuer": "i"},
        {"jwt_jwks": "http://sso.example/keys", "jwt_issuer": "i", "jwt_audience": "a"},
    ],
)
def test_half_a_single_sign_on_is_refused_at_start(values: dict[str, str]):
    with pytest.raises(ValidationError):
        Settings(**values)


@pytest.fixture
def serve_file() -> Iterator[Callable[[Path], str]]:
    servers: list[HTTPServer] = []

    def serve(path: Path) -> str:
        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.send_response(200)
                self.end_headers()
                self.wfile.write(path.read_bytes())

            def log_message(self, *_: Any) -> None:
                pass

        servers.append(HTTPServer(("127.0.0.1", 0), Handler))
        threading.Thread(target=servers[-1].serve_forever, daemon=True).start()
        return f"http://127.0.0.1:{servers[-1].server_port}/jwks.json"

    yield serve
    for server in servers:
        server.shutdown()
        server.server_close()
