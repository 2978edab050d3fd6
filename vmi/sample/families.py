"""What a family of parts is like: share of the catalogue, cost, size, speed, season, words for its names."""

import csv
from dataclasses import dataclass
from importlib.resources import files

POSITIONS = {"corners": ("左前", "右前", "左后", "右后"), "sides": ("左", "右"), "ends": ("前", "后"), "plain": ("",)}

# What an order line usually asks for: chances of each quantity.
LINE_QUANTITIES: dict[str, dict[int, float]] = {
    "single": {1: 0.965, 2: 0.035},
    "pair": {1: 0.58, 2: 0.33, 4: 0.09},
    "many": {1: 0.22, 2: 0.28, 4: 0.22, 5: 0.08, 10: 0.16, 20: 0.04},
}
FITTED_PER_VEHICLE = {"single": 1, "pair": 2, "many": 12}


@dataclass(frozen=True)
class Family:
    """A row of ``families.csv``.

    Attributes
    ----------
    share : of the catalogue; the shares need not add up to 1.
    cost, cost_sigma : median [CNY] and log deviation of the unit cost.
    volume, density : median volume [litres] and weight by volume [kg/litre].
    speed : how much faster than others its parts sell, in standard scores.
    climate : row of ``seasons.CLIMATES`` that its demand follows.
    quantity : row of ``LINE_QUANTITIES``.
    criticality : chances of A, B and C.
    packs : chance that a cheap part of it comes in packs.
    positions, nouns : words of its names.
    """

    name: str
    share: float
    cost: float
    cost_sigma: float
    volume: float
    density: float
    speed: float
    climate: str
    quantity: str
    criticality: tuple[float, float, float]
    packs: float
    positions: tuple[str, ...]
    nouns: tuple[str, ...]


def _read_families() -> tuple[Family, ...]:
    table = files("vmi.sample").joinpath("families.csv").read_text(encoding="utf-8")
    numbers = ("share", "cost", "cost_sigma", "volume", "density", "speed", "packs")
    return tuple(
        Family(
            name=row["name"],
            climate=row["climate"],
            quantity=row["quantity"],
            criticality=(float(row["critical"]), float(row["degraded"]), float(row["comfort"])),
            positions=POSITIONS[row["positions"]],
            nouns=tuple(row["nouns"].split()),
            **{name: float(row[name]) for name in numbers},
        )
        for row in csv.DictReader(table.splitlines())
    )


FAMILIES = _read_families()

TRACTION_BATTERIES = ("电池包总成", "电池模组")
TRACTION_COST = (20_000.0, 60_000.0)
TRACTION_VOLUME_L = (180.0, 480.0)
SUPPLIER_SYLLABLES = tuple("恒瑞达盛宏启远诚腾锐嘉汇驰昊凌泰润科博信华联众航")
SUPPLIER_CITIES = (
    *("宁波", "台州", "苏州", "无锡", "常州", "上海", "芜湖", "合肥", "武汉", "十堰", "重庆"),
    *("成都", "广州", "佛山", "东莞", "长春", "沈阳", "天津", "保定", "烟台", "济南", "郑州"),
)


@dataclass(frozen=True)
class Model:
    """A vehicle model: its share of today's fleet and how long before ``as_of`` it was launched."""

    name: str
    share: float
    launched_days_ago: int


MODELS = (
    Model("云驰E5", 0.24, 2_200),
    Model("云驰E7", 0.14, 1_800),
    Model("星岚S6", 0.20, 1_500),
    Model("星岚S9", 0.09, 1_100),
    Model("海屿M8", 0.08, 900),
    Model("青禾C3", 0.13, 1_300),
    Model("青禾C5", 0.08, 430),
    Model("拓疆X7", 0.04, 210),
)
