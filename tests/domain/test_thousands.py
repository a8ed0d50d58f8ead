import pytest

from crmapp.domain.thousands import closed_up


@pytest.mark.parametrize("gap", [" ", "\u00a0", "\u202f", "\u2009", "'", "’"])
def test_gaps_part_thousands(gap):
    assert closed_up(f"1{gap}000") == "1000"
    assert closed_up(f"-36{gap}500{gap}250.50") == "-36500250.50"


@pytest.mark.parametrize(
    "typed, closed",
    [("1250", "1250"), (" 12.5 ", "12.5"), ("- 1 250,5", "-1250,5"), ("'12", "12"), ("", "")],
)
def test_gaps_that_stand_beside_the_digits_go(typed, closed):
    assert closed_up(typed) == closed


@pytest.mark.parametrize(
    "typed",
    ["2 2", "1 00", "1 0000", "1234 567", "12 3 456", "1  000", "1\n000", "1.5 000", "1 000 12"],
)
def test_what_reads_as_two_numbers_stays_so(typed):
    assert closed_up(typed) == typed
