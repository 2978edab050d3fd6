"""What a run decided and what ``explain``, the figures and the next nights need of it; every key begins with the run.

Columns that are published carry the names of the contract; ``plan_id`` stands once, with the run.
"""

from datetime import date, datetime
from decimal import Decimal
from typing import Any, ClassVar

from sqlalchemy import ForeignKey, Index
from sqlmodel import Field, SQLModel

from vmi.tables.types import key_id, moment, money, optional_id, required_id


def _run() -> Any:
    return Field(primary_key=True, sa_column_args=[ForeignKey("runs.run_id")])


class PlanReplenishment(SQLModel, table=True):
    """Units of a part that a supplier is to ship to a warehouse, firm or forecast."""

    __tablename__: ClassVar[Any] = "plan_replenishment"
    __table_args__ = (Index("ix_plan_replenishment_line_id", "line_id"),)
    run_id: int = _run()
    line_id: str = key_id()
    supplier_id: str = required_id()
    part_id: str = required_id()
    part_name: str | None = None
    warehouse_id: str = required_id()
    qty: int
    pack_qty: int
    commitment: str = Field(max_length=16)
    priority: int
    ship_on: date
    due_on: date
    respond_by: datetime | None = moment(None)
    on_hand: int | None = None
    inbound: int | None = None
    backordered: int | None = None
    target_qty: int | None = None
    demand_p50: float | None = None
    demand_p90: float | None = None
    cover_days: float | None = None
    return_risk: float | None = None
    unit_cost: Decimal = money()
    reason: str = ""


class PlanReturn(SQLModel, table=True):
    """A lot that goes back to its supplier."""

    __tablename__: ClassVar[Any] = "plan_returns"
    run_id: int = _run()
    line_id: str = key_id()
    supplier_id: str = required_id()
    part_id: str = required_id()
    warehouse_id: str = required_id()
    lot_id: str = required_id()
    received_on: date
    age_days: int
    qty: int
    unit_cost: Decimal = money()
    trigger: str = Field(max_length=16)
    relocation_tested: str = Field(max_length=1)
    best_relocation_warehouse: str | None = optional_id()
    best_relocation_gain: Decimal | None = money(None)
    pick_up_on: date | None = None
    reason: str = ""


class PlanTransfer(SQLModel, table=True):
    """Units of a lot moved between warehouses."""

    __tablename__: ClassVar[Any] = "plan_transfers"
    run_id: int = _run()
    line_id: str = key_id()
    part_id: str = required_id()
    lot_id: str = required_id()
    from_warehouse: str = required_id()
    to_warehouse: str = required_id()
    qty: int
    received_on: date
    ship_on: date
    eta_on: date
    cost: Decimal = money()
    benefit: Decimal = money()
    reason: str = ""


class PlanDelivery(SQLModel, table=True):
    """An open order line, or the part of it that one source serves."""

    __tablename__: ClassVar[Any] = "plan_deliveries"
    run_id: int = _run()
    line_id: str = key_id()
    order_id: str = required_id()
    line_no: int
    centre_id: str = required_id()
    part_id: str = required_id()
    qty: int
    source: str = Field(max_length=16)
    warehouse_id: str | None = optional_id()
    service: str = Field(max_length=16)
    shipment_id: str | None = optional_id()
    ship_at: datetime | None = moment(None)
    eta: datetime | None = moment(None)
    eta_p90: datetime | None = moment(None)
    promise_by: datetime | None = moment(None)
    first_promise: datetime | None = moment(None)
    on_time: str = Field(default="N", max_length=1)
    provisional: str = Field(default="N", max_length=1)
    cost: Decimal | None = money(None)
    surcharge: Decimal | None = money(None)
    reason: str = ""
    ordered_part_id: str | None = optional_id()
    lot_id: str | None = optional_id()


class PlanTarget(SQLModel, table=True):
    """The stocking decision for a part at a warehouse."""

    __tablename__: ClassVar[Any] = "plan_targets"
    run_id: int = _run()
    part_id: str = key_id()
    warehouse_id: str = key_id()
    stocked: str = Field(max_length=1)
    target_qty: int
    demand_class: str = Field(default="", max_length=32)
    fill_rate: float | None = None
    reason: str = ""


