"""Drawings of a report: SVG of fixed size. Nothing is told by colour alone, and a table says the same.

Days differ by pattern, with words beside each; charts have one colour, and their figures stand in the table below.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

from connector.core.ledger import money
from connector.core.state.calendar import STATUSES
from connector.core.time.times import to_date
from connector.core.units import DAY
from connector.reporting.lake_report.words import STATUS_WORDS, rate_text

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from connector.core.ledger.ledger import Purse
    from connector.core.state.calendar import DayStatus, Stretch
    from connector.reporting.lake_report.facts import SpanSums

WIDTH = 744
"""Of a calendar, in pixels."""

CHART_WIDTH = 356
"""Of a chart: two stand side by side."""

_CELL, _GAP, _LEFT, _TOP = 13, 2, 40, 18
_WEEK = 7
_YEAR_HEIGHT = _TOP + _WEEK * _CELL + 10
_HEIGHT, _BASE, _PLOT = 128, 108, 84
_MOST_BARS = 62
_FEW_MONTHS = 4
_LEAST_BARS = 14
_ROOM = 130

PATTERNS = (
    '<svg class="defs" width="0" height="0" aria-hidden="true" focusable="false"><defs>'
    '<pattern id="p-pending" width="5" height="5" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">'
    '<rect width="5" height="5" class="pale"/><rect width="2" height="5" class="ink"/></pattern>'
    '<pattern id="p-parked" width="5" height="5" patternUnits="userSpaceOnUse">'
    '<rect width="5" height="5" class="pale"/><circle cx="2.5" cy="2.5" r="1.2" class="ink"/></pattern>'
    '<pattern id="p-not_covered" width="7" height="7" patternUnits="userSpaceOnUse">'
    '<rect width="7" height="7" class="gap"/><path d="M1 1l5 5M6 1l-5 5" class="cross"/></pattern>'
    '<pattern id="p-damaged" width="4" height="4" patternUnits="userSpaceOnUse">'
    '<rect width="4" height="4" class="gap"/><rect width="4" height="2.4" class="loss"/></pattern>'
    "</defs></svg>"
)
"""What the fills of days refer to: once a page."""


def legend() -> Iterator[str]:
    """Yield what the fills of days mean."""
    yield '<ul class="legend">'
    for status in STATUSES:
        swatch = f'<svg width="13" height="13" aria-hidden="true"><rect width="13" height="13" class="{status}"/></svg>'
        yield f"<li>{swatch} {STATUS_WORDS[status]}</li>"
    yield "</ul>\n"


def calendar(stretches: Sequence[Stretch], name: str, label: str) -> Iterator[str]:
    """Yield the days from the first to the last, a row a year, a column a week.

    Args:
        stretches: the days, in order and without a gap.
        name: id of the drawing, once a page.
        label: what it is of, escaped.
    """
    if not stretches:
        return
    first, last = to_date(stretches[0].start), to_date(stretches[-1].stop - DAY)
    years = range(first.year, last.year + 1)
    height = len(years) * _YEAR_HEIGHT
    counts: dict[DayStatus, int] = {
        status: sum(stretch.days for stretch in stretches if stretch.status == status) for status in STATUSES
    }
    said = ", ".join(f"{count:,} {STATUS_WORDS[status]}" for status, count in counts.items() if count)
    yield _open(name, (WIDTH, height), label, f"Days: {said}. The table has them all.")
    for place, year in enumerate(years):
        yield from _year(year, place * _YEAR_HEIGHT, stretches)
    yield "</svg>\n"


def _year(year: int, top: int, stretches: Sequence[Stretch]) -> Iterator[str]:
    """Yield one year: the days of each status as one shape, and lines in the page's colour that part them."""
    start = date(year, 1, 1)
    shift, top = start.weekday(), top + _TOP
    shapes: dict[DayStatus, list[str]] = {}
    for stretch in stretches:
        begin = max(to_date(stretch.start), start)
        end = min(to_date(stretch.stop), date(year + 1, 1, 1))
        if begin < end:
            places = range((begin - start).days + shift, (end - start).days + shift)
            shapes.setdefault(stretch.status, []).extend(_columns(places, top))
    yield f'<text x="0" y="{top + 11}" class="strong">{year}</text>'
    for month in range(1, 13):
        place = (date(year, month, 1) - start).days + shift
        yield f'<text x="{_LEFT + place // _WEEK * _CELL}" y="{top - 5}">{date(year, month, 1):%b}</text>'
    yield from (f'<path class="{status}" d="{"".join(shape)}"/>' for status, shape in shapes.items())
    right, bottom = _LEFT + 54 * _CELL, top + _WEEK * _CELL
    across = "".join(f"M{_LEFT} {top + row * _CELL - 1}H{right}" for row in range(_WEEK + 1))
    down = "".join(f"M{_LEFT + column * _CELL - 1} {top - 1}V{bottom}" for column in range(55))
    yield f'<path class="lines" d="{across}{down}"/>'


def _columns(places: range, top: int) -> Iterator[str]:
    """Yield a shape for each week that days reach into; days are numbered from the first week's Monday on."""
    at = places.start
    while at < places.stop:
        column, row = divmod(at, _WEEK)
        count = min(places.stop - at, _WEEK - row)
        yield f"M{_LEFT + column * _CELL} {top + row * _CELL}h{_CELL}v{count * _CELL}h-{_CELL}z"
        at += count


@dataclass(frozen=True, slots=True)
class Chart:
    """Figures over time, with how they are written.

    Attributes:
        name: id of the drawing, once a page.
        label: what it is of, escaped.
        said: what it shows in a sentence, escaped.
        points: name of each time, and its figure; None where there is none.
        least: the smallest figure as it is written.
        most: the greatest.
    """

    name: str
    label: str
    said: str
    points: tuple[tuple[str, int | None], ...]
    least: str
    most: str


