"""The data contract as data: every file, column, type, default and reference, in and out.

One place says what a file is. Ingest validates against it, the store is checked against it, publishing orders
its columns by it, and a documentation test holds ``docs/data-contract.md`` to it. Nothing here reads or writes.
"""

from dataclasses import dataclass
from typing import Literal

CONTRACT_VERSION = "1"

Kind = Literal[
    "id", "text", "quantity", "money", "rate", "number", "date", "timestamp", "clock", "month", "flag", "choice"
]
Replaces = Literal["upsert", "snapshot"]


@dataclass(frozen=True)
class Column:
    """A column of an input file.

    ``kind`` decides how a cell is read: ``quantity`` whole base units, ``money`` CNY with up to four decimals,
    ``rate`` a fraction, ``clock`` ``HH:MM``, ``month`` ``YYYY-MM``, ``flag`` ``Y``/``N``. An empty cell is unknown
    unless ``required`` (an error) or ``default`` (taken) says otherwise. ``references`` names ``file.column``.
    """

    name: str
    kind: Kind
    key: bool = False
    required: bool = False
    default: str | int | float | None = None
    choices: tuple[str, ...] = ()
    minimum: float | None = None
    maximum: float | None = None
    references: str | None = None


@dataclass(frozen=True)
class InputFile:
    """A file of the input folder; ``required`` ones must be there, ``replaces`` says how rows enter the store."""

    name: str
    columns: tuple[Column, ...]
    required: bool = False
    replaces: Replaces = "upsert"

    @property
    def keys(self) -> tuple[str, ...]:
        """Names of the key columns, in file order."""
        return tuple(c.name for c in self.columns if c.key)

    def column(self, name: str) -> Column:
        """Return the column of that name; ``KeyError`` if the file has none."""
        return {c.name: c for c in self.columns}[name]


@dataclass(frozen=True)
class OutputFile:
    """A published file: its path pattern, a column tuple in published order, and the columns of free text."""

    name: str
    path: str
    columns: tuple[str, ...]
    free_text: tuple[str, ...] = ()


LARGEST_QUANTITY = 10_000_000
LARGEST_MONEY = 1_000_000_000.0
EARLIEST_DATE = "2000-01-01"


def _key(name: str, references: str | None = None) -> Column:
    return Column(name, "id", key=True, required=True, references=references)


def _id(name: str, references: str | None = None, required: bool = True) -> Column:
    return Column(name, "id", required=required, references=references)


def _text(name: str, required: bool = False, key: bool = False) -> Column:
    return Column(name, "text", required=required, key=key)


def _quantity(name: str, *, required: bool = False, default: int | None = None, minimum: int = 0) -> Column:
    return Column(name, "quantity", required=required, default=default, minimum=minimum, maximum=LARGEST_QUANTITY)


def _money(name: str, *, required: bool = False, default: float | None = None) -> Column:
    return Column(name, "money", required=required, default=default, minimum=0, maximum=LARGEST_MONEY)


def _number(
    name: str, *, required: bool = False, default: float | None = None, minimum: float = 0, maximum: float = 1e6
) -> Column:
    return Column(name, "number", required=required, default=default, minimum=minimum, maximum=maximum)


def _date(name: str, *, required: bool = False, key: bool = False) -> Column:
    return Column(name, "date", required=required, key=key)


def _choice(
    name: str, choices: tuple[str, ...], *, key: bool = False, required: bool = False, default: str | None = None
) -> Column:
    return Column(name, "choice", key=key, required=required, default=default, choices=choices)


LATITUDE = Column("latitude", "number", minimum=-90, maximum=90)
LONGITUDE = Column("longitude", "number", minimum=-180, maximum=180)

SERVICES = ("standard", "same_day")
SEVERITIES = ("blue", "yellow", "orange", "red")

