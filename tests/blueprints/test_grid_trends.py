"""A small line beside the first number of each row, drawn from the row's own periods."""

from __future__ import annotations

import re

import pytest

from tests.support.snapshots import lay_out_sales

CUSTOMERS = "/analytics/sales/customers"
TREND = re.compile(r'<svg class="trend".*?<polyline points="([^"]+)">')


@pytest.fixture
def page(settings, make, as_user):
    lay_out_sales(settings)
    client = as_user(make.alice)
    return lambda query: client.get(CUSTOMERS + query).text


def heights(points):
    pairs = [tuple(map(float, point.split(","))) for point in points.split()]
    assert [place for place, _ in pairs] == sorted(place for place, _ in pairs)
    return [height for _, height in pairs]


@pytest.mark.parametrize("query", ["?size=25", "?mode=moving&size=25"])
def test_each_row_and_the_total_have_one_of_twelve_months(page, query):
    drawn = TREND.findall(page(query))

    assert len(drawn) == 26
    assert {len(heights(points)) for points in drawn} == {12}


def test_it_is_high_where_the_number_is_high(page):
    text = page("?q=Euro+Shopping&properties=name")
    row = re.search(r"<tbody>.*?</tr>", text, re.DOTALL)[0]
    cells = re.findall(r'<td class="num[^"]*">.*?</td>', row, re.DOTALL)
    said = [re.sub(r"<[^>]+>", "", cell) for cell in cells]
    total, *months = [0.0 if each == "–" else float(each.replace(",", "")) for each in said]

    drawn = heights(TREND.search(cells[0])[1])

    assert total == pytest.approx(sum(months), abs=6)
    assert drawn[months.index(max(months))] == 0
    assert [height == 100 for height in drawn] == [month == 0 for month in months]


@pytest.mark.parametrize("query", ["?period=total", "?mode=share", "?mode=summary&period=quarter"])
def test_there_is_none_where_columns_do_not_follow_in_time(page, query):
    assert not TREND.search(page(query))


def test_a_row_without_anything_to_draw_has_none(page):
    text = page("?activity=without&size=25")

    assert "<tbody>" in text
    assert not TREND.search(text)
