"""What the company sells: suppliers, parts, chains of supersession, and the models a part fits."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.special import ndtri
from scipy.stats import rankdata

from vmi.sample.families import (
    FAMILIES,
    FITTED_PER_VEHICLE,
    LINE_QUANTITIES,
    MODELS,
    SUPPLIER_CITIES,
    SUPPLIER_SYLLABLES,
    TRACTION_BATTERIES,
    TRACTION_COST,
    TRACTION_VOLUME_L,
)
from vmi.sample.geography import Network, all_cities, distance_km
from vmi.sample.parameters import SampleParameters
from vmi.sample.seasons import CLIMATES

SLOW_SHARE = 0.65
"""Share of parts that see less than a line a month over the whole network."""
FASTEST, CAPPING_ROUNDS = 25, 20
LEAST_PER_YEAR = 24.0
SUPERSEDED_SHARE = 0.025
NEW_SHARE, DYING_SHARE = 0.12, 0.08
PACKS = (2, 5, 10, 20, 50)
NEVER = 1e6
FAMILY_NUMBERS = ("cost", "cost_sigma", "volume", "density", "packs")


@dataclass(frozen=True)
class Catalogue:
    """Suppliers and parts as the files have them, and what drives each part's demand.

    Attributes
    ----------
    lines_per_day : part, mean order lines over the network while the part is in full use.
    climate, quantity : part, rows of ``CLIMATES`` and of ``LINE_QUANTITIES``.
    up_at, up_scale, down_at, down_scale : part, day numbers and days of the logistic rise and fall of demand.
    born : part, day number of its introduction; there is no demand before.
    """

    suppliers: pd.DataFrame
    supply: pd.DataFrame
    parts: pd.DataFrame
    fitments: pd.DataFrame
    lines_per_day: np.ndarray
    climate: np.ndarray
    quantity: np.ndarray
    up_at: np.ndarray
    up_scale: np.ndarray
    down_at: np.ndarray
    down_scale: np.ndarray
    born: np.ndarray

    def in_use(self, rows: slice, days: int) -> np.ndarray:
        """Return how much of its demand a part has on each day, part x day, between 0 and 1."""
        day = np.arange(days)[None, :]
        rise = 1 / (1 + np.exp(-np.clip((day - self.up_at[rows, None]) / self.up_scale[rows, None], -40, 40)))
        fall = 1 / (1 + np.exp(-np.clip((self.down_at[rows, None] - day) / self.down_scale[rows, None], -40, 40)))
        return np.where(day >= self.born[rows, None], rise * fall, 0.0)


def _make_suppliers(count: int, rng: np.random.Generator) -> pd.DataFrame:
    syllables = np.array(SUPPLIER_SYLLABLES)
    pairs = rng.permutation(len(syllables) * (len(syllables) - 1))[:count]
    first, step = np.divmod(pairs, len(syllables) - 1)
    second = (first + step + 1) % len(syllables)
    cities = np.array(SUPPLIER_CITIES)[np.arange(count) % len(SUPPLIER_CITIES)]
    words = [
        f"{c}{a}{b}汽车零部件有限公司" for c, a, b in zip(cities, syllables[first], syllables[second], strict=True)
    ]
    fees = rng.choice([0.12, 0.10, 0.15], count, p=[0.8, 0.12, 0.08])
    return pd.DataFrame(
        {
            "supplier_id": [f"S{i:03d}" for i in range(1, count + 1)],
            "name": words,
            "platform_fee_rate": fees,
            "return_window_days": rng.choice([90, 60, 120], count, p=[0.86, 0.07, 0.07]),
            "respond_within_hours": rng.choice([24, 12, 48], count, p=[0.85, 0.08, 0.07]),
        }
    )


def _make_supply(suppliers: pd.DataFrame, network: Network, rng: np.random.Generator) -> pd.DataFrame:
    home = pd.DataFrame({"city": [name[:2] for name in suppliers["name"]]}).merge(all_cities(), on="city", how="left")
    km = distance_km(home, network.warehouses)
    s, w = (index.ravel() for index in np.indices(km.shape))
    lead = np.clip(np.round(rng.gamma(4, 1.1, len(suppliers))[s] + 1.5 + km.ravel() / 450), 3, 14)
    return pd.DataFrame(
        {
            "supplier_id": suppliers["supplier_id"].to_numpy()[s],
            "warehouse_id": network.warehouses["warehouse_id"].to_numpy()[w],
            "lead_time_days": lead.astype(int),
            "lead_time_sd_days": np.round(lead * rng.uniform(0.12, 0.35, len(lead)), 1),
            "cost_per_shipment": np.round(np.clip(55 + km.ravel() / 15 + rng.normal(0, 10, len(lead)), 60, 200)),
            "cost_per_kg": np.round(0.35 + km.ravel() / 2000, 2),
        }
    )


def _pick_families(parts: int, rng: np.random.Generator) -> np.ndarray:
    """Give each family its share of the parts, at least one, in random order."""
    edges = np.cumsum([f.share for f in FAMILIES])
    family = np.searchsorted(edges / edges[-1], (np.arange(parts) + 0.5) / parts)
    return rng.permutation(family)


def _pick_suppliers(family: np.ndarray, suppliers: int, rng: np.random.Generator) -> np.ndarray:
    """Each supplier makes one or two families: it is drawn among those whose turn the family is."""
    turn = rng.random(len(family))
    span = max(2, suppliers // len(FAMILIES) + 1)
    start = np.floor(family * suppliers / len(FAMILIES)).astype(int)
    return (start + np.floor(turn**1.4 * span).astype(int)) % suppliers


def line_rates(speed: np.ndarray, per_year: float) -> np.ndarray:
    """Return order lines per day by rank of ``speed``: lognormal, ``SLOW_SHARE`` below one a month, mean ``per_year``.

    Midpoint quantiles instead of draws, so that the tail does not depend on luck. With z the normal quantile of
    ``SLOW_SHARE`` and m the mean per month: log m = s²/2 - z s, solved for s. No part sells more than
    ``FASTEST`` times the mean; what that cuts off goes to the other parts above one line a month. Below
    ``LEAST_PER_YEAR`` the tail keeps its shape and every part sells less.
    """
    if per_year < LEAST_PER_YEAR:
        return line_rates(speed, LEAST_PER_YEAR) * per_year / LEAST_PER_YEAR
    z = float(ndtri(SLOW_SHARE))
    sigma = z + np.sqrt(z * z + 2 * np.log(max(per_year / 12, 1.0)))
    quantile = (rankdata(speed, method="ordinal") - 0.5) / len(speed)
    rates = 12 * np.exp(sigma * (ndtri(quantile) - z))
    busy = rates > 12
    wanted = per_year * len(rates) - rates[~busy].sum()
    for _ in range(CAPPING_ROUNDS):
        rates[busy] = np.minimum(rates[busy] * wanted / rates[busy].sum(), FASTEST * per_year)
    return rates / 365.25


def _choose_words(family: np.ndarray, rng: np.random.Generator) -> tuple[list[str], list[str]]:
    """Return noun and position of each part: nouns of a family in turn, positions at random."""
    nth = pd.Series(family).groupby(family).cumcount()
    nouns = [FAMILIES[f].nouns[i % len(FAMILIES[f].nouns)] for f, i in zip(family, nth, strict=True)]
    place = rng.integers(0, 4, len(family))
    positions = [FAMILIES[f].positions[i % len(FAMILIES[f].positions)] for f, i in zip(family, place, strict=True)]
    return nouns, positions


def _draw_packs(cost: np.ndarray, chance: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Draw units per pack: cheap parts in large packs, dear ones in twos, what costs over 1,500 CNY singly."""
    packed = rng.random(len(cost)) < chance * np.where(cost < 1500, 1.35, 0.0)
    pack = np.where(packed, rng.choice(PACKS, len(cost), p=[0.3, 0.28, 0.24, 0.12, 0.06]), 1)
    return np.where((cost > 60) & (pack > 5), 2, pack)


