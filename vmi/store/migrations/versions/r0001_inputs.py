"""Tables of the input files."""

import sqlalchemy as sa
from alembic import op

from vmi.tables.types import Moment

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

TABLES = (
    "centres",
    "closures",
    "confirmations",
    "inbound",
    "orders",
    "stock",
    "suppliers",
    "vehicles",
    "warehouses",
    "weather",
    "lanes",
    "parts",
    "supply",
    "availability",
    "fitments",
    "overrides",
)


def upgrade() -> None:
    """Create them."""
    op.create_table(
        "centres",
        sa.Column("centre_id", sa.String(length=64), nullable=False),
        sa.Column("name", sa.String(), nullable=True),
        sa.Column("city", sa.String(), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("latitude", sa.Float(), nullable=True),
        sa.Column("longitude", sa.Float(), nullable=True),
        sa.PrimaryKeyConstraint("centre_id", name=op.f("pk_centres")),
    )
    op.create_table(
        "closures",
        sa.Column("scope", sa.String(length=16), nullable=False),
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("from", sa.Date(), nullable=False),
        sa.Column("to", sa.Date(), nullable=False),
        sa.Column("reason", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("scope", "id", "from", "to", name=op.f("pk_closures")),
    )
    op.create_table(
        "confirmations",
        sa.Column("line_id", sa.String(length=64), nullable=False),
        sa.Column("answer", sa.String(length=16), nullable=False),
        sa.Column("confirmed_qty", sa.Integer(), nullable=True),
        sa.Column("confirmed_ship_on", sa.Date(), nullable=True),
        sa.Column("answered_at", Moment(), nullable=True),
        sa.Column("comment", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("line_id", name=op.f("pk_confirmations")),
    )
    op.create_table(
        "inbound",
        sa.Column("shipment_id", sa.String(length=64), nullable=False),
        sa.Column("line_no", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("part_id", sa.String(length=64), nullable=False),
        sa.Column("from_id", sa.String(length=64), nullable=True),
        sa.Column("warehouse_id", sa.String(length=64), nullable=False),
        sa.Column("qty", sa.Integer(), nullable=False),
        sa.Column("shipped_on", sa.Date(), nullable=True),
        sa.Column("eta_on", sa.Date(), nullable=False),
        sa.Column("line_id", sa.String(length=64), nullable=True),
        sa.Column("received_on", sa.Date(), nullable=True),
        sa.PrimaryKeyConstraint("shipment_id", "line_no", name=op.f("pk_inbound")),
    )
    op.create_table(
        "orders",
        sa.Column("order_id", sa.String(length=64), nullable=False),
        sa.Column("line_no", sa.Integer(), nullable=False),
        sa.Column("ordered_at", Moment(), nullable=False),
        sa.Column("centre_id", sa.String(length=64), nullable=False),
        sa.Column("part_id", sa.String(length=64), nullable=False),
        sa.Column("qty", sa.Integer(), nullable=False),
        sa.Column("service", sa.String(length=16), nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("warehouse_id", sa.String(length=64), nullable=True),
        sa.Column("shipped_at", Moment(), nullable=True),
        sa.Column("delivered_at", Moment(), nullable=True),
        sa.Column("first_promise", Moment(), nullable=True),
        sa.Column("ordered_on", sa.Date(), nullable=False),
        sa.PrimaryKeyConstraint("order_id", "line_no", name=op.f("pk_orders")),
        sqlite_with_rowid=False,
    )
    op.create_index(
        "ix_orders_open",
        "orders",
        ["ordered_on"],
        unique=False,
        sqlite_where=sa.text("status = 'open'"),
        postgresql_where=sa.text("status = 'open'"),
    )
    op.create_table(
        "stock",
        sa.Column("warehouse_id", sa.String(length=64), nullable=False),
        sa.Column("part_id", sa.String(length=64), nullable=False),
        sa.Column("lot_id", sa.String(length=64), nullable=False),
        sa.Column("received_on", sa.Date(), nullable=False),
        sa.Column("qty", sa.Integer(), nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.PrimaryKeyConstraint("warehouse_id", "part_id", "lot_id", name=op.f("pk_stock")),
    )
    op.create_table(
        "suppliers",
        sa.Column("supplier_id", sa.String(length=64), nullable=False),
        sa.Column("name", sa.String(), nullable=True),
        sa.Column("platform_fee_rate", sa.Float(), nullable=False),
        sa.Column("return_window_days", sa.Integer(), nullable=False),
        sa.Column("respond_within_hours", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("supplier_id", name=op.f("pk_suppliers")),
    )
    op.create_table(
        "vehicles",
        sa.Column("model", sa.String(), nullable=False),
        sa.Column("city", sa.String(), nullable=False),
        sa.Column("month", sa.String(length=7), nullable=False),
        sa.Column("vehicles", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("model", "city", "month", name=op.f("pk_vehicles")),
    )
    op.create_table(
        "warehouses",
        sa.Column("warehouse_id", sa.String(length=64), nullable=False),
        sa.Column("name", sa.String(), nullable=True),
        sa.Column("city", sa.String(), nullable=False),
        sa.Column("latitude", sa.Float(), nullable=True),
        sa.Column("longitude", sa.Float(), nullable=True),
        sa.Column("capacity_m3", sa.Float(), nullable=False),
        sa.Column("hazmat_capacity_m3", sa.Float(), nullable=False),
        sa.Column("outbound_lines_per_day", sa.Integer(), nullable=True),
        sa.PrimaryKeyConstraint("warehouse_id", name=op.f("pk_warehouses")),
    )
    op.create_table(
        "weather",
        sa.Column("city", sa.String(), nullable=False),
        sa.Column("from", sa.Date(), nullable=False),
        sa.Column("to", sa.Date(), nullable=False),
        sa.Column("severity", sa.String(length=16), nullable=False),
        sa.Column("transit_delay_hours", sa.Float(), nullable=False),
        sa.Column("demand_factor", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("city", "from", "to", name=op.f("pk_weather")),
    )
    op.create_table(
        "lanes",
        sa.Column("warehouse_id", sa.String(length=64), nullable=False),
        sa.Column("city", sa.String(), nullable=False),
        sa.Column("service", sa.String(length=16), nullable=False),
        sa.Column("transit_hours", sa.Float(), nullable=False),
        sa.Column("cut_off", sa.String(length=5), nullable=False),
        sa.Column("cost_per_shipment", sa.BigInteger(), nullable=False),
        sa.Column("cost_per_kg", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["warehouse_id"],
            ["warehouses.warehouse_id"],
            name=op.f("fk_lanes_warehouse_id"),
            initially="DEFERRED",
            deferrable=True,
        ),
        sa.PrimaryKeyConstraint("warehouse_id", "city", "service", name=op.f("pk_lanes")),
    )
    op.create_table(
        "parts",
        sa.Column("part_id", sa.String(length=64), nullable=False),
        sa.Column("name", sa.String(), nullable=True),
        sa.Column("supplier_id", sa.String(length=64), nullable=False),
        sa.Column("family", sa.String(), nullable=True),
        sa.Column("unit_cost", sa.BigInteger(), nullable=False),
        sa.Column("unit_price", sa.BigInteger(), nullable=True),
        sa.Column("volume_l", sa.Float(), nullable=True),
        sa.Column("weight_kg", sa.Float(), nullable=True),
        sa.Column("pack_qty", sa.Integer(), nullable=False),
        sa.Column("min_order_qty", sa.Integer(), nullable=False),
        sa.Column("hazmat", sa.String(length=1), nullable=False),
        sa.Column("criticality", sa.String(length=1), nullable=False),
        sa.Column("introduced_on", sa.Date(), nullable=True),
        sa.Column("successor_id", sa.String(length=64), nullable=True),
        sa.ForeignKeyConstraint(
            ["successor_id"],
            ["parts.part_id"],
            name=op.f("fk_parts_successor_id"),
            initially="DEFERRED",
            deferrable=True,
        ),
        sa.ForeignKeyConstraint(
            ["supplier_id"],
            ["suppliers.supplier_id"],
            name=op.f("fk_parts_supplier_id"),
            initially="DEFERRED",
            deferrable=True,
        ),
        sa.PrimaryKeyConstraint("part_id", name=op.f("pk_parts")),
    )
    op.create_table(
        "supply",
        sa.Column("supplier_id", sa.String(length=64), nullable=False),
        sa.Column("warehouse_id", sa.String(length=64), nullable=False),
        sa.Column("lead_time_days", sa.Float(), nullable=False),
        sa.Column("lead_time_sd_days", sa.Float(), nullable=False),
        sa.Column("cost_per_shipment", sa.BigInteger(), nullable=False),
        sa.Column("cost_per_kg", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["supplier_id"],
            ["suppliers.supplier_id"],
            name=op.f("fk_supply_supplier_id"),
            initially="DEFERRED",
            deferrable=True,
        ),
        sa.ForeignKeyConstraint(
            ["warehouse_id"],
            ["warehouses.warehouse_id"],
            name=op.f("fk_supply_warehouse_id"),
            initially="DEFERRED",
            deferrable=True,
        ),
        sa.PrimaryKeyConstraint("supplier_id", "warehouse_id", name=op.f("pk_supply")),
    )
    op.create_table(
        "availability",
        sa.Column("part_id", sa.String(length=64), nullable=False),
        sa.Column("available_qty", sa.Integer(), nullable=False),
        sa.Column("available_on", sa.Date(), nullable=False),
        sa.ForeignKeyConstraint(
            ["part_id"], ["parts.part_id"], name=op.f("fk_availability_part_id"), initially="DEFERRED", deferrable=True
        ),
        sa.PrimaryKeyConstraint("part_id", "available_on", name=op.f("pk_availability")),
    )
    op.create_table(
        "fitments",
        sa.Column("part_id", sa.String(length=64), nullable=False),
        sa.Column("model", sa.String(), nullable=False),
        sa.Column("qty_per_vehicle", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["part_id"], ["parts.part_id"], name=op.f("fk_fitments_part_id"), initially="DEFERRED", deferrable=True
        ),
        sa.PrimaryKeyConstraint("part_id", "model", name=op.f("pk_fitments")),
    )
    op.create_table(
        "overrides",
        sa.Column("part_id", sa.String(length=64), nullable=False),
        sa.Column("warehouse_id", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("value", sa.Integer(), nullable=True),
        sa.Column("until", sa.Date(), nullable=True),
        sa.Column("by", sa.String(), nullable=True),
        sa.Column("reason", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["part_id"], ["parts.part_id"], name=op.f("fk_overrides_part_id"), initially="DEFERRED", deferrable=True
        ),
        sa.ForeignKeyConstraint(
            ["warehouse_id"],
            ["warehouses.warehouse_id"],
            name=op.f("fk_overrides_warehouse_id"),
            initially="DEFERRED",
            deferrable=True,
        ),
        sa.PrimaryKeyConstraint("part_id", "warehouse_id", "kind", name=op.f("pk_overrides")),
    )


def downgrade() -> None:
    """Drop them, with their rows."""
    for table in reversed(TABLES):
        op.drop_table(table)
