"""Column contracts of the frames that pass between rooms.

Rooms take and give pandas frames. A contract names the columns a frame must have; extra columns pass through.
Types, the same everywhere: identifiers ``str``; whole quantities ``int64`` (``float64`` with NaN where unknown is
allowed); CNY, m3, kg, hours ``float64``; a calendar day ``datetime64[ns]`` at midnight without zone, a day of the
planning zone; a moment ``datetime64[ns, <planning zone>]``. Unknown is NaN, NaT or the empty string for identifiers.
"""

from dataclasses import dataclass, field, fields

import pandas as pd


@dataclass(frozen=True)
class Frame:
    """The contract of a frame: its name in messages and the columns it must have."""

    name: str
    columns: tuple[str, ...]

    def check(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Return ``frame`` unchanged; raise ``ValueError`` naming every column that is missing."""
        missing = [c for c in self.columns if c not in frame.columns]
        if missing:
            raise ValueError(f"frame {self.name}: columns missing: {', '.join(missing)}")
        return frame

    def empty(self) -> pd.DataFrame:
        """Return a frame of that contract without rows."""
        return pd.DataFrame(columns=list(self.columns))


def _frame(name: str, columns: str) -> Frame:
    return Frame(name, tuple(columns.split()))


USAGE = _frame("usage", "part_id centre_id day service qty lines")
"""Order lines summed by part, centre, calendar day and service, cancelled ones left out; day <= as_of."""

OPEN_ORDERS = _frame("open_orders", "order_id line_no ordered_at centre_id part_id qty service status first_promise")
"""Order lines still to be served at as_of; ``first_promise`` is NaT until a plan has promised."""

PROFILES = _frame("profiles", "kind family region fitted_on first_day fingerprint trend coefficients months")
"""Calendar profiles that the last plan followed, as ``forecasts.profiles.kept`` gives and takes them."""

FORECAST_SCORES = _frame("forecast_scores", "demand_class method origins cells pinball coverage_p90 chosen judged_on")
"""How the last plan's forecast judged its methods; ``chosen`` is ``Y`` for the one that forecasts the class."""

FORECAST_CALIBRATION = _frame(
    "forecast_calibration", "demand_class level cells coverage variance_factor coverage_used judged_on"
)
"""What the last plan's forecast multiplied the variance of a class by, and why."""

LANE_TIMES = _frame("lane_times", "warehouse_id city service late_hours")
"""One row per delivered line of the recent past: hours from shipped_at to delivered_at less the quoted transit."""

OPEN_PLAN_LINES = _frame(
    "open_plan_lines", "line_id supplier_id part_id warehouse_id qty ship_on due_on published_as_of"
)
"""Firm lines of earlier published plans, not confirmed into inbound, received or cancelled: the pipeline."""

COVER = _frame("cover", "city warehouse_id service transit_hours cost_per_shipment cost_per_kg")
"""The warehouse that covers a city first, with its standard lane."""

DEMAND = _frame("demand", "part_id warehouse_id day qty lines same_day_qty")
"""Demand of final parts (supersession rolled up) at the warehouse of first cover; only days with demand > 0."""

CENSORED = _frame("censored", "part_id warehouse_id first_day last_day")
"""Spans of days on which the part lay nowhere within reach: demand there was at least what was served."""

STOCKOUTS = _frame("stockouts", "part_id first_day last_day")
"""Spans of days on which a part that had lain somewhere lay nowhere, from the stock recorded night by night."""

MOVED_LOTS = _frame("moved_lots", "warehouse_id part_id lot_id")
"""Lots that a published transfer has brought to where they lie; they are not moved again."""

PAIRS = _frame(
    "pairs",
    "part_id warehouse_id family first_day last_day mean_line_qty same_day_share",
)
"""Part x warehouse of first cover with any history or any reason to expect demand; ``first_day`` observed from."""

POSITIONS = _frame("positions", "part_id warehouse_id on_hand inbound backordered outgoing committed")
"""Units per final part and warehouse. ``on_hand`` available in the stock file; ``inbound`` on its way, published lines
included; ``backordered`` units of open order lines this warehouse serves or will serve; ``outgoing`` transfers out and
returns of tonight; ``committed`` tonight's deliveries out of ``on_hand`` (part of ``backordered``)."""

REPLENISHMENT = _frame(
    "replenishment",
    "supplier_id part_id warehouse_id qty pack_qty commitment priority ship_on due_on on_hand inbound backordered"
    " target_qty demand_p50 demand_p90 cover_days return_risk unit_cost reason",
)
LOT_RETURNS = _frame(
    "lot_returns",
    "supplier_id part_id warehouse_id lot_id received_on age_days qty unit_cost trigger relocation_tested"
    " best_relocation_warehouse best_relocation_gain pick_up_on reason",
)
TRANSFERS = _frame(
    "transfers", "part_id lot_id from_warehouse to_warehouse qty received_on ship_on eta_on cost benefit reason"
)
DELIVERIES = _frame(
    "deliveries",
    "order_id line_no centre_id part_id qty source warehouse_id service shipment_id ship_at eta eta_p90 promise_by"
    " first_promise on_time cost surcharge reason ordered_part_id lot_id provisional",
)
TARGETS = _frame("targets", "part_id warehouse_id stocked target_qty demand_class fill_rate reason")
WEEKLY_FORECAST = _frame("weekly_forecast", "part_id warehouse_id week mean p10 p50 p90 method provisional")
"""``provisional`` is ``Y`` for a week that reaches past the days for which the calendar is verified."""
WORKLIST = _frame("worklist", "rank kind severity subject part_id warehouse_id supplier_id money_at_risk cause action")
SCORECARDS = _frame("scorecards", "month scope id metric target actual index weight grade trigger")

HUBS = _frame("hubs", "part_id warehouse_id")
"""Warehouses that ordered for their pools in the plan before."""

PRICES = _frame("prices", "name subject price")
"""Prices of placement's coupling rows in the plan before."""


@dataclass(frozen=True)
class Situation:
    """All that a plan may see at ``as_of``, gathered once: the company's files as frames, and what was published.

    Input frames carry the contract's columns with defaults filled in (``respond_within_hours`` 24, ...); days and
    moments after ``as_of`` are already cut away from ``usage``, ``open_orders`` and ``lane_times``.
    """

    as_of: pd.Timestamp
    timezone: str
    suppliers: pd.DataFrame
    parts: pd.DataFrame
    warehouses: pd.DataFrame
    centres: pd.DataFrame
    lanes: pd.DataFrame
    supply: pd.DataFrame
    stock: pd.DataFrame
    usage: pd.DataFrame
    open_orders: pd.DataFrame
    lane_times: pd.DataFrame
    closures: pd.DataFrame
    availability: pd.DataFrame
    inbound: pd.DataFrame
    weather: pd.DataFrame
    vehicles: pd.DataFrame
    fitments: pd.DataFrame
    overrides: pd.DataFrame
    open_plan_lines: pd.DataFrame
    stockouts: pd.DataFrame = field(default_factory=STOCKOUTS.empty)
    moved_lots: pd.DataFrame = field(default_factory=MOVED_LOTS.empty)
    profiles: pd.DataFrame = field(default_factory=PROFILES.empty)
    forecast_scores: pd.DataFrame = field(default_factory=FORECAST_SCORES.empty)
    forecast_calibration: pd.DataFrame = field(default_factory=FORECAST_CALIBRATION.empty)
    hubs: pd.DataFrame = field(default_factory=HUBS.empty)
    prices: pd.DataFrame = field(default_factory=PRICES.empty)

    def frames(self) -> dict[str, pd.DataFrame]:
        """Return the frames by name, in declaration order."""
        found = {f.name: getattr(self, f.name) for f in fields(self)}
        return {name: frame for name, frame in found.items() if isinstance(frame, pd.DataFrame)}