def _describe(family: np.ndarray, speed: np.ndarray, rng: np.random.Generator) -> pd.DataFrame:
    """Draw noun, cost, size, packs and criticality of each part; fast parts tend to be cheap."""
    n = len(family)
    of = {k: np.array([getattr(f, k) for f in FAMILIES])[family] for k in FAMILY_NUMBERS}
    noun, position = _choose_words(family, rng)
    rank = (rankdata(speed, method="ordinal") - 0.5) / n
    cost = of["cost"] * np.exp(of["cost_sigma"] * (rng.normal(size=n) - 0.5 * ndtri(rank)))
    volume = of["volume"] * rng.lognormal(0, 0.6, n)
    hazmat = np.isin(noun, TRACTION_BATTERIES)
    cost = np.where(hazmat, rng.uniform(*TRACTION_COST, n), np.clip(cost, 5, 8000))
    volume = np.where(hazmat, rng.uniform(*TRACTION_VOLUME_L, n), np.maximum(volume, 0.02))
    pack = _draw_packs(cost, of["packs"], rng)
    chance = np.array([f.criticality for f in FAMILIES])[family].cumsum(axis=1)
    return pd.DataFrame(
        {
            "noun": [p + w for p, w in zip(position, noun, strict=True)],
            "unit_cost": np.round(cost, 2),
            "volume_l": np.round(volume, 2),
            "weight_kg": np.maximum(np.round(volume * of["density"] * rng.lognormal(0, 0.3, n), 2), 0.01),
            "pack_qty": pack,
            "min_order_qty": pack * rng.choice([1, 2, 4], n, p=[0.86, 0.1, 0.04]),
            "hazmat": np.where(hazmat, "Y", "N"),
            "criticality": np.array(["A", "B", "C"])[(rng.random(n)[:, None] > chance[:, :2]).sum(axis=1)],
        }
    )