INPUTS: tuple[InputFile, ...] = (
    InputFile(
        "suppliers",
        (
            _key("supplier_id"),
            _text("name"),
            Column("platform_fee_rate", "rate", default=0.12, minimum=0, maximum=1),
            _quantity("return_window_days", default=90, minimum=1),
            _number("respond_within_hours", default=24, maximum=8760),
        ),
        required=True,
    ),
    InputFile(
        "parts",
        (
            _key("part_id"),
            _text("name"),
            _id("supplier_id", "suppliers.supplier_id"),
            _text("family"),
            _money("unit_cost", required=True),
            _money("unit_price"),
            _number("volume_l", maximum=100_000),
            _number("weight_kg", maximum=100_000),
            _quantity("pack_qty", default=1, minimum=1),
            _quantity("min_order_qty", default=1, minimum=0),
            Column("hazmat", "flag", default="N"),
            _choice("criticality", ("A", "B", "C"), default="B"),
            _date("introduced_on"),
            _id("successor_id", "parts.part_id", required=False),
        ),
        required=True,
    ),
    InputFile(
        "warehouses",
        (
            _key("warehouse_id"),
            _text("name"),
            _text("city", required=True),
            LATITUDE,
            LONGITUDE,
            _number("capacity_m3", required=True, maximum=10_000_000),
            _number("hazmat_capacity_m3", default=0, maximum=10_000_000),
            _quantity("outbound_lines_per_day"),
        ),
        required=True,
    ),
    InputFile(
        "centres",
        (
            _key("centre_id"),
            _text("name"),
            _text("city", required=True),
            _choice("kind", ("direct", "partner"), default="direct"),
            LATITUDE,
            LONGITUDE,
        ),
        required=True,
    ),
    InputFile(
        "lanes",
        (
            _key("warehouse_id", "warehouses.warehouse_id"),
            _text("city", required=True, key=True),
            _choice("service", SERVICES, key=True, required=True),
            _number("transit_hours", required=True, maximum=2000),
            Column("cut_off", "clock", default="17:00"),
            _money("cost_per_shipment", default=0),
            _money("cost_per_kg", default=0),
        ),
        required=True,
    ),
    InputFile(
        "supply",
        (
            _key("supplier_id", "suppliers.supplier_id"),
            _key("warehouse_id", "warehouses.warehouse_id"),
            _number("lead_time_days", required=True, maximum=365),
            _number("lead_time_sd_days", default=0, maximum=365),
            _money("cost_per_shipment", default=0),
            _money("cost_per_kg", default=0),
        ),
        required=True,
    ),
    InputFile(
        "closures",
        (
            _choice("scope", ("supplier", "warehouse", "carrier", "all"), key=True, required=True),
            Column("id", "id", key=True),
            _date("from", required=True, key=True),
            _date("to", required=True, key=True),
            _text("reason"),
        ),
    ),
    InputFile(
        "availability",
        (_key("part_id", "parts.part_id"), _quantity("available_qty", required=True), _date("available_on", key=True)),
        replaces="snapshot",
    ),
    InputFile(
        "orders",
        (
            _key("order_id"),
            Column("line_no", "quantity", key=True, required=True, minimum=0, maximum=1_000_000),
            Column("ordered_at", "timestamp", required=True),
            _id("centre_id", "centres.centre_id"),
            _id("part_id", "parts.part_id"),
            _quantity("qty", required=True, minimum=1),
            _choice("service", SERVICES, default="standard"),
            _choice("status", ("open", "shipped", "delivered", "cancelled"), required=True),
            _id("warehouse_id", "warehouses.warehouse_id", required=False),
            Column("shipped_at", "timestamp"),
            Column("delivered_at", "timestamp"),
            Column("first_promise", "timestamp"),
        ),
        required=True,
    ),
    InputFile(
        "stock",
        (
            _key("warehouse_id", "warehouses.warehouse_id"),
            _key("part_id", "parts.part_id"),
            _key("lot_id"),
            _date("received_on", required=True),
            _quantity("qty", required=True),
            _choice("status", ("available", "quarantine", "returning"), default="available"),
        ),
        required=True,
        replaces="snapshot",
    ),
    InputFile(
        "inbound",
        (
            _key("shipment_id"),
            Column("line_no", "quantity", key=True, required=True, minimum=0, maximum=1_000_000),
            _choice("kind", ("supply", "transfer"), default="supply"),
            _id("part_id", "parts.part_id"),
            _id("from_id", required=False),
            _id("warehouse_id", "warehouses.warehouse_id"),
            _quantity("qty", required=True, minimum=1),
            _date("shipped_on"),
            _date("eta_on", required=True),
            _id("line_id", required=False),
            _date("received_on"),
        ),
        replaces="snapshot",
    ),
    InputFile(
        "weather",
        (
            _text("city", required=True, key=True),
            _date("from", required=True, key=True),
            _date("to", required=True, key=True),
            _choice("severity", SEVERITIES, required=True),
            _number("transit_delay_hours", default=0, maximum=2000),
            _number("demand_factor", default=1.0, maximum=100),
        ),
    ),
    InputFile(
        "vehicles",
        (
            _text("model", required=True, key=True),
            _text("city", required=True, key=True),
            Column("month", "month", key=True, required=True),
            _quantity("vehicles", required=True),
        ),
    ),
    InputFile(
        "fitments",
        (
            _key("part_id", "parts.part_id"),
            _text("model", required=True, key=True),
            _quantity("qty_per_vehicle", default=1, minimum=1),
        ),
    ),
    InputFile(
        "overrides",
        (
            _key("part_id", "parts.part_id"),
            _key("warehouse_id", "warehouses.warehouse_id"),
            _choice("kind", ("min", "max", "order", "do_not_stock", "no_return"), required=True, key=True),
            _quantity("value"),
            _date("until"),
            _text("by"),
            _text("reason", required=True),
        ),
    ),
    InputFile(
        "confirmations",
        (
            _key("line_id"),
            _choice("answer", ("accept", "quantity", "date", "reject"), required=True),
            _quantity("confirmed_qty"),
            _date("confirmed_ship_on"),
            Column("answered_at", "timestamp"),
            _text("comment"),
        ),
    ),
)

