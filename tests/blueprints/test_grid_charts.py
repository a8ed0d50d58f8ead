"""Charts of what the grid shows: the same rows, in the same order, with the table below."""

from __future__ import annotations

import re

import pytest

from tests.support.web import htmx

pytestmark = pytest.mark.usefixtures("sales")
CUSTOMERS = "/analytics/sales/customers"
BAR = r'<span class="bar-name" dir="auto">(.*?)</span>\s*<svg.*?width="([\d.]+)"'
PLACE = re.compile(BAR, re.S)
NUMBER = re.compile(r'<span class="num">([\d,]+)</span>')
RECT = re.compile(r'<rect x="([\d.]+)" y="0" width="([\d.]+)" height="10"( class="negative")?')


def names(text):
    """The names of the table's rows, in their order."""
    return re.findall(r'<th scope="row" class="pin name">(?!Total)(.*?)<', text)


@pytest.mark.parametrize("headers", [{}, htmx("#grid-sheet")])
def test_bars_are_of_the_rows_of_the_page_in_their_order_with_the_table(alice, headers):
    text = alice.get(f"{CUSTOMERS}?view=bar&period=total&size=25", headers=headers).text

    bars = PLACE.findall(text)
    assert [name for name, _length in bars] == names(text)
    assert len(bars) == 25
    lengths = [float(length) for _name, length in bars]
    assert lengths == sorted(lengths, reverse=True)
    assert lengths[0] == 100


def test_a_bar_is_as_long_as_its_number_against_the_largest(alice):
    text = alice.get(f"{CUSTOMERS}?view=bar&period=total&measures=value&size=25").text

    numbers = [float(number.replace(",", "")) for number in NUMBER.findall(text)]
    lengths = [float(length) for _name, length in PLACE.findall(text)]
    assert len(numbers) == 25
    for number, length in zip(numbers, lengths, strict=True):
        assert length == pytest.approx(100 * number / numbers[0], abs=0.02)


def test_what_is_below_zero_goes_to_the_other_side(alice):
    text = alice.get(f"{CUSTOMERS}?view=bar&period=ytd&sort=value.variance&size=25").text

    rects = RECT.findall(text)
    below = [(float(x), float(w)) for x, w, negative in rects if negative]
    above = [float(x) for x, w, negative in rects if not negative and float(w)]
    assert below
    zero = below[0][0] + below[0][1]
    assert all(x + w == pytest.approx(zero, abs=0.02) for x, w in below)
    assert all(x == pytest.approx(zero, abs=0.02) for x in above)


def test_lines_go_over_the_months_of_the_first_rows(alice):
    text = alice.get(f"{CUSTOMERS}?view=line&size=25").text

    lines = re.findall(r'<polyline class="series-(\d)" points="([^"]+)"><title>(.*?)</title>', text)
    assert [int(number) for number, _points, _name in lines] == list(range(1, 9))
    assert [name for _number, _points, name in lines] == names(text)[:8]
    assert {len(points.split()) for _number, points, _name in lines} == {12}
    assert "The first 8 rows." in text


def test_a_pareto_chart_of_one_row_speaks_of_one(alice):
    text = alice.get(f"{CUSTOMERS}?view=pareto&period=total&measures=value&q=C034").text

    assert "The only row shown makes 100 % of the total" in text


def test_a_pareto_chart_adds_up_to_the_share_of_the_rows_shown(alice):
    text = alice.get(f"{CUSTOMERS}?view=pareto&period=total&measures=value&size=25").text

    points = re.search(r'class="shares" points="([^"]+)"', text)[1].split()
    shares = [100 - float(point.split(",")[1]) for point in points]
    assert len(shares) == 25
    assert shares == sorted(shares)
    told = int(re.search(r"The 25 rows shown make (\d+) % of the total", text)[1])
    assert told == pytest.approx(shares[-1], abs=0.6)


@pytest.mark.parametrize(
    "address, drawn, offered",
    [
        ("?view=line&period=total", False, "Line chart"),
        ("?view=pareto&period=total&measures=average_price", False, "Pareto chart"),
        ("?period=total&measures=value", False, "Bar chart"),
    ],
)
def test_what_rows_cannot_be_drawn_like_is_said_and_the_table_stands(
    alice, address, drawn, offered
):
    text = alice.get(f"{CUSTOMERS}{address}").text

    assert ('id="grid-chart"' in text) is drawn
    assert names(text)
    assert ("cannot be drawn like this" in text) is ("view" in address)
    assert offered in text


def test_an_unknown_view_is_refused_by_name(alice):
    answer = alice.get(f"{CUSTOMERS}?view=cake")

    assert answer.status_code == 422
    assert "view is none of those that can be used: grid, bar, line, pareto" in answer.text


def test_a_favourite_keeps_its_chart(alice):
    alice.post(
        f"{CUSTOMERS}/favourites?view=bar&period=total", data={"name": "A", "audience": "mine"}
    )

    assert "view=bar" in alice.get("/analytics/favourites/1").headers["Location"]


def test_a_drawing_has_no_style_of_its_own(alice):
    for view in ("bar", "line", "pareto"):
        text = alice.get(f"{CUSTOMERS}?view={view}&measures=value&size=25").text
        figure = text[text.index('id="grid-chart"') : text.index("</figure>")]
        assert "style=" not in figure


def test_an_empty_grid_has_no_chart(alice):
    text = alice.get(f"{CUSTOMERS}?view=bar&q=nobody+is+called+so").text

    assert 'id="grid-chart"' not in text
    assert "Nothing matches" in text


@pytest.mark.parametrize("mode", ["months", "moving", "summary", "variance", "share", "matrix"])
@pytest.mark.parametrize("view", ["bar", "line", "pareto"])
def test_every_mode_is_drawn_or_says_that_it_cannot_be(alice, mode, view):
    text = alice.get(f"{CUSTOMERS}?mode={mode}&view={view}&size=25").text

    assert ('id="grid-chart"' in text) is not ("cannot be drawn like this" in text)
    assert len(names(text)) == 25


def test_lines_over_rolling_years_go_forward_in_time(alice):
    text = alice.get(f"{CUSTOMERS}?mode=moving&view=line&size=25").text

    labels = re.findall(r"<li>(.*?)</li>", text[text.index('class="plot-x"') :].split("</ol>")[0])
    years = [int(re.findall(r"\d{4}", label)[-1]) for label in labels]
    assert len(labels) == 12
    assert years[0] < years[-1]
    assert years == sorted(years)
