"""Who gives the house its work: books that are entered, edited, entered again and undone."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass, field, replace
from functools import partial

from sqlalchemy import select

from crmapp.db import session
from crmapp.domain.runs import ENDED, Status
from crmapp.errors import CRMError, Unavailable
from crmapp.models import Account, Run, User
from crmapp.services import accounts, undo, upserts
from tests.faults.ground import insist
from tests.faults.made import MAPPING, Book

Wanted = tuple[int, frozenset[Status]]
"""A run, and the statuses in which the clerk goes on with it."""
PLANNED = frozenset({Status.PLANNED, *ENDED})


@dataclass(frozen=True)
class Edit:
    """A change by a person that the house has acknowledged: it must never be lost."""

    account_id: int
    field: str
    value: str


@dataclass
class Ledger:
    """What was asked of the house and acknowledged by it: what the invariants compare with."""

    entered: dict[int, Book] = field(default_factory=dict)
    undone: dict[int, int] = field(default_factory=dict)  # the undoing run → the one it undoes
    edits: list[Edit] = field(default_factory=list)
    created: dict[str, str] = field(default_factory=dict)  # the form's key → the name it sent
    sent: list[str] = field(default_factory=list)  # names in forms, answered or not
    refused: list[str] = field(default_factory=list)

    @property
    def runs(self) -> list[int]:
        return sorted([*self.entered, *self.undone])

    @property
    def rows(self) -> int:
        return sum(book.size for book in self.entered.values())


def mona() -> User:
    """She enters books; read afresh, for the session may have lost its connection."""
    return session.scalars(select(User).where(User.email == "mona@crm.example")).one()


class Clerk:
    """Submits work and notes what was acknowledged; insists while the database is away."""

    def __init__(self) -> None:
        self.ledger = Ledger()

    def create(self, name: str, **values: str) -> int:
        """Create an account by hand; return its id."""
        self.ledger.sent.append(name)
        self.ledger.created[f"create-{name}"] = name
        return insist(lambda: accounts.create({"name": name, **values}, by=mona()))

    def draft(self, book: Book) -> int:
        """Have a run made for the book, and no more; return its id."""
        key = f"enter-{book.name}-{book.wave}"
        run_id = insist(lambda: upserts.start(book.source(), title=book.name, by=mona(), key=key))
        self.ledger.entered[run_id] = book
        return run_id

    def enter(self, book: Book) -> int:
        """Have the book planned; return the run's id."""
        run_id = self.draft(book)
        self.plan(run_id)
        return run_id

    def plan(self, run_id: int) -> None:
        """Have the rows of a run planned."""
        insist(lambda: self._try_plan(run_id))

    def _try_plan(self, run_id: int) -> None:
        try:
            upserts.plan_later(run_id, MAPPING, confirmed=None, by=mona())
        except Unavailable:
            raise
        except CRMError as error:
            self._accept_planning(run_id, error)

    def _accept_planning(self, run_id: int, error: CRMError) -> None:
        """The answer to the first try was lost with the database; the work was not."""
        if status(run_id) not in (Status.PLANNING, Status.PLANNED):
            raise error

    def run(self, run_id: int) -> None:
        """Have the plan carried out."""
        insist(lambda: self._run(run_id))

    def _run(self, run_id: int) -> None:
        plan_hash = session.scalar(select(Run.plan_hash).where(Run.id == run_id)) or ""
        upserts.run_later(run_id, plan_hash=plan_hash, key=f"run-{run_id}", by=mona())

    def undo(self, run_id: int) -> int:
        """Have the run undone; return the id of the run that does it."""
        made = insist(lambda: undo.undo_later(run_id, by=mona(), key=f"undo-{run_id}"))
        self.ledger.undone[made] = run_id
        return made

    def edit(self, numbers: Sequence[str], name: str, value: str) -> None:
        """Change one field of the accounts with these numbers, as a person does."""
        for number in numbers:
            account_id, version = insist(partial(seen, number))
            edit = Edit(account_id, name, value)
            insist(partial(save, edit, version))
            self.ledger.edits.append(edit)


def save(edit: Edit, version: int) -> None:
    """Save the edit of what was seen at ``version``, by a form that has its own key."""
    key = f"{edit.account_id}-{edit.field}-{version}"
    change = {edit.field: edit.value}
    accounts.update(edit.account_id, change, version, by=mona(), key=key)


def seen(number: str) -> tuple[int, int]:
    """Return the id and the version of the living account with this number."""
    found = select(Account.id, Account.version).where(
        Account.number == number, Account.deleted_at.is_(None)
    )
    account_id, version = session.execute(found).one()
    return account_id, version


def status(run_id: int) -> Status:
    session.rollback()
    return Status(session.scalar(select(Run.status).where(Run.id == run_id)))


def life_of(book: Book, clerk: Clerk) -> Generator[Wanted, None, None]:
    """Enter a book, edit some of it, enter its next wave, edit some, and undo both.

    Yields what it waits for; goes on when that is so.
    """
    first = clerk.enter(book)
    yield first, PLANNED
    clerk.run(first)
    yield first, ENDED
    clerk.edit([book.key(n) for n in (1, 4, 6)], "notes", "Called back")
    second_wave = replace(book, wave=2)
    second = clerk.enter(second_wave)
    yield second, PLANNED
    clerk.run(second)
    yield second, ENDED
    clerk.edit([book.key(n) for n in (8, 10)], "billing_city", "Moved")
    yield clerk.undo(second), ENDED
    yield clerk.undo(first), ENDED


class Office:
    """Keeps a number of books in work until it is told to take no more."""

    def __init__(self, clerk: Clerk, prefix: str, sizes: Sequence[int]) -> None:
        self.clerk = clerk
        self._prefix, self._sizes = prefix, sizes
        self._opened = 0
        self._lives: list[tuple[Generator[Wanted, None, None], Wanted]] = []

    def take(self, books: int) -> None:
        """See that ``books`` books are in work."""
        while len(self._lives) < books:
            size = self._sizes[self._opened % len(self._sizes)]
            self._opened += 1
            life = life_of(Book(f"{self._prefix}{self._opened}", size), self.clerk)
            self._lives.append((life, next(life)))

    def go_on(self) -> None:
        """Take the next step of each book whose run has come far enough."""
        lives = []
        for life, wanted in self._lives:
            step: Wanted | None = wanted
            if not self._waits(wanted):
                step = next(life, None)
            if step is not None:
                lives.append((life, step))
        self._lives = lives

    def waits(self) -> bool:
        """Say whether a run that was asked for has not come far enough."""
        return any(self._waits(wanted) for _life, wanted in self._lives)

    def _waits(self, wanted: Wanted) -> bool:
        return insist(partial(status, wanted[0])) not in wanted[1]
