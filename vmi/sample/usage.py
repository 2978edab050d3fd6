"""Which part is asked for where, when and how much: order lines drawn from a Poisson field with bursts."""

from dataclasses import dataclass

import numpy as np

from vmi.sample.catalogue import Catalogue
from vmi.sample.families import LINE_QUANTITIES
from vmi.sample.geography import Network
from vmi.sample.parameters import SampleParameters
from vmi.sample.seasons import day_factors, history_days

CHUNK_PARTS = 1_000
BURST_DAYS = 28
RECENT_DAYS = 60


@dataclass(frozen=True)
class Usage:
    """Order lines before anything is known of their orders: part, centre, day number and quantity of each line.

    ``recent`` is the expected number of lines a day over the last ``RECENT_DAYS``, by part: what a planner would see.
    """

    part: np.ndarray
    centre: np.ndarray
    day: np.ndarray
    qty: np.ndarray
    recent: np.ndarray


def mean_quantities() -> np.ndarray:
    """Return the mean units of a line for each kind of ``LINE_QUANTITIES``."""
    return np.array([sum(q * p for q, p in chances.items()) for chances in LINE_QUANTITIES.values()])


def _draw_quantities(kind: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    chance = rng.random(len(kind))
    qty = np.ones(len(kind), dtype=np.int32)
    for number, chances in enumerate(LINE_QUANTITIES.values()):
        rows = kind == number
        edges = np.cumsum(list(chances.values()))
        picked = np.minimum(np.searchsorted(edges, chance[rows]), len(edges) - 1)
        qty[rows] = np.array(list(chances), dtype=np.int32)[picked]
    return qty


def _draw_centres(weights: np.ndarray, climate: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    chance = rng.random(len(climate))
    centre = np.zeros(len(climate), dtype=np.int32)
    for number, row in enumerate(weights):
        rows = climate == number
        picked = np.searchsorted(np.cumsum(row), chance[rows], side="right")
        centre[rows] = np.minimum(picked, weights.shape[1] - 1)
    return centre


def _count_lines(expected: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Draw counts, part x day: Poisson with a gamma factor per part and four weeks, so that demand comes in bursts.

    The factor has mean 1; the faster the part, the narrower it is, as many causes add up.
    """
    periods = -(-expected.shape[1] // BURST_DAYS)
    shape = 5 + 0.5 * BURST_DAYS * expected.mean(axis=1, keepdims=True)
    bursts = rng.gamma(shape, 1 / shape, (expected.shape[0], periods))
    return rng.poisson(expected * np.repeat(bursts, BURST_DAYS, axis=1)[:, : expected.shape[1]])


def draw_usage(parameters: SampleParameters, network: Network, catalogue: Catalogue) -> Usage:
    """Draw the order lines of the whole history, a chunk of parts at a time, each chunk from its own stream."""
    factors = day_factors(history_days(parameters))
    pieces: list[tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]] = []
    recent = np.zeros(parameters.parts)
    for start in range(0, parameters.parts, CHUNK_PARTS):
        rows = slice(start, min(start + CHUNK_PARTS, parameters.parts))
        rng = np.random.default_rng([parameters.seed, 100, start])
        expected = catalogue.lines_per_day[rows, None] * factors[catalogue.climate[rows]]
        expected *= catalogue.in_use(rows, parameters.days)
        recent[rows] = expected[:, -RECENT_DAYS:].mean(axis=1)
        counts = _count_lines(expected, rng)
        part, day = np.nonzero(counts)
        repeats = counts[part, day]
        part, day = np.repeat(part + start, repeats).astype(np.int32), np.repeat(day, repeats).astype(np.int32)
        centre = _draw_centres(network.centre_weights, catalogue.climate[part], rng)
        pieces.append((part, centre, day, _draw_quantities(catalogue.quantity[part], rng)))
    part, centre, day, qty = (np.concatenate(column) for column in zip(*pieces, strict=True))
    return Usage(part=part, centre=centre, day=day, qty=qty, recent=recent)