def over_time(months: Sequence[SpanSums], days: Sequence[SpanSums]) -> dict[str, SpanSums | None]:
    """Return the latest sums by month, or by day where there are few months; times without rows are there, too."""
    if len(months) >= _FEW_MONTHS or not days:
        return _every_month(months)
    by_day = {to_date(day.start): day for day in days}
    first, last = min(by_day), max(by_day)
    shown = [first + timedelta(days=place) for place in range((last - first).days + 1)][-_MOST_BARS:]
    return {f"{day:%Y-%m-%d}": by_day.get(day) for day in shown}


def _every_month(months: Sequence[SpanSums]) -> dict[str, SpanSums | None]:
    by_month = {to_date(month.start): month for month in months}
    shown = _months(min(by_month), max(by_month))[-_MOST_BARS:] if by_month else []
    return {f"{day:%Y-%m}": by_month.get(day) for day in shown}


def money_chart(name: str, label: str, purse: Purse, spans: Mapping[str, SpanSums | None]) -> Chart:
    """Return a chart of gross amounts, payouts apart."""
    points = tuple(
        (when, span.moves.gross if span is not None and span.moves.count else None) for when, span in spans.items()
    )
    values = [value for _, value in points if value is not None] or [0]
    least, most = (money.to_text(value, purse.currency) for value in (min(values), max(values)))
    return Chart(name, label, f"From {least} to {most}. The table below has each.", points, least, most)


def rate_chart(name: str, label: str, months: Sequence[SpanSums]) -> Chart:
    """Return a chart of fee rates by month, in hundredths of a per cent."""
    charged = [month for month in months if month.fee_rate is not None]
    spans = (
        _every_month(charged)
        if len(charged) >= _FEW_MONTHS
        else {f"{to_date(span.start):%Y-%m}": span for span in charged}
    )
    points = tuple((when, None if span is None else span.fee_rate) for when, span in spans.items())
    values = [value for _, value in points if value is not None] or [0]
    least, most = (rate_text(value) for value in (min(values), max(values)))
    return Chart(name, label, f"From {least} to {most}. The table below has each.", points, least, most)


def bars(chart: Chart) -> Iterator[str]:
    """Yield a chart of bars from zero."""
    values = [value for _, value in chart.points if value is not None]
    if not values or not any(values):
        return
    top, bottom = max(0, *values), min(0, *values)
    span = top - bottom
    zero = _BASE - _PLOT * -bottom // span
    step = max(3, CHART_WIDTH // max(_LEAST_BARS, len(chart.points)))
    shape: list[str] = []
    for place, (_, value) in enumerate(chart.points):
        if value:
            height = max(1, _PLOT * abs(value) // span)
            shape.append(
                f"M{place * step} {zero}v{-height if value > 0 else height}h{step - max(1, step // 5)}V{zero}z"
            )
    yield _open(chart.name, (CHART_WIDTH, _HEIGHT), chart.label, chart.said)
    yield f'<path class="bars" d="{"".join(shape)}"/><path class="axis" d="M0 {zero}H{CHART_WIDTH}"/>'
    yield from _ends(chart, step, highest=f"{chart.most}")
    yield "</svg>\n"


def line(chart: Chart) -> Iterator[str]:
    """Yield a chart of points, joined where one follows the other."""
    values = [value for _, value in chart.points if value is not None]
    if len(values) < 2:  # noqa: PLR2004 - one point is no line
        return
    top, bottom = max(values), min(0, *values)
    span = max(1, top - bottom)
    step = max(3, CHART_WIDTH // max(_LEAST_BARS, len(chart.points)))
    spots = [
        None if value is None else (place * step + step // 2, _BASE - _PLOT * (value - bottom) // span)
        for place, (_, value) in enumerate(chart.points)
    ]
    path, joined = "", False
    for spot in spots:
        if spot is not None:
            path += f"{'L' if joined else 'M'}{spot[0]} {spot[1]}"
        joined = spot is not None
    yield _open(chart.name, (CHART_WIDTH, _HEIGHT), chart.label, chart.said)
    yield f'<path class="axis" d="M0 {_BASE}H{CHART_WIDTH}"/><path class="line" d="{path}"/><g class="dots">'
    yield from (f'<circle cx="{spot[0]}" cy="{spot[1]}" r="2.5"/>' for spot in spots if spot is not None)
    yield "</g>"
    yield from _ends(chart, step, highest=chart.most)
    yield "</svg>\n"


def _ends(chart: Chart, step: int, *, highest: str) -> Iterator[str]:
    """Yield the words of a chart: its highest figure, the first time and the last."""
    yield f'<text x="0" y="12" class="strong">{highest}</text>'
    yield f'<text x="0" y="{_HEIGHT - 4}">{chart.points[0][0]}</text>'
    right = len(chart.points) * step
    if len(chart.points) > 1 and right > _ROOM:
        yield f'<text x="{right}" y="{_HEIGHT - 4}" text-anchor="end">{chart.points[-1][0]}</text>'


def _open(name: str, size: tuple[int, int], label: str, said: str) -> str:
    width, height = size
    return (
        f'<svg role="img" aria-labelledby="{name}-t {name}-d" width="{width}" height="{height}" '
        f'viewBox="0 0 {width} {height}"><title id="{name}-t">{label}</title><desc id="{name}-d">{said}</desc>'
    )


def _months(first: date, last: date) -> list[date]:
    months = [first]
    while months[-1] < last:
        months.append((months[-1] + timedelta(days=32)).replace(day=1))
    return months
