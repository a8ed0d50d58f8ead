"""The grid's benchmark runs, and finds that both sides say the same."""

from bench import grid
from crmapp.analytics import dataset as datasets
from crmapp.analytics import snapshots


def test_the_page_and_the_statement_by_hand_agree(tmp_path, capsys):
    grid.generate(tmp_path, 20_000)
    built = snapshots.refresh(
        datasets.load(tmp_path / "made.yml"), tmp_path, tmp_path / "s", grid.NOW
    )

    grid.compare(snapshots.path_of(tmp_path / "s", built.name), repeat=1)

    lines = capsys.readouterr().out.splitlines()
    first = grid.PAGES[0][0]
    names = [f"by hand: {first}", first, f"once more: {first}"]
    assert [line.split("  ")[0].strip() for line in lines[:3]] == names
    assert len(lines) == 6 * len(grid.PAGES)