class PlanDerivation(SQLModel, table=True):
    """The numbers that lead to a quantity: position, demand over the interval, target, packs, what bound and its price.

    Parts are stocked by pool: ``hub`` is the warehouse that orders for the pool's regions, ``pooled`` the position of
    its other warehouses. At a hub ``need_qty`` = max(0, ``target_qty`` − ``position`` − ``pooled``), elsewhere 0;
    ``qty`` is what was ordered after packs, minimum orders, availability and capacity.
    """

    __tablename__: ClassVar[Any] = "plan_derivations"
    run_id: int = _run()
    part_id: str = key_id()
    warehouse_id: str = key_id()
    supplier_id: str | None = optional_id()
    hub: str | None = optional_id()
    pool_regions: int | None = None
    on_hand: int
    inbound: int
    backordered: int
    outgoing: int = 0
    committed: int = 0
    position: int
    pooled: int = 0
    protection_days: float | None = None
    demand_mean: float | None = None
    demand_var: float | None = None
    demand_p50: float | None = None
    demand_p90: float | None = None
    return_window_mean: float | None = None
    order_up_to: int | None = None
    target_qty: int
    need_qty: int
    pack_qty: int = 1
    min_order_qty: int = 1
    available_qty: int | None = None
    qty: int
    override_kind: str | None = Field(default=None, max_length=16)
    override_value: int | None = None
    value_last_unit: float | None = None
    value_next_unit: float | None = None
    penalty_cny: float | None = None
    carrying_cny: float | None = None
    return_cny: float | None = None
    freight_cny: float | None = None
    return_risk: float | None = None
    binding: str | None = None
    binding_price: float | None = None
    money_at_stake: float | None = None
    demand_class: str = Field(default="", max_length=32)
    fill_rate: float | None = None
    reason: str = ""


class PlanForecast(SQLModel, table=True):
    """Demand expected in the 28 days after as_of, kept to be judged when they have passed.

    ``judged_class`` is the class in ``plan_forecast_scores`` by which the method was chosen; ``fallback`` says why
    another one stands in for it.
    """

    __tablename__: ClassVar[Any] = "plan_forecasts"
    run_id: int = _run()
    part_id: str = key_id()
    warehouse_id: str = key_id()
    mean: float
    p10: float | None = None
    p50: float | None = None
    p90: float
    method: str = Field(default="", max_length=64)
    fallback: str | None = None
    judged_class: str | None = Field(default=None, max_length=16)


class PlanProfile(SQLModel, table=True):
    """A calendar profile that the run's forecast followed, to be kept by the next nights until it is due again.

    ``kind`` is ``group`` (a family in a region), ``family``, ``region`` or ``all``. ``fitted_on`` is the night of the
    fit, ``first_day`` where its history began; ``fingerprint`` hashes what shaped it beside its data. ``trend`` is per
    day, as a share of the level. ``coefficients`` (by name) and ``months`` (order lines of the history) are JSON.
    """

    __tablename__: ClassVar[Any] = "plan_profiles"
    run_id: int = _run()
    kind: str = Field(primary_key=True, max_length=16)
    family: str = Field(primary_key=True)
    region: str = key_id()
    fitted_on: date
    first_day: date
    fingerprint: str = Field(max_length=64)
    trend: float
    coefficients: str
    months: str


class PlanForecastScore(SQLModel, table=True):
    """How well a method told what a class of demand sold, at origins before ``judged_on``.

    ``pinball`` is its loss [units a week], ``coverage_p90`` how often its P90 held; ``chosen`` is ``Y`` for the method
    that forecasts the class. Class ``all`` stands for all parts together, ``fast`` for smooth fast movers.
    """

    __tablename__: ClassVar[Any] = "plan_forecast_scores"
    run_id: int = _run()
    demand_class: str = Field(primary_key=True, max_length=16)
    method: str = Field(primary_key=True, max_length=64)
    origins: int
    cells: int
    pinball: float
    coverage_p90: float
    chosen: str = Field(max_length=1)
    judged_on: date


