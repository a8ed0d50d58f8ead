"""What was found before: the last of it, by all that decides it."""

from crmapp.memory import Memory


def test_what_was_kept_is_found_again():
    memory = Memory(2)
    memory.keep("a", [])

    assert memory.get("a") == []
    assert memory.get("b") is None


def test_what_nobody_asked_for_lately_is_forgotten_first():
    memory = Memory(2)
    memory.keep("a", 1)
    memory.keep("b", 2)
    memory.get("a")

    memory.keep("c", 3)

    assert [memory.get(key) for key in "abc"] == [1, None, 3]


def test_a_memory_of_nothing_forgets_at_once():
    memory = Memory(0)

    memory.keep("a", 1)

    assert memory.get("a") is None
