"""Resolve which part replaces which: one resolver for forecast, stock, dispatch and files.

A part's successor supersedes it; following successors ends at the *final* part, for which demand and targets are
kept. Several parts may share a successor, so chains form a tree that hangs from its final part.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

Whole = npt.NDArray[np.int64]


class SupersessionLoop(ValueError):
    """Parts supersede each other in a circle; ``parts`` names them, sorted."""

    def __init__(self, parts: list[str]) -> None:
        self.parts = parts
        super().__init__(
            f"parts supersede each other in a circle: {', '.join(parts)}; correct successor_id of one of them"
        )


@dataclass(frozen=True)
class Supersession:
    """Who supersedes whom.

    Parameters
    ----------
    final
        Index part_id, value the last part of its chain (itself where nothing supersedes it), sorted by part_id.
    substitutes
        Columns ordered_part_id, part_id, rank: what may be picked for an order, rank 0 first. Every part is its own
        substitute; older parts come first, because their stock is to be used up.
    """

    final: pd.Series
    substitutes: pd.DataFrame

    def is_final(self, part_ids: pd.Series) -> npt.NDArray[np.bool_]:
        """Return whether nothing supersedes the part; a part not known is final."""
        return (self.to_final(part_ids) == part_ids).to_numpy()

    def to_final(self, part_ids: pd.Series) -> pd.Series:
        """Return the final part of every part, index kept; a part not known stays itself."""
        return part_ids.map(self.final).fillna(part_ids).astype(object)

    def fits(self, picked: pd.Series, ordered: pd.Series) -> npt.NDArray[np.bool_]:
        """Return, row by row, whether stock of ``picked`` may serve an order for ``ordered``."""
        allowed = pd.MultiIndex.from_frame(self.substitutes[["part_id", "ordered_part_id"]])
        asked = pd.MultiIndex.from_arrays([picked.to_numpy(), ordered.to_numpy()])
        return np.asarray(asked.isin(allowed) | (picked.to_numpy() == ordered.to_numpy()))

    def serves_final(self, part_ids: pd.Series) -> npt.NDArray[np.bool_]:
        """Return whether stock of the part may serve an order for the final part of its chain."""
        return self.fits(part_ids, self.to_final(part_ids))


def resolve(parts: pd.DataFrame, fitments: pd.DataFrame | None = None) -> Supersession:
    """Follow every ``successor_id`` of ``parts`` to its end.

    Parameters
    ----------
    parts
        Columns part_id, successor_id (empty: none). A successor that is not among the parts ends the chain before it.
    fitments
        Columns part_id, model: decides whether an older part may serve an order for a later one.

    Raises
    ------
    SupersessionLoop
        Parts supersede each other in a circle.
    """
    ids = np.sort(parts["part_id"].to_numpy(dtype=object))
    given = parts.set_index("part_id")["successor_id"].reindex(ids)
    successor = pd.Index(ids).get_indexer(pd.Index(given.fillna("").astype(str)))
    here = np.arange(len(ids))
    step = np.where(successor < 0, here, successor).astype(np.int64)
    end = _follow(step)
    # Parts that following reaches for ever: last parts of chains, and parts on a circle, which have a successor.
    circle = [int(i) for i in np.unique(end) if successor[i] >= 0]
    if circle:
        raise SupersessionLoop([str(ids[i]) for i in circle])
    final = pd.Series(ids[end], index=pd.Index(ids, name="part_id"), name="final", dtype=object)
    return Supersession(final, _substitutes(ids, step, fitments))


def _follow(step: Whole) -> Whole:
    """Return where following ``step`` ends: pointer doubling, so a chain of n parts takes log2 n passes."""
    end = step
    for _ in range(max(len(step), 1).bit_length()):
        end = end[end]
    return end


def _substitutes(ids: npt.NDArray[np.object_], step: Whole, fitments: pd.DataFrame | None) -> pd.DataFrame:
    """Return the pairs (ordered, picked) that are allowed, oldest picked part first."""
    pairs = _chain_pairs(step)
    early, late = pairs[:, 0], pairs[:, 1]
    old_fits = _covers(ids, early, late, fitments)
    here = np.arange(len(ids))
    ordered = np.concatenate([here, early, late[old_fits]])
    picked = np.concatenate([here, late, early[old_fits]])
    age = _generation(step)
    found = pd.DataFrame({"ordered_part_id": ids[ordered], "part_id": ids[picked], "age": -age[picked]})
    found = found.sort_values(["ordered_part_id", "age", "part_id"], ignore_index=True)
    found["rank"] = found.groupby("ordered_part_id", sort=False).cumcount()
    return found[["ordered_part_id", "part_id", "rank"]]


def _chain_pairs(step: Whole) -> Whole:
    """Return every (earlier, later) pair of one chain as an array of shape (pairs, 2)."""
    early = np.flatnonzero(step != np.arange(len(step)))
    late, pieces = step[early], []
    while len(early):
        pieces.append(np.column_stack([early, late]))
        more = step[late] != late
        early, late = early[more], step[late[more]]
    return np.concatenate(pieces) if pieces else np.zeros((0, 2), dtype=np.int64)


def _generation(step: Whole) -> Whole:
    """Return how many successors follow each part: the oldest of a chain has the most."""
    pairs = _chain_pairs(step)
    return np.bincount(pairs[:, 0], minlength=len(step)).astype(np.int64)


def _covers(
    ids: npt.NDArray[np.object_], early: Whole, late: Whole, fitments: pd.DataFrame | None
) -> npt.NDArray[np.bool_]:
    """Return whether the earlier part fits every model the later one fits; both without fitments: it does."""
    if fitments is None or not len(fitments):
        return np.ones(len(early), dtype=bool)
    part = pd.Index(ids).get_indexer(pd.Index(fitments["part_id"]))
    known = fitments.assign(part=part)[part >= 0]
    models: dict[object, frozenset[str]] = {p: frozenset(g) for p, g in known.groupby("part")["model"]}
    old = [models.get(int(i), frozenset()) for i in early]
    new = [models.get(int(i), frozenset()) for i in late]
    # Where only one of the two has fitments, what the other fits is unknown, and unknown is not taken for a yes.
    return np.array([bool(a) == bool(b) and b <= a for a, b in zip(old, new, strict=True)], dtype=bool)
