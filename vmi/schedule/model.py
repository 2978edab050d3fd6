"""Choose source, service and wave of every open line: a fixed-charge assignment.

Sets
    L lines, O options (a line's warehouse, service and ship day), K stocks (warehouse, part), S shipments
    (warehouse, centre, wave, service), D limited picking days (warehouse, day).
    A line is *whole* if some warehouse has enough for all of it; others are *split*.

Data
    q_l units ordered; U_l cost of staying unserved; c_o cost per unit of the option (freight by weight, lateness);
    v_ok value of a unit of stock k plus the rank of its part in its chain; f_s fixed cost of a shipment;
    h_k units on hand; n_d lines that may leave on a limited day.

Variables
    x_o in {0, 1}    the line uses the option
    t_ok in {0, 1, …} units taken from stock k; for a whole line with a single stock t_ok = q_l x_o is put in for it
    g_s in {0, 1}    the shipment leaves; for a shipment that only one line could join, g_s = x_o is put in for it

Model
    min  sum_l U_l + sum_o q_l c_o x_o [whole] + sum_ok v_ok t_ok + sum_ok (c_o − U_l / q_l) t_ok [split]
         − sum_o U_l x_o [whole] + sum_s f_s g_s
    (1)  sum_o in l x_o <= 1                          whole lines: served once, from one warehouse
    (2)  sum_k t_ok = q_l x_o                         whole lines: all of it, older parts of the chain may mix in
    (3)  sum_k t_ok <= q_l x_o                        split lines: nothing from a warehouse that is not used
    (4)  sum_o,k t_ok <= q_l                          split lines: no more than ordered
    (5)  sum_o t_ok <= h_k                            stock is given out once
    (6)  x_o <= g_s                                   a line in a shipment pays for it, once for all
    (7)  sum_o in d x_o <= n_d                        picks of a day

Fixed-charge assignment: Balinski (1965); the disaggregated (6) gives the tight relaxation.
"""

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pandas as pd

from vmi.integer import Program, Solution
from vmi.schedule.grouping import Numbers, Whole, distinct
from vmi.schedule.menu import Menu


@dataclass
class Rows:
    """Constraint rows while they are being gathered."""

    count: int = 0
    rows: list[Whole] = field(default_factory=list)
    columns: list[Whole] = field(default_factory=list)
    values: list[Numbers] = field(default_factory=list)
    upper: list[Numbers] = field(default_factory=list)

    def add(self, keys: npt.ArrayLike, columns: Whole, values: npt.ArrayLike, limits: pd.Series | float) -> None:
        """Add one row per distinct key: sum of values·columns <= limits (by key)."""
        found, codes = np.unique(np.asarray(keys), return_inverse=True)
        self.rows.append(codes.astype(np.int64) + self.count)
        self.columns.append(np.asarray(columns, dtype=np.int64))
        self.values.append(np.broadcast_to(np.asarray(values, dtype=np.float64), codes.shape))
        by_key = limits.loc[found] if isinstance(limits, pd.Series) else np.full(len(found), limits)
        self.upper.append(np.asarray(by_key, dtype=np.float64))
        self.count += len(found)

    def triplets(self) -> tuple[Whole, Whole, Numbers, Numbers]:
        """Return rows, columns, values and upper limits."""
        whole, number = np.zeros(0, dtype=np.int64), np.zeros(0)
        rows, columns = np.concatenate([whole, *self.rows]), np.concatenate([whole, *self.columns])
        return rows, columns, np.concatenate([number, *self.values]), np.concatenate([number, *self.upper])


@dataclass(frozen=True)
class Formulation:
    """The program of a menu and where its variables lie: x by option, then t by ``counted`` take, then g."""

    program: Program
    options: pd.DataFrame
    takes: pd.DataFrame
    counted: npt.NDArray[np.bool_]


