"""Where the company is: warehouses, service centres, and what carriers quote between them."""

from dataclasses import dataclass
from importlib.resources import files

import numpy as np
import pandas as pd

from vmi.sample.parameters import SampleParameters

WAREHOUSE_CITIES = ("杭州", "广州", "成都", "武汉", "北京", "西安", "沈阳", "郑州", "昆明", "济南")
ROAD_DETOUR = 1.2
ROAD_KM_PER_HOUR = 55.0
HANDLING_HOURS = 8.0
SAME_DAY_REACH_KM = 250.0
REMOTE_KM = 1850.0
MOST_CITIES = 289
EARTH_RADIUS_KM = 6371.0
CLIMATE_SLOPE_PER_DEGREE = {"neutral": 0.0, "hot": -0.035, "cold": 0.045}


@dataclass(frozen=True)
class Network:
    """Warehouses, centres and lanes as the files have them, and who serves whom.

    Attributes
    ----------
    cities : city, latitude, longitude, fleet; one row a city with a centre.
    city_of_centre : row of ``cities`` for each centre.
    centre_weights : climate x centre, share of demand, each row adding up to 1.
    transit : warehouse x city, standard transit [hours].
    same_day : warehouse x city, same-day transit [hours], NaN where no such lane is quoted.
    """

    cities: pd.DataFrame
    warehouses: pd.DataFrame
    centres: pd.DataFrame
    lanes: pd.DataFrame
    city_of_centre: np.ndarray
    centre_weights: np.ndarray
    transit: np.ndarray
    same_day: np.ndarray

    def nearest(self, allowed: np.ndarray | None = None) -> np.ndarray:
        """Return the warehouses of each city from near to far, city x rank, only those ``allowed``."""
        transit = self.transit if allowed is None else self.transit[allowed]
        order = np.argsort(transit, axis=0, kind="stable").T
        return order if allowed is None else np.flatnonzero(allowed)[order]


def all_cities() -> pd.DataFrame:
    """Return the prefecture-level cities this package knows: city, province, latitude, longitude, fleet [relative]."""
    with files("vmi.sample").joinpath("cities.csv").open("rb") as table:
        return pd.read_csv(table, encoding="utf-8")


def distance_km(a: pd.DataFrame, b: pd.DataFrame) -> np.ndarray:
    """Return great-circle distances (haversine) from each row of ``a`` to each row of ``b``."""
    lat_a, lon_a = np.radians(a["latitude"].to_numpy())[:, None], np.radians(a["longitude"].to_numpy())[:, None]
    lat_b, lon_b = np.radians(b["latitude"].to_numpy())[None, :], np.radians(b["longitude"].to_numpy())[None, :]
    h = np.sin((lat_b - lat_a) / 2) ** 2 + np.cos(lat_a) * np.cos(lat_b) * np.sin((lon_b - lon_a) / 2) ** 2
    return 2 * EARTH_RADIUS_KM * np.arcsin(np.sqrt(h))


