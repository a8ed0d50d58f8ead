"""``crmapp runs``: what ran, what it did, and how to stop it."""

from __future__ import annotations

import click

from crmapp.cli.installation import in_installation, table
from crmapp.domain.runs import OUTCOMES
from crmapp.services import run_list, users
from crmapp.services import runs as services

RUN = click.IntRange(1, 2**31 - 1)


@click.group()
def runs() -> None:
    """List runs, show one, cancel one."""


@runs.command("list")
@click.option("--status", default="", help="Only runs with this status, e.g. running.")
@click.option(
    "--limit", type=click.IntRange(1, 1000), default=20, show_default=True, help="How many at most."
)
@in_installation
def list_(status: str, limit: int) -> None:
    """List the latest runs, newest first."""
    asked = run_list.Asked(status=status)
    found = run_list.recent(asked, by=users.administrator(), limit=limit)
    table(
        [
            (run.id, run.kind, run.status, f"{run.cursor}/{run.total or '?'}", run.by, run.title)
            for run in found
        ],
        ("run", "kind", "status", "rows", "by", "what"),
    )


@runs.command()
@click.argument("run_id", type=RUN)
@in_installation
def show(run_id: int) -> None:
    """Show one run and its receipt."""
    run = services.get(run_id, by=users.administrator())
    receipt = services.receipt_of(run)
    facts = {
        "run": run.id,
        "what": run.title,
        "status": run.status,
        "by": run.by,
        "asked": _moment(run.created_at),
        "started": _moment(run.started_at),
        "finished": _moment(run.finished_at),
        "rows": run.total,
        **{outcome: run.done.get(outcome, 0) for outcome in OUTCOMES},
        "balances": "yes" if receipt.balances else "no",
        "error": run.error,
    }
    for name, fact in facts.items():
        if fact not in (None, ""):
            click.echo(f"{name:<10} {fact}")


@runs.command()
@click.argument("run_id", type=RUN)
@in_installation
def cancel(run_id: int) -> None:
    """Cancel a run; what it has done stays and can be undone."""
    services.cancel(run_id, by=users.administrator())
    click.echo(f"Run {run_id} is cancelled, or ends after its present chunk.")


def _moment(moment: object) -> str | None:
    return None if moment is None else f"{moment:%Y-%m-%d %H:%M:%S} UTC"
