"""The schema of record: a SQLModel class for every table. Importing this package registers them all."""

from vmi.tables import ledger as ledger
from vmi.tables.inputs import DERIVED_COLUMNS, INPUT_TABLES
from vmi.tables.plans import PLAN_TABLES

__all__ = ["DERIVED_COLUMNS", "INPUT_TABLES", "PLAN_TABLES"]
