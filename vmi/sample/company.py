"""Write the whole sample company: every input file of the contract, consistent with one another."""

from collections.abc import Callable
from pathlib import Path

import numpy as np

from vmi.sample import events
from vmi.sample.catalogue import make_catalogue
from vmi.sample.files import write_frame, write_orders
from vmi.sample.geography import make_network
from vmi.sample.orders import place_orders, serve_orders
from vmi.sample.parameters import SampleParameters
from vmi.sample.stock import make_holdings
from vmi.sample.usage import draw_usage


def _quiet(_: str) -> None:
    """Report no progress."""


def write_company(
    folder: Path, parameters: SampleParameters | None = None, progress: Callable[[str], None] = _quiet
) -> dict[str, int]:
    """Write a synthetic company into ``folder`` and return the rows of each file by its name in the contract.

    The same parameters write the same bytes. Files of those names are overwritten, others left alone; there is
    no ``confirmations.csv``, for no plan has been published yet.

    Parameters
    ----------
    folder : where to write; made if it is not there.
    parameters : size, history and seed; the committed sample's by default.
    progress : called with a word before each step.
    """
    parameters = parameters or SampleParameters()
    folder.mkdir(parents=True, exist_ok=True)
    progress("network and catalogue")
    network = make_network(parameters, np.random.default_rng([parameters.seed, 1]))
    catalogue = make_catalogue(parameters, network, np.random.default_rng([parameters.seed, 2]))
    progress("demand")
    usage = draw_usage(parameters, network, catalogue)
    progress("orders")
    orders = serve_orders(parameters, network, catalogue, place_orders(parameters, network, usage))
    progress("stock")
    holdings = make_holdings(parameters, network, catalogue, usage.recent, orders.missing)
    rng = np.random.default_rng([parameters.seed, 3])
    frames = {
        "suppliers": catalogue.suppliers,
        "parts": catalogue.parts,
        "warehouses": holdings.warehouses,
        "centres": network.centres,
        "lanes": network.lanes,
        "supply": catalogue.supply,
        "closures": events.make_closures(parameters, catalogue, network, rng),
        "availability": events.make_availability(parameters, catalogue, usage.recent, rng),
        "stock": holdings.stock,
        "inbound": holdings.inbound,
        "weather": events.make_weather(parameters, network),
        "vehicles": events.make_vehicles(parameters, network, rng),
        "fitments": catalogue.fitments,
        "overrides": events.make_overrides(parameters, catalogue, holdings.stock, rng),
    }
    progress("files")
    rows = {name: write_frame(folder, name, frame) for name, frame in frames.items()}
    labels = {
        "centre": network.centres["centre_id"],
        "part": catalogue.parts["part_id"],
        "warehouse": network.warehouses["warehouse_id"],
    }
    return rows | {"orders": write_orders(folder, parameters, orders, labels)}
