"""Databases for tests: SQLite files and databases on a real PostgreSQL, empty or migrated.

``database_url`` (schema in place), ``empty_database_url`` (nothing in it) and ``engine`` run a test once on each kind.
"""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine

from tests.postgres import Server, running_server

BACKENDS = ("sqlite", "postgresql")
NewDatabase = Callable[[str, bool], str]


def pytest_addoption(parser: pytest.Parser) -> None:
    """Take the flag that accepts tonight's sample plan as the one to compare with."""
    parser.addoption("--update-golden", action="store_true", help="write tests/golden/*.json anew instead of comparing")


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[Server]:
    """A PostgreSQL server of this session's own."""
    with running_server() as server:
        yield server


@pytest.fixture(scope="session")
def dask_cluster() -> Iterator[str]:
    """The address of a Dask scheduler of this session's own, with two workers."""
    from tests.dask_cluster import running_cluster

    with running_cluster() as address:
        yield address


@pytest.fixture(scope="session")
def postgres_template(postgres_server: Server) -> str:
    """The name of a database that holds the schema and nothing else."""
    from vmi.store.engine import open_engine
    from vmi.store.migrate import migrate

    name = postgres_server.create_database()
    migrate(open_engine(postgres_server.url(name)))
    return name


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A SQLite file that holds the schema and nothing else."""
    from vmi.store.engine import open_engine
    from vmi.store.migrate import migrate

    path = tmp_path_factory.mktemp("template") / "template.db"
    migrate(open_engine(str(path)))
    return path


@pytest.fixture
def new_database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[NewDatabase]:
    """A function of backend and migrated or not that makes a database and returns its URL."""
    created: list[tuple[Server, str]] = []

    def make(backend: str, migrated: bool) -> str:
        if backend == "sqlite":
            path = tmp_path / f"vmi-{len(list(tmp_path.glob('vmi-*.db')))}.db"
            if migrated:
                shutil.copyfile(request.getfixturevalue("sqlite_template"), path)
            return f"sqlite:///{path}"
        server: Server = request.getfixturevalue("postgres_server")
        template = request.getfixturevalue("postgres_template") if migrated else "template0"
        created.append((server, server.create_database(template)))
        return server.url(created[-1][1])

    yield make
    for server, name in created:
        server.drop_database(name)


@pytest.fixture(params=BACKENDS)
def database_url(request: pytest.FixtureRequest, new_database: NewDatabase) -> str:
    """The URL of a migrated database without rows, on each backend in turn."""
    return new_database(request.param, True)


@pytest.fixture(params=BACKENDS)
def empty_database_url(request: pytest.FixtureRequest, new_database: NewDatabase) -> str:
    """The URL of a database without a schema, on each backend in turn."""
    return new_database(request.param, False)


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    """An engine on ``database_url``."""
    from vmi.store.engine import open_engine

    opened = open_engine(database_url)
    yield opened
    opened.dispose()
