"""Whatever Intacct, resyncs and undos do to a list, it ends as a small model says it must."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from random import Random

import pytest

from crmapp.domain.runs import UNDOABLE
from crmapp.models import Run
from crmapp.services import list_review, managed_lists, planning, runs, undo
from tests.support.lists import Sides, resync, use, work
from tests.support.upserts import take_back

KEYS = ("10", "Net 30", "a/b", "a_b", "A-B", "É tage", "日本", "x" * 70, "b&c", "'; --", "00", "0")
STEPS = 10
State = dict[str, tuple[str, bool]]


@dataclass
class Model:
    """The three sides, as dictionaries: code → label and whether it is offered."""

    source: State = field(default_factory=dict)
    here: State = field(default_factory=dict)
    there: State = field(default_factory=dict)
    before: State | None = None

    def resync(self) -> None:
        was = dict(self.here)
        self.here |= self.source
        for key in self.here.keys() - self.source.keys():
            self.here[key] = (self.here[key][0], False)
        self.before = was if was != self.here else None
        self._push()

    def undo(self) -> None:
        assert self.before is not None
        self.here, self.before = self.before, None
        self._push()

    def _push(self) -> None:
        gone = {key: (label, False) for key, (label, _shown) in self.there.items()}
        for key, value in (gone | self.here).items():
            if not refused(value[0]):
                self.there[key] = value


def refused(label: str) -> bool:
    return "!" in label


@pytest.fixture
def sides(app: object, tmp_path: Path) -> Sides:
    made = Sides(tmp_path)
    made.salesforce.refuse = lambda row: "no !" if refused(row["Name"]) else None
    use(made)
    return made


def change_source(random: Random, sides: Sides, model: Model) -> None:
    for key in random.sample(KEYS, random.randint(1, 5)):
        if key in model.source and random.random() < 0.3:
            sides.gone(key)
            del model.source[key]
            continue
        label, active = f"{key} {random.choice('abc!')}", random.random() < 0.8
        sides.source(active=active, **{key: label})
        model.source[key] = (label, active)


def decided(run: Run, make) -> Run:
    """Let what waits for a person go on as it is planned."""
    if run.status == "planned":
        seen = {"otherwise": list_review.DEACTIVATE, "plan_hash": run.plan_hash or ""}
        list_review.decide(run.id, {}, **seen, by=make.ivan)
        run = work(run.id, make)
    return run


@pytest.mark.parametrize("seed", range(4))
def test_three_sides_end_as_the_model_says(make, sides, monkeypatch, seed):
    random, model = Random(seed), Model()
    monkeypatch.setattr(planning, "PART", random.choice((3, 5000)))
    sides.intacct.page = random.choice((1, 2, 50))
    last: Run | None = None
    for step in range(STEPS):
        if last is not None and model.before is not None and random.random() < 0.3:
            take_back(make, last)
            model.undo()
            for push in managed_lists.start_due():
                work(push, make)
        else:
            change_source(random, sides, model)
            last = decided(resync(make, sides), make)
            model.resync()
            assert last.status in ("done", "done_with_errors")
            wrong = any(refused(label) for label, _shown in model.here.values())
            assert wrong or last.status == "done"
            assert runs.receipt_of(last).balances
            assert undo.can_undo(last, by=make.alice) == (
                model.before is not None and last.status in UNDOABLE
            )

        assert sides.here() == model.here, f"step {step}"
        assert sides.there() == model.there, f"step {step}"
