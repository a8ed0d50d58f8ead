"""The grid's pages in SQL, written by hand for the tables of a snapshot alone."""

from __future__ import annotations

FIRST, LAST = 2025 * 12 + 10, 2026 * 12 + 9  # November 2025 to October 2026
_MONTHS = range(FIRST, LAST + 1)
_YEAR = f"_month BETWEEN {FIRST} AND {LAST}"
_NAMES = [f"m{n}" for n in range(1, 13)]
_CUSTOMERS = "customers", "c.code, c.name"


def _page(made: str, names: list[str], sums: list[str], who: tuple[str, str], sort: str) -> str:
    """Fifty rows of ``g``, then the totals and the count, in one statement."""
    table, texts = who
    return f"""{made}, p AS (SELECT * FROM g ORDER BY {sort} DESC NULLS LAST, id LIMIT 50)
SELECT 0 AS k, {texts}, {", ".join(names)}, NULL AS n, {sort} AS s, p.id
FROM p JOIN d_{table} AS c ON c._id = p.id
UNION ALL SELECT 1, {", ".join("NULL" for _ in texts.split(","))}, {", ".join(sums)}, count(*),
NULL, NULL FROM g ORDER BY k, s DESC NULLS LAST, id"""


def by_month(who: tuple[str, str] = _CUSTOMERS, where: str = _YEAR) -> str:
    months = ", ".join(f"sum(v) FILTER (WHERE ym = {ym}) AS m{ym - FIRST + 1}" for ym in _MONTHS)
    made = f"""WITH a AS (SELECT d_{who[0]} AS id, _month AS ym, sum(_x1) AS v FROM fact
WHERE {where} GROUP BY 1, 2),
g AS MATERIALIZED (SELECT id, {months}, sum(v) AS t FROM a GROUP BY 1)"""
    names = [*_NAMES, "t"]
    return _page(made, names, [f"sum({name})" for name in names], who, "t")


def searched() -> str:
    words = "contains(_search, 'customer') AND contains(_search, '12')"
    found = f"d_customers IN (SELECT _id FROM d_customers WHERE {words})"
    return by_month(where=f"{_YEAR} AND {found}")


def products() -> str:
    return by_month(who=("products", "c.code"))


def prices() -> str:
    """Average prices: quotients of sums, also in the total."""
    parts = ", ".join(
        f"sum(v) FILTER (WHERE ym = {ym}) AS v{ym}, sum(q) FILTER (WHERE ym = {ym}) AS q{ym}"
        for ym in _MONTHS
    )
    made = f"""WITH a AS (SELECT d_customers AS id, _month AS ym, sum(_x1) AS v, sum(_x2) AS q
FROM fact WHERE {_YEAR} GROUP BY 1, 2),
h AS MATERIALIZED (SELECT id, {parts}, sum(v) AS vt, sum(q) AS qt FROM a GROUP BY 1),
g AS (SELECT *, vt / qt AS t FROM h)"""
    ends = [*_MONTHS, "t"]
    return _page(
        made,
        [f"(v{end} / q{end})::DECIMAL(38, 4)" for end in ends],
        [f"(sum(v{end}) / sum(q{end}))::DECIMAL(38, 4)" for end in ends],
        _CUSTOMERS,
        "t",
    )


def orders() -> str:
    """Distinct orders: the months of the page's fifty customers only, and of all."""
    bits = f"bit_or(1::BIGINT << (_month - {FIRST})) AS m"
    months = ", ".join(f"nullif(count(*) FILTER (WHERE m & {1 << n} <> 0), 0)" for n in range(12))
    return f"""WITH d AS MATERIALIZED (SELECT d_customers AS id, _x3 AS x, {bits} FROM fact
WHERE {_YEAR} GROUP BY 1, 2),
k AS MATERIALIZED (SELECT id, count(*) AS t FROM d GROUP BY 1),
p AS MATERIALIZED (SELECT * FROM k ORDER BY t DESC, id LIMIT 50),
g AS (SELECT id, {months}, count(*) FROM d WHERE id IN (SELECT id FROM p) GROUP BY 1),
e AS (SELECT bit_or(m) AS m FROM d GROUP BY x)
SELECT 0 AS k, c.code, c.name, g.* EXCLUDE (id), NULL AS n, p.t AS s, p.id
FROM p JOIN g USING (id) JOIN d_customers AS c ON c._id = p.id
UNION ALL SELECT 1, NULL, NULL, {months}, count(*), (SELECT count(*) FROM k), NULL, NULL FROM e
ORDER BY k, s DESC NULLS LAST, id"""


