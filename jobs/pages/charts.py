"""Charts: rows in, Vega-Lite specifications out, drawn by Altair's grammar.

Colours are the page's own CSS variables, so that one chart serves light, dark and
print. Data is inline and aggregated.
"""

from collections.abc import Sequence
from typing import Any

import altair as alt

Spec = dict[str, Any]
Points = list[dict[str, Any]]

ACCENT, SOFT, INK, MUTED, GRID = (
    f"var(--{name})" for name in ("accent", "accent-soft", "ink", "muted", "line")
)
#: Up to six series, told apart in either scheme and by people who see few colours.
SERIES = [f"var(--series-{place})" for place in range(1, 7)]
_BANDS = ("var(--band-95)", "var(--band-80)", "var(--band-50)")

#: What every chart shares; it is embedded once.
CONFIG: Spec = {
    "aria": False,
    "background": "transparent",
    "font": "system-ui, -apple-system, Segoe UI, Roboto, sans-serif",
    "view": {"stroke": None},
    "axis": {
        "domainColor": GRID,
        "gridColor": GRID,
        "tickColor": GRID,
        "labelColor": MUTED,
        "titleColor": MUTED,
        "titleFontWeight": "normal",
        "titleFontSize": 12,
        "labelFontSize": 12,
        "labelFlush": True,
        "labelOverlap": True,
        "tickCount": 5,
    },
    "legend": {
        "labelColor": MUTED,
        "titleColor": MUTED,
        "titleFontWeight": "normal",
        "labelFontSize": 12,
        "titleFontSize": 12,
        "orient": "top",
        "symbolType": "square",
        "columnPadding": 18,
    },
    "text": {"color": INK, "fontSize": 12},
    "bar": {"fill": ACCENT},
    "line": {"stroke": ACCENT, "strokeWidth": 2},
    "rule": {"stroke": MUTED},
    "point": {"fill": ACCENT, "stroke": ACCENT, "size": 50},
}


def _chart(points: Points) -> alt.Chart:
    return alt.Chart(alt.InlineData(values=points))


def _finished(chart: alt.Chart | alt.LayerChart, height: int) -> Spec:
    spec: Spec = chart.properties(width="container", height=height).to_dict(
        validate=False
    )
    spec.pop("config", None)  # The page has one for all.
    return spec


def bars(points: Points, label: str, value: str, title: str) -> Spec:
    """Return horizontal bars with their numbers, in the order of ``points``."""
    rows = [{"label": row[label], "value": row[value]} for row in points]
    base = _chart(rows).encode(
        y=alt.Y("label:N", sort=None, title=None, axis=alt.Axis(ticks=False)),
        x=alt.X("value:Q", title=title, axis=alt.Axis(format="~s")),
        tooltip=[alt.Tooltip("label:N"), alt.Tooltip("value:Q", format=",")],
    )
    numbers = base.mark_text(align="left", dx=4).encode(
        text=alt.Text("value:Q", format=",")
    )
    return _finished(base.mark_bar(height={"band": 0.7}) + numbers, 26 * len(rows) + 10)


def stacked_bars(points: Points, label: str, parts: Sequence[str], title: str) -> Spec:
    """Return horizontal bars made of parts; each point has one number a part."""
    rows = [
        {"label": row[label], "part": part, "place": place, "value": row[part]}
        for row in points
        for place, part in enumerate(parts)
    ]
    chart = (
        _chart(rows)
        .mark_bar(height={"band": 0.7})
        .encode(
            y=alt.Y("label:N", sort=None, title=None, axis=alt.Axis(ticks=False)),
            x=alt.X("value:Q", title=title, axis=alt.Axis(format="~s")),
            order=alt.Order("place:Q"),
            fill=_colours("part", parts),
            tooltip=["label:N", "part:N", alt.Tooltip("value:Q", format=",")],
        )
    )
    return _finished(chart, 26 * len(points) + 10)


def share_bars(points: Points, label: str, parts: Sequence[str]) -> Spec:
    """Return bars of 100 % each, so that currencies can stand beside each other."""
    rows = [
        {
            "label": row[label],
            "part": part,
            "place": place,
            "value": row[part] / (sum(row[each] for each in parts) or 1),
        }
        for row in points
        for place, part in enumerate(parts)
    ]
    chart = (
        _chart(rows)
        .mark_bar(height={"band": 0.7})
        .encode(
            y=alt.Y("label:N", sort=None, title=None, axis=alt.Axis(ticks=False)),
            x=alt.X("value:Q", title=None, axis=alt.Axis(format=".0%"), scale=_UNIT),
            order=alt.Order("place:Q"),
            fill=_colours("part", parts),
            tooltip=["label:N", "part:N", alt.Tooltip("value:Q", format=".1%")],
        )
    )
    return _finished(chart, 34 * len(points) + 10)


_UNIT = alt.Scale(domain=[0, 1])
_QUARTERS = [0, 90, 180, 270, 365]


