"""The grid's benchmark compares like with like."""

from bench import grid
from crmapp.analytics import dataset as datasets
from crmapp.analytics import snapshots
from crmapp.analytics.engines.duckdb import DuckDBEngine
from crmapp.analytics.query import Question


def test_the_pages_and_the_statements_by_hand_agree(tmp_path):
    grid.generate(tmp_path, 20_000)
    built = snapshots.refresh(
        datasets.load(tmp_path / "made.yml"), tmp_path, tmp_path / "s", grid.NOW
    )
    file = snapshots.path_of(tmp_path / "s", built.name)
    engine = DuckDBEngine(file)

    with grid.by_itself(file) as connection:
        for name, dimension, args, sql in grid.PAGES:
            answer = engine.answer(Question.from_args(engine.dataset, dimension, args))
            grid.agree(answer, connection.execute(sql).fetchall(), name)