def rolling() -> str:
    """Each month with the eleven before it, the latest first."""
    ends = range(LAST, FIRST - 1, -1)
    months = ", ".join(
        f"sum(v) FILTER (WHERE ym BETWEEN {end - 11} AND {end}) AS r{n}"
        for n, end in enumerate(ends, start=1)
    )
    made = f"""WITH a AS (SELECT d_customers AS id, _month AS ym, sum(_x1) AS v FROM fact
WHERE _month BETWEEN {FIRST - 11} AND {LAST} GROUP BY 1, 2),
g AS MATERIALIZED (SELECT id, {months} FROM a GROUP BY 1)"""
    names = [f"r{n}" for n in range(1, 13)]
    return _page(made, names, [f"sum({name})" for name in names], _CUSTOMERS, "r1")


def variance() -> str:
    """The last three months against the three before, by the difference."""
    made = f"""WITH a AS (SELECT d_customers AS id, _month >= {LAST - 2} AS late, sum(_x1) AS v
FROM fact WHERE _month BETWEEN {LAST - 5} AND {LAST} GROUP BY 1, 2),
h AS (SELECT id, sum(v) FILTER (WHERE late) AS c, sum(v) FILTER (WHERE NOT late) AS p FROM a
GROUP BY 1),
g AS MATERIALIZED (SELECT *, coalesce(c, 0) - coalesce(p, 0) AS v FROM h)"""
    return _page(
        made,
        ["c", "p", "v", "(v / nullif(abs(p), 0))::DECIMAL(38, 4)"],
        ["sum(c)", "sum(p)", "sum(v)", "(sum(v) / nullif(abs(sum(p)), 0))::DECIMAL(38, 4)"],
        _CUSTOMERS,
        "v",
    )


def shares() -> str:
    """Shares of the total, added up from the largest on, in three classes."""
    made = f"""WITH a AS (SELECT d_customers AS id, sum(_x1) AS v FROM fact WHERE {_YEAR}
GROUP BY 1),
g AS MATERIALIZED (SELECT *, sum(v) OVER () AS w,
sum(v) OVER (ORDER BY v DESC, id ROWS UNBOUNDED PRECEDING) AS u FROM a)"""
    letter = "CASE WHEN u - v < 0.8 * w THEN 'A' WHEN u - v < 0.95 * w THEN 'B' ELSE 'C' END"
    return _page(
        made,
        ["v", "(v / w)::DECIMAL(38, 6)", "(u / w)::DECIMAL(38, 6)", letter],
        ["sum(v)", "1.0::DECIMAL(38, 6)", "NULL", "NULL"],
        _CUSTOMERS,
        "v",
    )


def matrix() -> str:
    """Customers by the ten largest products, and all others."""
    cells = [f"sum(v) FILTER (WHERE b = {n}) AS c{n}" for n in range(1, 11)]
    names = [*(f"c{n}" for n in range(1, 11)), "o", "t"]
    made = f"""WITH w AS MATERIALIZED (SELECT d_products AS x, row_number() OVER (
ORDER BY sum(_x1) DESC, d_products) AS b FROM fact WHERE {_YEAR} GROUP BY 1
QUALIFY b <= 10),
a AS (SELECT d_customers AS id, coalesce(w.b, 0) AS b, sum(_x1) AS v
FROM fact LEFT JOIN w ON w.x = d_products WHERE {_YEAR} GROUP BY 1, 2),
g AS MATERIALIZED (SELECT id, {", ".join(cells)}, sum(v) FILTER (WHERE b = 0) AS o, sum(v) AS t
FROM a GROUP BY 1)"""
    return _page(made, names, [f"sum({name})" for name in names], _CUSTOMERS, "t")