def _colours(name: str, parts: Sequence[str]) -> alt.Fill:
    return alt.Fill(
        f"{name}:N",
        title=None,
        sort=list(parts),
        scale=alt.Scale(domain=list(parts), range=SERIES[: len(parts)]),
    )


def columns(points: Points, parts: Sequence[str], titles: tuple[str, str]) -> Spec:
    """Return stacked columns over ``x``, each ``part`` with its ``value``."""
    chart = (
        _chart(points)
        .mark_bar(width={"band": 0.85})
        .encode(
            x=alt.X("x:O", title=titles[0], axis=alt.Axis(labelAngle=0)),
            y=alt.Y("value:Q", title=titles[1]),
            fill=_colours("part", parts),
            tooltip=["x:O", "part:N", alt.Tooltip("value:Q", format=",")],
        )
    )
    return _finished(chart, 220)


def lines(points: Points, parts: Sequence[str], titles: tuple[str, str]) -> Spec:
    """Return lines over the number ``x``: a shade of the accent each, old to new."""
    chart = (
        _chart(points)
        .mark_line(strokeWidth=1.75)
        .encode(
            x=alt.X(
                "x:Q",
                title=titles[0],
                axis=alt.Axis(tickMinStep=1),
                scale=alt.Scale(zero=True, nice=False),
            ),
            y=alt.Y("value:Q", title=titles[1], axis=alt.Axis(format=".0%")),
            detail="part:N",
            opacity=alt.Opacity(
                "part:N",
                legend=None,
                sort=list(parts),
                scale=alt.Scale(domain=list(parts), range=[0.2, 1]),
            ),
            tooltip=["part:N", "x:Q", alt.Tooltip("value:Q", format=".1%")],
        )
    )
    return _finished(chart, 220)


def reliability(points: Points, parts: Sequence[str]) -> Spec:
    """Return what came true over what was expected, beside the line of perfection."""
    perfect = _chart([{"x": 0, "y": 0}, {"x": 1, "y": 1}])
    diagonal = perfect.mark_line(strokeDash=[4, 4], stroke=MUTED, strokeWidth=1)
    axis = alt.Axis(format=".0%")
    dots = (
        _chart(points)
        .mark_point(filled=True, size=70, opacity=1)
        .encode(
            x=alt.X("x:Q", title="expected", scale=_UNIT, axis=axis),
            y=alt.Y("y:Q", title="came true", scale=_UNIT, axis=axis),
            fill=_colours("part", parts),
            stroke=alt.value("none"),
            tooltip=[
                "part:N",
                alt.Tooltip("x:Q", format=".1%", title="expected"),
                alt.Tooltip("y:Q", format=".1%", title="came true"),
            ],
        )
    )
    layered = diagonal.encode(x="x:Q", y="y:Q") + dots
    return _finished(layered, 300)


def history(points: Points, amount: str) -> Spec:
    """Return weekly sales: ``date`` (ISO), ``value`` in major units of ``amount``."""
    chart = (
        _chart(points)
        .mark_area(
            line={"stroke": ACCENT, "strokeWidth": 1.5}, fill=SOFT, interpolate="linear"
        )
        .encode(
            x=alt.X("date:T", title=None, axis=alt.Axis(format="%b %y")),
            y=alt.Y("value:Q", title=amount, axis=alt.Axis(format="~s")),
        )
    )
    return _finished(chart, 150)


def fan(points: Points, amount: str) -> Spec:
    """Return cumulative sales by ``days``: bands of 95, 80, 50 % and the middle."""
    base = _chart(points).encode(
        x=alt.X("days:Q", title="days ahead", axis=alt.Axis(values=_QUARTERS))
    )
    layers = [
        base.mark_area(fill=fill).encode(
            y=alt.Y(f"{low}:Q", title=amount, axis=alt.Axis(format="~s")),
            y2=f"{high}:Q",
        )
        for fill, (low, high) in zip(
            _BANDS, (("p025", "p975"), ("p10", "p90"), ("p25", "p75")), strict=True
        )
    ]
    middle = base.mark_line().encode(y="p50:Q")
    return _finished(layers[0] + layers[1] + layers[2] + middle, 180)


def repayment_days(points: Points, term_days: int) -> Spec:
    """Return the chance to be repaid within each span of days, and the term's end."""
    columns_ = (
        _chart(points)
        .mark_bar(fill=ACCENT)
        .encode(
            x=alt.X("from:Q", title="days until repaid"),
            x2="to:Q",
            y=alt.Y("value:Q", title="chance", axis=alt.Axis(format=".0%")),
            y2=alt.Y2(datum=0),
        )
    )
    term = (
        _chart([{"term": term_days}])
        .mark_rule(strokeDash=[4, 4], strokeWidth=1.5)
        .encode(x="term:Q")
    )
    return _finished(columns_ + term, 150)
