"""What Alembic runs: migrate the connection that ``store.migrate`` opened."""

from typing import Any, Literal

from alembic import context
from sqlmodel import SQLModel
from sqlmodel.sql.sqltypes import AutoString

import vmi.tables  # noqa: F401
from vmi.tables.types import KeyDate, Moment, Money


def _render(kind: str, item: Any, _autogenerate: Any) -> str | Literal[False]:
    """Write plain types into revisions where there are any, so that a revision does not change with the code."""
    if kind != "type":
        return False
    plain = {Money: "sa.BigInteger()", KeyDate: "sa.Date()", Moment: "Moment()"}
    if isinstance(item, AutoString):
        return f"sa.String(length={item.length})" if item.length else "sa.String()"
    return plain.get(type(item), False)


context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=SQLModel.metadata,
    compare_type=True,
    render_as_batch=True,
    render_item=_render,
)
with context.begin_transaction():
    context.run_migrations()
