"""The ``graph-olap`` command."""

from __future__ import annotations

import argparse
import signal
import sys
import threading
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NoReturn

from graph_olap.models.common import format_timestamp
from pydantic import ValidationError
from pydantic_settings import SettingsError
from sqlalchemy.exc import SQLAlchemyError

from graph_olap_server import __version__
from graph_olap_server.config import Settings
from graph_olap_server.domain.errors import PlatformError
from graph_olap_server.domain.roles import Role
from graph_olap_server.logs import configure_logging

__all__ = ["main"]

_DESCRIPTION = """\
Graph OLAP: warehouse tables in, a private graph in your notebook out.

first steps:
  graph-olap demo                                      the whole product on real data, in a minute
  graph-olap serve --warehouse duckdb:///data/w.duckdb the platform on your own data
  graph-olap api-key create --user ada --role analyst  a key for somebody
"""

_SERVE_HELP = """\
Run the control plane, its background jobs and the local instances in one process.

examples:
  graph-olap serve --warehouse duckdb:////data/sales.duckdb
  graph-olap serve --warehouse duckdb:////data/parquet-files/ --port 0
  graph-olap serve --host 0.0.0.0                      needs API keys: graph-olap api-key create

Every option is also an environment variable, for example GRAPH_OLAP_PORT; options win.
Stop it with Ctrl-C or SIGTERM.
"""

_API_HELP = """\
The parts of the platform in processes of their own, as many as needed, on one data folder and one database. With
several machines the database is PostgreSQL.

examples:
  graph-olap api --no-jobs --port 8000
  graph-olap api --no-jobs --port 8001
  graph-olap worker

Each piece of work is claimed with a lease, so that no two processes do it. Instances live on while any of the processes
does.
"""

_KEY_HELP = """\
Make, list and revoke API keys. A key is shown once and stored as a hash.

examples:
  graph-olap api-key create --user ada --role analyst
  graph-olap api-key create --user nightly --expires P30D
  graph-olap api-key list
  graph-olap api-key revoke 3
"""

_CONFORMANCE_HELP = """\
Ask an engine random questions about random graphs and compare each answer with a brute-force evaluation that shares
nothing with it. Where they differ, graph and query are made as small as possible and printed as a Python script.

examples:
  graph-olap conformance --engine kuzu
  graph-olap conformance --engine ladybug --pairs 50000 --jobs 4
  graph-olap conformance --engine kuzu --seed 7         the same pairs again

The exit code is 1 when an engine was wrong in a way that docs/reference/engines.md does not record.
"""