INPUT: dict[str, InputFile] = {f.name: f for f in INPUTS}


def _columns(text: str) -> tuple[str, ...]:
    return tuple(text.split())


OUTPUTS: tuple[OutputFile, ...] = (
    OutputFile(
        "replenishment",
        "replenishment/{supplier_id}.csv",
        _columns(
            "line_id plan_id supplier_id part_id part_name warehouse_id qty pack_qty commitment priority ship_on due_on"
            " respond_by on_hand inbound backordered target_qty demand_p50 demand_p90 cover_days return_risk"
            " unit_cost reason"
        ),
        free_text=("part_name", "reason"),
    ),
    OutputFile(
        "returns",
        "returns/{supplier_id}.csv",
        _columns(
            "line_id plan_id supplier_id part_id warehouse_id lot_id received_on age_days qty unit_cost trigger"
            " relocation_tested best_relocation_warehouse best_relocation_gain pick_up_on reason"
        ),
        free_text=("reason",),
    ),
    OutputFile(
        "transfers",
        "transfers.csv",
        _columns(
            "line_id plan_id part_id lot_id from_warehouse to_warehouse qty received_on ship_on eta_on cost"
            " benefit reason"
        ),
        free_text=("reason",),
    ),
    OutputFile(
        "deliveries",
        "deliveries.csv",
        _columns(
            "line_id plan_id order_id line_no centre_id part_id qty source warehouse_id service shipment_id ship_at eta"
            " promise_by first_promise on_time cost surcharge reason ordered_part_id lot_id"
        ),
        free_text=("reason",),
    ),
    OutputFile(
        "eta",
        "eta/{centre_id}.csv",
        _columns(
            "order_id line_no part_id part_name supplied_part_id qty service status source warehouse_id ordered_at"
            " first_promise eta_p50 eta_p90 on_time provisional reason"
        ),
        free_text=("part_name", "reason"),
    ),
    OutputFile(
        "targets",
        "targets.csv",
        _columns("part_id warehouse_id stocked target_qty demand_class fill_rate reason"),
        free_text=("reason",),
    ),
    OutputFile(
        "forecast", "forecast.csv.gz", _columns("part_id warehouse_id week mean p10 p50 p90 method provisional")
    ),
    OutputFile(
        "worklist",
        "worklist.csv",
        _columns("rank kind severity subject part_id warehouse_id supplier_id money_at_risk cause action"),
        free_text=("subject", "cause", "action"),
    ),
    OutputFile(
        "scorecards", "scorecards.csv", _columns("month scope id metric target actual index weight grade trigger")
    ),
)

OUTPUT: dict[str, OutputFile] = {f.name: f for f in OUTPUTS}

KPIS = _columns(
    "line_fill_48h same_day_rate first_pass_fill unit_fill otif inventory_cny inventory_days return_rate same_day_share"
    " premium_cny forecast_accuracy stocking_accuracy churn"
)
