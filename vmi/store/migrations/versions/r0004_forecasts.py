"""What a forecast learned, kept between nights: calendar profiles, the judgement of its methods, calibration."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create their tables, and tell by whose judgement a pair's method was chosen."""
    op.create_table(
        "plan_profiles",
        sa.Column("run_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("family", sa.String(), nullable=False),
        sa.Column("region", sa.String(length=64), nullable=False),
        sa.Column("fitted_on", sa.Date(), nullable=False),
        sa.Column("first_day", sa.Date(), nullable=False),
        sa.Column("fingerprint", sa.String(length=64), nullable=False),
        sa.Column("trend", sa.Float(), nullable=False),
        sa.Column("coefficients", sa.String(), nullable=False),
        sa.Column("months", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["run_id"], ["runs.run_id"], name=op.f("fk_plan_profiles_run_id")),
        sa.PrimaryKeyConstraint("run_id", "kind", "family", "region", name=op.f("pk_plan_profiles")),
    )
    op.create_table(
        "plan_forecast_scores",
        sa.Column("run_id", sa.Integer(), nullable=False),
        sa.Column("demand_class", sa.String(length=16), nullable=False),
        sa.Column("method", sa.String(length=64), nullable=False),
        sa.Column("origins", sa.Integer(), nullable=False),
        sa.Column("cells", sa.Integer(), nullable=False),
        sa.Column("pinball", sa.Float(), nullable=False),
        sa.Column("coverage_p90", sa.Float(), nullable=False),
        sa.Column("chosen", sa.String(length=1), nullable=False),
        sa.Column("judged_on", sa.Date(), nullable=False),
        sa.ForeignKeyConstraint(["run_id"], ["runs.run_id"], name=op.f("fk_plan_forecast_scores_run_id")),
        sa.PrimaryKeyConstraint("run_id", "demand_class", "method", name=op.f("pk_plan_forecast_scores")),
    )
    op.create_table(
        "plan_forecast_calibration",
        sa.Column("run_id", sa.Integer(), nullable=False),
        sa.Column("demand_class", sa.String(length=16), nullable=False),
        sa.Column("level", sa.Float(), nullable=False),
        sa.Column("cells", sa.Integer(), nullable=False),
        sa.Column("coverage", sa.Float(), nullable=False),
        sa.Column("variance_factor", sa.Float(), nullable=False),
        sa.Column("coverage_used", sa.Float(), nullable=False),
        sa.Column("judged_on", sa.Date(), nullable=False),
        sa.ForeignKeyConstraint(["run_id"], ["runs.run_id"], name=op.f("fk_plan_forecast_calibration_run_id")),
        sa.PrimaryKeyConstraint("run_id", "demand_class", "level", name=op.f("pk_plan_forecast_calibration")),
    )
    with op.batch_alter_table("plan_forecasts") as forecasts:
        forecasts.add_column(sa.Column("fallback", sa.String(), nullable=True))
        forecasts.add_column(sa.Column("judged_class", sa.String(length=16), nullable=True))


def downgrade() -> None:
    """Drop them, with their rows."""
    with op.batch_alter_table("plan_forecasts") as forecasts:
        forecasts.drop_column("judged_class")
        forecasts.drop_column("fallback")
    op.drop_table("plan_forecast_calibration")
    op.drop_table("plan_forecast_scores")
    op.drop_table("plan_profiles")