def supersede(parts: int, rng: np.random.Generator) -> np.ndarray:
    """Return chains of part numbers, chain x 3, older part first, -1 where a chain ends after two."""
    links = max(2, round(SUPERSEDED_SHARE * parts))
    long = links // 5
    order = rng.permutation(parts)
    chains = np.full((links - long, 3), -1)
    chains[:long] = order[: 3 * long].reshape(long, 3)
    chains[long:, :2] = order[3 * long : 3 * long + 2 * (links - 2 * long)].reshape(-1, 2)
    return chains


def make_catalogue(parameters: SampleParameters, network: Network, rng: np.random.Generator) -> Catalogue:
    """Return suppliers, parts, fitments and the demand each part would have at full use."""
    n = parameters.parts
    suppliers = _make_suppliers(int(np.clip(round(n / 20), min(5, n), 150)), rng)
    family = _pick_families(n, rng)
    speed = rng.normal(size=n) + np.array([f.speed for f in FAMILIES])[family] * 0.8
    supplier = _pick_suppliers(family, len(suppliers), rng)
    described = _describe(family, speed, rng)
    speed -= np.where(described["hazmat"] == "Y", 0.4, 0.0)
    fits = _fit_models(n, rng)
    chains = supersede(n, rng)
    source = np.arange(n)
    for later in (1, 2):
        linked = chains[chains[:, later] >= 0]
        source[linked[:, later]] = linked[:, 0]
    parts = _write_parts(
        described.iloc[source].reset_index(drop=True), family[source], supplier[source], chains, fits[source], rng
    )
    parts["supplier_id"] = suppliers["supplier_id"].to_numpy()[supplier[source]]
    life = _lives(parameters, chains, rng)
    introduced = pd.Timestamp(parameters.as_of) + pd.to_timedelta(life["born"] - parameters.days + 1, unit="D")
    parts["introduced_on"] = np.where(life["born"] > -900, introduced.strftime("%Y-%m-%d"), "")
    quantities = list(LINE_QUANTITIES)
    return Catalogue(
        suppliers=suppliers,
        supply=_make_supply(suppliers, network, rng),
        parts=parts,
        fitments=_make_fitments(parts["part_id"].to_numpy(), fits[source], family[source]),
        lines_per_day=line_rates(speed, parameters.lines_per_part_year)[source],
        climate=np.array([CLIMATES.index(f.climate) for f in FAMILIES])[family[source]],
        quantity=np.array([quantities.index(f.quantity) for f in FAMILIES])[family[source]],
        **life,
    )


