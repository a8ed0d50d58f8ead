"""Jobs about runs."""

from crmapp.services import runs


def work(run_id: int) -> None:
    """Plan or apply the next slice of a run."""
    runs.work(run_id)