_OPTIONS = ("host", "port", "data_dir", "warehouse", "engine", "log_level", "auth_mode", "keep_instances")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return the exit code: 0 done, 1 failed, 2 wrong usage."""
    options = _parser().parse_args(arguments)
    command: int = options.run(options)
    return command


def _parser() -> argparse.ArgumentParser:
    plain = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(prog="graph-olap", description=_DESCRIPTION, formatter_class=plain)
    parser.add_argument("--version", action="version", version=f"graph-olap {__version__}")
    commands = parser.add_subparsers(metavar="command", required=True)

    serve = commands.add_parser("serve", help="run the platform", description=_SERVE_HELP, formatter_class=plain)
    _add_api_options(serve)
    _add_worker_options(serve)
    serve.set_defaults(run=_serve, api=True, jobs=True, shared=False)

    api = commands.add_parser("api", help="run the API, one of several", description=_API_HELP, formatter_class=plain)
    _add_api_options(api)
    _add_worker_options(api)
    api.add_argument("--no-jobs", dest="jobs", action="store_false", help="Leave the background work to workers.")
    api.set_defaults(run=_serve, api=True, shared=True)

    worker = commands.add_parser(
        "worker", help="do the background work, one of several", description=_API_HELP, formatter_class=plain
    )
    _add_worker_options(worker)
    worker.set_defaults(run=_serve, api=False, jobs=True, shared=True)

    demo = commands.add_parser("demo", help="do the main job once, on real data, and check the answers")
    demo.add_argument("--keep", action="store_true", help="Keep the folder with all files and print its path.")
    demo.set_defaults(run=_demo)

    suite = commands.add_parser(
        "conformance",
        help="compare an engine's answers with brute force",
        description=_CONFORMANCE_HELP,
        formatter_class=plain,
    )
    suite.add_argument("--engine", default="kuzu", help="kuzu (default) or ladybug.")
    suite.add_argument("--pairs", type=_positive, default=2_000, metavar="N", help="Pairs to ask (default 2000).")
    suite.add_argument(
        "--seed", type=int, default=1, metavar="S", help="The same seed gives the same pairs (default 1)."
    )
    suite.add_argument("--jobs", type=_positive, default=1, metavar="J", help="Processes to use (default 1).")
    suite.set_defaults(run=_conformance)

    keys = commands.add_parser(
        "api-key", help="make, list and revoke keys", description=_KEY_HELP, formatter_class=plain
    )
    actions = keys.add_subparsers(metavar="action", required=True)
    create = actions.add_parser("create", help="make a key and print it once")
    create.add_argument("--user", required=True, help="User name; the account is made when it is new.")
    create.add_argument("--role", choices=[role.value for role in Role], default="analyst", help="Role of the user.")
    create.add_argument(
        "--expires", metavar="DURATION", help="Lifetime, such as P30D or PT12H; default: until revoked."
    )
    listing = actions.add_parser("list", help="list keys, without the keys themselves")
    revoke = actions.add_parser("revoke", help="make a key worthless")
    revoke.add_argument("id", type=int, help="Number of the key in the list.")
    for action, run in ((create, _create_key), (listing, _list_keys), (revoke, _revoke_key)):
        _add_data_dir(action)
        action.set_defaults(run=run)
    return parser


def _add_api_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--host", help=_help("host"))
    parser.add_argument("--port", type=int, help=_help("port"))
    parser.add_argument("--auth-mode", choices=["dev", "strict"], help=_help("auth_mode"))


def _add_worker_options(parser: argparse.ArgumentParser) -> None:
    _add_data_dir(parser)
    parser.add_argument("--warehouse", metavar="URL", help=_help("warehouse"))
    parser.add_argument("--engine", help=_help("engine"))
    parser.add_argument("--log-level", metavar="LEVEL", help=_help("log_level"))
    parser.add_argument("--keep-instances", action="store_true", default=None, help=_help("keep_instances"))


def _serve(options: argparse.Namespace) -> int:
    # Imported here, so that --help and api-key do not wait for the engines' and the warehouse's libraries.
    from graph_olap_server.platform import Platform, StartupError

    settings = _settings(options)
    configure_logging(settings.log_level, "control-plane")
    wanted = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: wanted.set())
    platform = Platform(settings, api=options.api, jobs=options.jobs, shared=options.shared)
    try:
        platform.start()
    except StartupError as error:
        return _fail(str(error))
    try:
        _say(f"Graph OLAP ready at {platform.url}" if options.api else "Graph OLAP worker ready")
        while not wanted.wait(0.5):
            if platform.failed.is_set():
                return _fail("The API ended unexpectedly; the log has the cause.")
    finally:
        platform.stop()
    return 0


def _demo(options: argparse.Namespace) -> int:
    from graph_olap_server.demo import run_demo

    return run_demo(options.keep)


def _conformance(options: argparse.Namespace) -> int:
    from graph_olap_server.conformance.command import conformance
    from graph_olap_server.instance.engine.registry import available_engines

    if options.engine not in available_engines():
        known = ", ".join(available_engines()) or "none"
        _complain(f"--engine: {options.engine!r} is not installed; installed: {known}.")
        return 2
    return conformance(options.engine, pairs=options.pairs, seed=options.seed, jobs=options.jobs)


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"{text} is less than 1")
    return number


def _create_key(options: argparse.Namespace) -> int:
    from graph_olap_server.domain.durations import parse_duration
    from graph_olap_server.services.api_keys import create_api_key

    now = datetime.now(UTC)
    try:
        expires_at = None if options.expires is None else now + parse_duration(options.expires)
    except (ValueError, OverflowError) as error:
        _complain(f"--expires: {error}.")
        return 2
    return _with_database(
        options,
        lambda database: _say(create_api_key(database, options.user, Role(options.role), now, expires_at)),
    )


def _list_keys(options: argparse.Namespace) -> int:
    from graph_olap_server.services.api_keys import list_api_keys

    def show(database: Any) -> None:
        now = datetime.now(UTC)
        _say(f"{'id':>4}  {'user':<24} {'role':<8} {'key':<15} {'created':<20} {'expires':<20} {'last used':<20} state")
        for key in list_api_keys(database):
            times = " ".join(f"{_when(moment):<20}" for moment in (key.created_at, key.expires_at, key.last_used_at))
            _say(f"{key.id:>4}  {key.username:<24} {key.role:<8} {key.prefix}… {times} {key.state(now)}")

    return _with_database(options, show)


def _revoke_key(options: argparse.Namespace) -> int:
    from graph_olap_server.services.api_keys import revoke_api_key

    return _with_database(options, lambda database: revoke_api_key(database, options.id, datetime.now(UTC)))


def _when(moment: datetime | None) -> str:
    return "never" if moment is None else format_timestamp(moment.replace(microsecond=0))


def _with_database(options: argparse.Namespace, work: Any) -> int:
    from graph_olap_server.store.database import Database

    settings = _settings(options)
    try:
        settings.data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        return _fail(f"The data folder {settings.data_dir} cannot be written ({error.strerror}). Use --data-dir.")
    database = Database(settings.resolved_database_url, connections=settings.database_connections)
    try:
        database.migrate()
        work(database)
    except PlatformError as error:
        return _fail(error.message)
    except SQLAlchemyError as error:
        cause = str(getattr(error, "orig", None) or error).splitlines()[0]
        return _fail(f"The database of {settings.data_dir} cannot be used ({cause}).")
    finally:
        database.close()
    return 0


def _settings(options: argparse.Namespace) -> Settings:
    given = {name: getattr(options, name) for name in _OPTIONS if getattr(options, name, None) is not None}
    try:
        return Settings(**given)
    except ValidationError as error:
        for problem in error.errors(include_url=False):
            _complain(_setting_problem(problem, given))
        sys.exit(2)
    except SettingsError as error:
        _complain(str(error))
        sys.exit(2)


def _setting_problem(problem: Any, given: dict[str, Any]) -> str:
    message = str(problem["msg"]).removeprefix("Value error, ")
    if not problem["loc"]:
        return f"{message[:1].upper()}{message[1:]}."
    name = str(problem["loc"][0])
    source = f"--{name.replace('_', '-')}" if name in given else f"GRAPH_OLAP_{name.upper()}"
    # The value of a secret must not be repeated.
    found = "" if "key" in name else f" (found {problem['input']!r})"
    return f"{source}: {message}{found}."


def _add_data_dir(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--data-dir", type=Path, metavar="DIR", help=_help("data_dir"))


def _help(field: str) -> str:
    return (Settings.model_fields[field].description or "").replace("%", "%%")


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def _complain(text: str) -> None:
    sys.stderr.write(f"graph-olap: {text}\n")


def _fail(text: str) -> int:
    _complain(text)
    return 1


def _exit() -> NoReturn:
    sys.exit(main())


if __name__ == "__main__":
    _exit()
