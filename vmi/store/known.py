"""What the store already holds that an import may refer to."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import pandas as pd


@dataclass(frozen=True)
class KnownKeys:
    """Identifiers in the store, so that a folder with only orders can refer to stored masters.

    ``ids`` maps each column that files refer to (``parts.part_id``) to the identifiers stored; ``has_rows`` says of
    each file whether its table has any row; ``successors`` is ``successor_id`` by stored ``part_id``, empty ones left
    out, and ``lane_cities`` the cities with a stored standard lane. All empty before the first import.
    """

    ids: Mapping[str, pd.Index] = field(default_factory=dict)
    has_rows: Mapping[str, bool] = field(default_factory=dict)
    successors: Mapping[str, str] = field(default_factory=dict)
    lane_cities: frozenset[str] = frozenset()
