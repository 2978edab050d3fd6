import sqlite3
from contextlib import closing

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, inspect, text
from sqlmodel import SQLModel

from vmi.errors import UsageProblem
from vmi.store import migrate
from vmi.store.engine import open_engine
from vmi.store.lock import LockHeld, planner_lock


def test_the_newest_revision_is_the_tables_and_nothing_else(engine: Engine) -> None:
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "compare_server_default": True})
        assert compare_metadata(context, SQLModel.metadata) == []


def test_migrating_twice_changes_nothing(empty_database_url: str) -> None:
    engine = open_engine(empty_database_url)
    assert migrate.revision_state(engine).database is None
    first = migrate.migrate(engine)
    assert first.current
    assert migrate.migrate(engine) == first


def test_downgrading_to_the_beginning_leaves_no_table(engine: Engine) -> None:
    with engine.begin() as connection:
        command.downgrade(migrate.config(connection), "base")
    assert [name for name in inspect(engine).get_table_names() if name != "alembic_version"] == []


def test_a_migration_that_fails_in_the_middle_leaves_nothing(
    empty_database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = open_engine(empty_database_url)
    newest = ScriptDirectory.from_config(migrate.config()).get_revision("head")

    def fail() -> None:
        raise RuntimeError("power cut")

    upgrade_all = ScriptDirectory.run_env

    def run_env(directory: ScriptDirectory) -> None:
        monkeypatch.setattr(directory.get_revision(newest.revision).module, "upgrade", fail)
        upgrade_all(directory)

    monkeypatch.setattr(ScriptDirectory, "run_env", run_env)
    with pytest.raises(RuntimeError, match="power cut"):
        migrate.migrate(engine)
    assert inspect(engine).get_table_names() == []


def test_migrating_waits_for_no_planner_but_says_that_one_is_at_work(engine: Engine) -> None:
    with planner_lock(engine), pytest.raises(LockHeld, match="lock is held by process"):
        migrate.migrate(engine)


def test_asking_for_the_state_of_a_file_that_is_not_there_does_not_create_it(tmp_path) -> None:
    state = migrate.revision_state(open_engine(str(tmp_path / "none.db")))
    assert not state.current
    assert list(tmp_path.iterdir()) == []


def test_a_server_that_does_not_answer_is_named_without_its_password() -> None:
    engine = open_engine("postgresql://planner:secret@127.0.0.1:1/vmi")
    with pytest.raises(UsageProblem, match=r"127\.0\.0\.1:1/vmi cannot be used") as caught:
        migrate.revision_state(engine)
    assert "secret" not in str(caught.value)


def test_a_file_that_is_no_database_is_named(tmp_path) -> None:
    path = tmp_path / "notes.db"
    path.write_text("this is not a database, it is a shopping list" * 100)
    with pytest.raises(UsageProblem, match=r"notes\.db cannot be used"):
        migrate.revision_state(open_engine(str(path)))


def test_sqlite_files_are_opened_as_the_measured_facts_ask(new_database) -> None:
    engine = open_engine(new_database("sqlite", True))
    with engine.connect() as connection:
        found = {p: connection.scalar(text(f"pragma {p}")) for p in ("journal_mode", "synchronous", "foreign_keys")}
    assert found == {"journal_mode": "delete", "synchronous": 2, "foreign_keys": 1}


def test_a_sqlite_reader_takes_no_write_lock(new_database) -> None:
    from vmi.store.engine import read_only

    engine = open_engine(new_database("sqlite", True))
    with read_only(engine) as reader, engine.begin() as writer:
        assert reader.scalar(text("select count(*) from runs")) == 0
        writer.execute(text("insert into stock_record_days values ('2026-11-20')"))
        reader.rollback()


def test_a_second_sqlite_writer_waits_in_its_first_statement(new_database) -> None:
    url = new_database("sqlite", True)
    engine = open_engine(url)
    path = url.removeprefix("sqlite:///")
    other = sqlite3.connect(path, timeout=0)
    with engine.begin(), closing(other), pytest.raises(sqlite3.OperationalError, match="locked"):
        other.execute("insert into stock_record_days values ('2026-11-20')")