def formulate(menu: Menu) -> Formulation:
    """Write the model of ``menu`` as a program."""
    options, takes = _described(menu)
    counted = _counted(takes)
    takes["t"] = np.where(counted, len(options) + np.cumsum(counted) - 1, takes["x"])
    takes["units"] = np.where(counted, 1.0, takes["qty"])
    shared = _shared_shipments(options)
    options["g"] = np.where(shared >= 0, len(options) + int(counted.sum()) + shared, -1)
    rows = Rows()
    _serve_once(rows, options)
    _serve_all(rows, options, takes, counted)
    _take_where_used(rows, options, takes)
    _take_no_more_than_ordered(rows, menu, takes)
    _give_out_once(rows, menu, takes)
    _pay_shipments(rows, options)
    _limit_picks(rows, menu, options)
    program = _program(rows, menu, options, takes, counted)
    return Formulation(program, options, takes, counted)


def _described(menu: Menu) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return options and takes with the place x of the option's variable and the quantity and price of its line."""
    line = menu.options["line"].to_numpy()
    qty, unserved_cost = (menu.lines[column].to_numpy()[line] for column in ("qty", "unserved_cost"))
    of_option = menu.options[["line", "whole", "unit_cost", "fixed_cost", "shipment", "day"]]
    options = of_option.assign(x=np.arange(len(line)), qty=qty, unserved_cost=unserved_cost)
    x = np.searchsorted(menu.options.index, menu.takes["option"])
    whole = menu.options["whole"].to_numpy(dtype=bool)[x]
    takes = menu.takes[["option", "line", "stock", "on_hand", "unit_cost"]]
    return options, takes.assign(x=x, whole=whole, qty=qty[x], unserved_cost=unserved_cost[x])


def read(formulation: Formulation, solution: Solution) -> pd.DataFrame:
    """Return the units taken: columns option, stock, qty > 0."""
    takes = formulation.takes
    units = np.round(solution.x[takes["t"].to_numpy(dtype=np.int64)] * takes["units"].to_numpy()).astype(np.int64)
    some = units > 0
    return takes.loc[some, ["option", "stock"]].assign(qty=units[some]).reset_index(drop=True)


