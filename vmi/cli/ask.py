"""Ask about the company: ``vmi explain`` why a part has its quantities, ``vmi status`` what is stale."""

from datetime import UTC, datetime

import click

from vmi.cli.options import Settings, json_flag, print_result, where


@click.command()
@click.argument("part")
@click.option("--warehouse", help="Only this warehouse.")
@click.option("--plan", "plan_id", help="A plan's id [default: the last one published].")
@json_flag
@where
@click.pass_obj
def explain(settings: Settings, part: str, warehouse: str | None, plan_id: str | None, as_json: bool) -> None:
    """Say why PART has the quantities it has in a published plan.

    \b
    Examples:
      vmi explain P00001
      vmi explain P00001 --warehouse FW01 --json
    """
    from vmi.explain import explain_part

    timezone = settings.config().planning.timezone
    found = explain_part(settings.engine(), part, warehouse, plan_id, timezone)
    print_result(found.as_dict(), found.as_text(), as_json)


@click.command()
@json_flag
@where
@click.pass_obj
def status(settings: Settings, as_json: bool) -> None:
    """Show the database, the last import, the last plan, open orders and what is stale.

    \b
    Example:
      vmi status --json
    """
    from vmi.status import read_status

    found = read_status(settings.engine(), settings.config(), now=datetime.now(UTC))
    print_result(found.as_dict(), found.as_text(), as_json)