def _write_parts(
    described: pd.DataFrame,
    family: np.ndarray,
    supplier: np.ndarray,
    chains: np.ndarray,
    fits: np.ndarray,
    rng: np.random.Generator,
) -> pd.DataFrame:
    n = len(described)
    part_id = np.array([f"P{i:06d}" for i in range(1, n + 1)])
    successor = np.full(n, "", dtype=object)
    version = np.full(n, "", dtype=object)
    unit_cost = described["unit_cost"].to_numpy().copy()
    for older in (0, 1):
        linked = chains[chains[:, older + 1] >= 0]
        successor[linked[:, older]] = part_id[linked[:, older + 1]]
        version[linked[:, older + 1]] = "（改进型）" if older == 0 else "（第三版）"
        unit_cost[linked[:, older + 1]] *= rng.uniform(1.0, 1.1, len(linked))
    model = np.array([m.name for m in MODELS])[fits.argmax(axis=1)]
    names = np.where(fits.all(axis=1), "通用", model) + " " + described["noun"].to_numpy().astype(object) + version
    return pd.DataFrame(
        {
            "part_id": part_id,
            "name": names,
            "supplier_id": supplier,
            "family": np.array([f.name for f in FAMILIES])[family],
            "unit_cost": np.round(unit_cost, 2),
            "unit_price": np.round(unit_cost * rng.uniform(1.25, 1.7, n), 2),
            **{c: described[c].to_numpy() for c in described.columns[2:]},
            "introduced_on": "",
            "successor_id": successor,
        }
    )


def _lives(parameters: SampleParameters, chains: np.ndarray, rng: np.random.Generator) -> dict[str, np.ndarray]:
    """Draw when each part's demand rises and falls; the links of a chain hand over to one another."""
    n, days = parameters.parts, parameters.days
    kind = rng.random(n)
    new, dying = kind < NEW_SHARE, kind > 1 - DYING_SHARE
    up_at = np.where(new, rng.uniform(-150, days - 15, n), -NEVER)
    down_at = np.where(dying, rng.uniform(0.2 * days, 1.1 * days, n), NEVER)
    # A part older than that has no date in the file: unknown, as in many a master.
    born = np.where(new, np.round(up_at - 60), -rng.integers(200, 1_500, n)).astype(int)
    up_scale, down_scale = np.where(new, 35.0, 1.0), np.where(dying, 60.0, 1.0)
    chained = chains[chains >= 0]
    up_at[chained], down_at[chained], born[chained] = -NEVER, NEVER, -2_000
    for older in (0, 1):
        linked = chains[chains[:, older + 1] >= 0]
        low, high = (0.15, 0.5) if older == 0 else (0.6, 0.95)
        alone = linked[:, 2] < 0
        switch = np.round(rng.uniform(low, np.where(alone, 0.97, high)) * days)
        down_at[linked[:, older]], down_scale[linked[:, older]] = switch, 18.0
        up_at[linked[:, older + 1]], up_scale[linked[:, older + 1]] = switch, 18.0
        born[linked[:, older + 1]] = switch - 40
    return {
        "up_at": up_at,
        "up_scale": up_scale,
        "down_at": down_at,
        "down_scale": down_scale,
        "born": born,
    }


def _fit_models(parts: int, rng: np.random.Generator) -> np.ndarray:
    """Draw which models a part fits, part x model: a quarter fit all, the others one to three."""
    keys = rng.random((parts, len(MODELS))) ** (1 / np.array([m.share for m in MODELS]))
    rank = np.argsort(np.argsort(-keys, axis=1, kind="stable"), axis=1, kind="stable")
    count = np.where(rng.random(parts) < 0.25, len(MODELS), rng.integers(1, 4, parts))
    return rank < count[:, None]


def _make_fitments(part_id: np.ndarray, fits: np.ndarray, family: np.ndarray) -> pd.DataFrame:
    part, model = np.nonzero(fits)
    per_vehicle = np.array([FITTED_PER_VEHICLE[f.quantity] for f in FAMILIES])[family]
    return pd.DataFrame(
        {
            "part_id": part_id[part],
            "model": np.array([m.name for m in MODELS])[model],
            "qty_per_vehicle": per_vehicle[part],
        }
    )