def _served_cities(parameters: SampleParameters) -> pd.DataFrame:
    """Take the largest fleets, the largest of those beyond two days on the road, and small places here and there."""
    table = all_cities().sort_values(["fleet", "city"], ascending=[False, True], ignore_index=True)
    wanted = min(MOST_CITIES, int(np.ceil(parameters.centres**0.92)))
    large = int(np.ceil(wanted * 0.9))
    far = distance_km(_make_warehouses(parameters), table).min(axis=0) > REMOTE_KM
    remote = np.flatnonzero(far & (np.arange(len(table)) >= large))[: (wanted - large) // 2]
    rest = np.setdiff1d(np.arange(large, len(table)), remote)
    small = rest[np.linspace(0, len(rest) - 1, wanted - large - len(remote)).astype(int)]
    return table.iloc[np.sort(np.concatenate([np.arange(large), remote, small]))].reset_index(drop=True)


def _centres_per_city(fleet: np.ndarray, centres: int) -> np.ndarray:
    """Give every city one centre and the rest by largest remainder of fleet."""
    share = fleet / fleet.sum() * (centres - len(fleet))
    count = np.floor(share).astype(int)
    rest = centres - len(fleet) - int(count.sum())
    count[np.argsort(-(share - count), kind="stable")[:rest]] += 1
    return count + 1


def _make_centres(cities: pd.DataFrame, parameters: SampleParameters, rng: np.random.Generator) -> pd.DataFrame:
    count = _centres_per_city(cities["fleet"].to_numpy(), parameters.centres)
    row = np.repeat(np.arange(len(cities)), count)
    number = np.arange(len(row)) - np.repeat(np.cumsum(count) - count, count) + 1
    direct = rng.random(len(row)) < np.where(number == 1, 0.55, 0.3)
    centres = pd.DataFrame({"centre_id": [f"SC{i:04d}" for i in range(1, len(row) + 1)]})
    kinds = np.where(direct, "直营服务中心", "授权服务中心")
    city = cities["city"].to_numpy()[row]
    centres["name"] = [f"{c}{n:02d}号{kind}" for c, n, kind in zip(city, number, kinds, strict=True)]
    centres["city"] = city
    centres["kind"] = np.where(direct, "direct", "partner")
    for axis in ("latitude", "longitude"):
        centres[axis] = (cities[axis].to_numpy()[row] + rng.normal(0, 0.06, len(row))).round(4)
    return centres


def _make_warehouses(parameters: SampleParameters) -> pd.DataFrame:
    table = all_cities().set_index("city").loc[list(WAREHOUSE_CITIES[: parameters.warehouses])].reset_index()
    return pd.DataFrame(
        {
            "warehouse_id": [f"FW{i:02d}" for i in range(1, len(table) + 1)],
            "name": table["city"] + "前置仓",
            "city": table["city"],
            "latitude": table["latitude"],
            "longitude": table["longitude"],
        }
    )


def _make_lanes(
    warehouses: pd.DataFrame, cities: pd.DataFrame, km: np.ndarray, rng: np.random.Generator
) -> pd.DataFrame:
    w, c = (index.ravel() for index in np.indices(km.shape))
    road = km.ravel() * ROAD_DETOUR
    standard = pd.DataFrame(
        {
            "warehouse_id": warehouses["warehouse_id"].to_numpy()[w],
            "city": cities["city"].to_numpy()[c],
            "service": "standard",
            "transit_hours": np.round(2 * (HANDLING_HOURS + road / ROAD_KM_PER_HOUR)) / 2,
            "cut_off": "18:00",
            "cost_per_shipment": np.round(12 + 18 * np.minimum(road / 2500, 1), 1),
            "cost_per_kg": np.round(0.6 + 0.8 * road / 1000, 2),
        }
    )
    same_day = standard[km.ravel() <= SAME_DAY_REACH_KM].assign(service="same_day", cut_off="13:00")
    near = km.ravel()[same_day.index]
    same_day["transit_hours"] = np.round(2 * (2 + near * ROAD_DETOUR / 60)) / 2
    same_day["cost_per_shipment"] = np.round(120 + near * 0.2 + rng.uniform(-10, 10, len(near)))
    same_day["cost_per_kg"] = np.round(1.5 + near / 250, 2)
    return pd.concat([standard, same_day], ignore_index=True)


def _centre_weights(cities: pd.DataFrame, row: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    in_city = np.bincount(row, minlength=len(cities))
    base = cities["fleet"].to_numpy()[row] / in_city[row] * rng.lognormal(0, 0.35, len(row))
    north = cities["latitude"].to_numpy()[row] - 31.0
    weights = np.stack([base * np.exp(slope * north) for slope in CLIMATE_SLOPE_PER_DEGREE.values()])
    return weights / weights.sum(axis=1, keepdims=True)


def make_network(parameters: SampleParameters, rng: np.random.Generator) -> Network:
    """Return the network: warehouses in ``WAREHOUSE_CITIES`` order, a standard lane from each to each city."""
    cities = _served_cities(parameters)
    centres = _make_centres(cities, parameters, rng)
    warehouses = _make_warehouses(parameters)
    km = distance_km(warehouses, cities)
    lanes = _make_lanes(warehouses, cities, km, rng)
    shape = (len(warehouses), len(cities))
    standard = lanes["service"] == "standard"
    same_day = np.full(shape[0] * shape[1], np.nan)
    same_day[km.ravel() <= SAME_DAY_REACH_KM] = lanes.loc[~standard, "transit_hours"]
    row = pd.Index(cities["city"]).get_indexer(centres["city"])
    return Network(
        cities=cities,
        warehouses=warehouses,
        centres=centres,
        lanes=lanes,
        city_of_centre=row,
        centre_weights=_centre_weights(cities, row, rng),
        transit=lanes.loc[standard, "transit_hours"].to_numpy().reshape(shape),
        same_day=same_day.reshape(shape),
    )