def scarce_stocks(menu: Menu) -> Whole:
    """Return the stocks for which more may be asked than lies there.

    A split line may reach a stock by several options: it asks for their sum, up to its quantity.
    """
    takes = menu.takes
    line, stock = takes["line"].to_numpy(dtype=np.int64), takes["stock"].to_numpy(dtype=np.int64)
    qty = menu.lines["qty"].to_numpy(dtype=np.int64)[line]
    lines = int(line.max(initial=0)) + 1
    pairs, first, pair = np.unique(stock * lines + line, return_index=True, return_inverse=True)
    asked = np.bincount(pair, weights=np.minimum(qty, takes["on_hand"].to_numpy()), minlength=len(pairs))
    most = np.bincount(pairs // lines, weights=np.minimum(asked, qty[first]))
    found = np.unique(stock)
    return found[most[found] > menu.stocks["on_hand"].to_numpy()[found]]


def _counted(takes: pd.DataFrame) -> npt.NDArray[np.bool_]:
    """Return which takes need a variable of their own: several stocks, or a split line."""
    x = takes["x"].to_numpy()
    return (np.bincount(x)[x] > 1) | ~takes["whole"].to_numpy(dtype=bool)


def _shared_shipments(options: pd.DataFrame) -> Whole:
    """Return a number for each shipment that several lines could join, −1 for the others."""
    shipment = options["shipment"].to_numpy()
    joined = distinct(shipment, options["line"].to_numpy(), int(shipment.max()) + 1) > 1
    return np.where(joined, np.cumsum(joined) - 1, -1)[shipment]


def _program(
    rows: Rows, menu: Menu, options: pd.DataFrame, takes: pd.DataFrame, counted: npt.NDArray[np.bool_]
) -> Program:
    whole, joins = options["whole"].to_numpy(dtype=bool), options["g"].to_numpy() >= 0
    fixed_cost, unit_cost = options["fixed_cost"].to_numpy(), options["unit_cost"].to_numpy()
    _, shared = np.unique(options["g"].to_numpy()[joins], return_index=True)
    serve = unit_cost * options["qty"].to_numpy() - options["unserved_cost"].to_numpy()
    x_cost = np.where(joins, 0.0, fixed_cost) + np.where(whole, serve, 0.0)
    single, own = takes[~counted], takes[counted]
    x_cost[single["x"]] += (single["unit_cost"] * single["qty"]).to_numpy()
    per_unit = unit_cost[own["x"]] - (own["unserved_cost"] / own["qty"]).to_numpy()
    t_cost = own["unit_cost"].to_numpy() + np.where(own["whole"], 0.0, per_unit)
    t_upper = np.minimum(own["qty"].to_numpy(), own["on_hand"].to_numpy()).astype(np.float64)
    cost = np.round(np.concatenate([x_cost, t_cost, fixed_cost[joins][shared]]), 6)
    most = np.concatenate([np.ones(len(options)), t_upper, np.ones(len(shared))])
    integer = np.ones(len(cost), dtype=bool)
    constant = float(menu.lines["unserved_cost"].to_numpy()[options["line"].unique()].sum())
    row, column, value, limit = rows.triplets()
    return Program(cost, most, integer, row, column, value, limit, round(constant, 6))


def _serve_once(rows: Rows, options: pd.DataFrame) -> None:
    """Add (1): a whole line is served once."""
    whole = options[options["whole"]]
    rows.add(whole["line"], whole["x"].to_numpy(), 1.0, 1.0)


def _serve_all(rows: Rows, options: pd.DataFrame, takes: pd.DataFrame, counted: npt.NDArray[np.bool_]) -> None:
    """Add (2): a whole line with several stocks takes exactly what was ordered."""
    own = takes[counted & takes["whole"].to_numpy(dtype=bool)]
    used = options.iloc[own["x"].unique()]
    keys = np.concatenate([own["x"], used["x"]])
    columns = np.concatenate([own["t"], used["x"]])
    values = np.concatenate([np.ones(len(own)), -used["qty"]])
    rows.add(keys, columns, values, 0.0)
    rows.add(keys, columns, -values, 0.0)


def _take_where_used(rows: Rows, options: pd.DataFrame, takes: pd.DataFrame) -> None:
    """Add (3): a split line takes nothing from an option that is not used."""
    own, used = takes[~takes["whole"]], options[~options["whole"]]
    keys = np.concatenate([own["x"], used["x"]])
    columns = np.concatenate([own["t"], used["x"]])
    rows.add(keys, columns, np.concatenate([np.ones(len(own)), -used["qty"]]), 0.0)


def _take_no_more_than_ordered(rows: Rows, menu: Menu, takes: pd.DataFrame) -> None:
    """Add (4): the pieces of a split line together are at most the line."""
    own = takes[~takes["whole"]]
    rows.add(own["line"], own["t"].to_numpy(), 1.0, menu.lines["qty"])


def _give_out_once(rows: Rows, menu: Menu, takes: pd.DataFrame) -> None:
    """Add (5): no stock is given out twice; only where more could be asked for than lies there."""
    scarce = takes[takes["stock"].isin(scarce_stocks(menu))]
    rows.add(scarce["stock"], scarce["t"].to_numpy(), scarce["units"], menu.stocks["on_hand"])


def _pay_shipments(rows: Rows, options: pd.DataFrame) -> None:
    """Add (6): a line joins only a shipment that leaves."""
    joined = options[options["g"] >= 0]
    keys = np.concatenate([joined["x"], joined["x"]])
    columns = np.concatenate([joined["x"], joined["g"]])
    rows.add(keys, columns, np.repeat([1.0, -1.0], len(joined)), 0.0)


def _limit_picks(rows: Rows, menu: Menu, options: pd.DataFrame) -> None:
    """Add (7): no more lines leave a warehouse on a day than it can pick."""
    limited = options[options["day"] >= 0]
    rows.add(limited["day"], limited["x"].to_numpy(), 1.0, menu.pick_limits)