class PlanForecastCalibration(SQLModel, table=True):
    """What the variance of a class is multiplied by so that a quantile holds what it says.

    ``coverage`` is how often it held before, ``coverage_used`` after; both of the randomised quantile.
    """

    __tablename__: ClassVar[Any] = "plan_forecast_calibration"
    run_id: int = _run()
    demand_class: str = Field(primary_key=True, max_length=16)
    level: float = Field(primary_key=True)
    cells: int
    coverage: float
    variance_factor: float
    coverage_used: float
    judged_on: date


class PlanWorklist(SQLModel, table=True):
    """What a planner should look at, most money first."""

    __tablename__: ClassVar[Any] = "plan_worklist"
    run_id: int = _run()
    rank: int = Field(primary_key=True)
    kind: str
    severity: str
    subject: str
    part_id: str | None = optional_id()
    warehouse_id: str | None = optional_id()
    supplier_id: str | None = optional_id()
    money_at_risk: Decimal | None = money(None)
    cause: str = ""
    action: str = ""


class PlanScorecard(SQLModel, table=True):
    """A figure of a supplier or a warehouse in a month."""

    __tablename__: ClassVar[Any] = "plan_scorecards"
    run_id: int = _run()
    month: str = Field(primary_key=True, max_length=7)
    scope: str = Field(primary_key=True, max_length=16)
    id: str = key_id()
    metric: str = Field(primary_key=True, max_length=64)
    target: float | None = None
    actual: float | None = None
    index: float | None = None
    weight: float | None = None
    grade: str | None = None
    trigger: str | None = None


class PlanKpi(SQLModel, table=True):
    """A figure of the night as it was defined then; without a value where it cannot be known, and ``note`` says why."""

    __tablename__: ClassVar[Any] = "plan_kpis"
    run_id: int = _run()
    name: str = Field(primary_key=True, max_length=64)
    value: float | None = None
    definition: str = ""
    target: float | None = None
    unit: str = ""
    window: str = ""
    numerator: float | None = None
    denominator: float | None = None
    note: str = ""


class PlanOptimisation(SQLModel, table=True):
    """What an optimisation reached: objective, bound and gap."""

    __tablename__: ClassVar[Any] = "plan_optimisations"
    run_id: int = _run()
    name: str = Field(primary_key=True, max_length=64)
    status: str = Field(default="", max_length=32)
    objective: float | None = None
    bound: float | None = None
    gap: float | None = None
    seconds: float | None = None


class PlanPrice(SQLModel, table=True):
    """What one more unit of a coupling row (a cubic metre, an available unit) is worth tonight."""

    __tablename__: ClassVar[Any] = "plan_prices"
    run_id: int = _run()
    name: str = Field(primary_key=True, max_length=64)
    subject: str = Field(primary_key=True, max_length=160)
    unit: str = Field(default="", max_length=32)
    price: float
    used: float | None = None
    free: float | None = None


class Promise(SQLModel, table=True):
    """The moment a run promised an order line that had no promise yet; the first published run's stands."""

    __tablename__: ClassVar[Any] = "promises"
    run_id: int = _run()
    order_id: str = key_id()
    line_no: int = Field(primary_key=True)
    first_promise: datetime = moment()


class StockDay(SQLModel, table=True):
    """What lay in a warehouse at the close of as_of; ``aged_value`` is the value of the older units on hand."""

    __tablename__: ClassVar[Any] = "stock_days"
    run_id: int = _run()
    as_of: date = Field(primary_key=True)
    warehouse_id: str = key_id()
    units: int
    value: Decimal = money()
    aged_value: Decimal = money()
    volume: float


PLAN_TABLES: dict[str, type[SQLModel]] = {
    str(model.__tablename__): model
    for model in (
        PlanReplenishment,
        PlanReturn,
        PlanTransfer,
        PlanDelivery,
        PlanTarget,
        PlanDerivation,
        PlanForecast,
        PlanProfile,
        PlanForecastScore,
        PlanForecastCalibration,
        PlanWorklist,
        PlanScorecard,
        PlanKpi,
        PlanOptimisation,
        PlanPrice,
        Promise,
        StockDay,
    )
}
"""Tables whose rows belong to a run, by name; rows of an abandoned run are deleted from each."""
