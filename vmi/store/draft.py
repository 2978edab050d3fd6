"""Draft the next migration from what the tables have and the last revision has not; for developers.

python -m vmi.store.draft "what changes"
"""

import sys
import tempfile
from pathlib import Path

from alembic import command
from alembic.script import ScriptDirectory

from vmi.store.engine import open_engine
from vmi.store.migrate import config, migrate


def draft_revision(message: str) -> None:
    """Write the next revision into the package, numbered on; read and mend it before it is used."""
    number = len(list(ScriptDirectory.from_config(config()).walk_revisions())) + 1
    with tempfile.TemporaryDirectory() as folder:
        engine = open_engine(str(Path(folder) / "draft.db"))
        migrate(engine)
        with engine.begin() as connection:
            command.revision(config(connection), message=message, autogenerate=True, rev_id=f"{number:04}")


if __name__ == "__main__":
    draft_revision(sys.argv[1])
