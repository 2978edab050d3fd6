import pytest

from vmi.errors import UsageProblem
from vmi.store.engine import database_url, open_engine


@pytest.mark.parametrize(
    ("given", "understood"),
    [
        ("vmi.db", "sqlite:///vmi.db"),
        ("/data/vmi.db", "sqlite:////data/vmi.db"),
        ("sqlite:///data/vmi.db", "sqlite:///data/vmi.db"),
        ("postgres://planner@db/vmi", "postgresql+psycopg://planner@db/vmi"),
        ("postgresql://planner@db:5433/vmi", "postgresql+psycopg://planner@db:5433/vmi"),
    ],
)
def test_a_database_is_named_by_url_or_by_file(given: str, understood: str) -> None:
    assert database_url(given).render_as_string() == understood


@pytest.mark.parametrize("url", ["mysql://db/vmi", "postgresql+asyncpg://db/vmi", "oracle://db", "http://db/vmi"])
def test_other_databases_are_refused(url: str) -> None:
    with pytest.raises(UsageProblem, match="only sqlite and postgresql"):
        open_engine(url)


@pytest.mark.parametrize("url", ["sqlite://", "sqlite:///:memory:", ":memory:"])
def test_a_database_in_memory_is_refused(url: str) -> None:
    with pytest.raises(UsageProblem, match="name a file"):
        open_engine(url)


def test_a_file_in_a_folder_that_is_not_there_is_refused(tmp_path) -> None:
    with pytest.raises(UsageProblem, match=r"the folder .*none does not exist"):
        open_engine(str(tmp_path / "none" / "vmi.db"))
