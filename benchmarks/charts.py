"""Charts of figures, as SVG: bars, for a light and for a dark page."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple
from xml.sax.saxutils import escape

if TYPE_CHECKING:
    from collections.abc import Sequence

LABELS = 250
"""Pixels for what stands left of the bars."""

BARS = 430
VALUES = 120
LINE = 24
TOP = 40
FONT: Final = "-apple-system, 'Segoe UI', 'Noto Sans', Helvetica, Arial, sans-serif"


_SVG: Final = (
    '<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" '
    'viewBox="0 0 {width} {height}" role="img" font-family="{font}" font-size="13">'
)


class Theme(NamedTuple):
    """The colours of a page: words, words beside, bars of ours, bars of others."""

    words: str
    beside: str
    ours: str
    others: str


THEMES: Final = {
    "light": Theme("#1f2328", "#59636e", "#0969da", "#afb8c1"),
    "dark": Theme("#e6edf3", "#9198a1", "#4493f8", "#484f58"),
}


class Bar(NamedTuple):
    """One figure; its spread, from ``low`` to ``high``, is a thin line."""

    label: str
    value: float
    low: float
    high: float
    is_ours: bool


def chart(title: str, bars: Sequence[Bar], digits: int, theme: Theme) -> str:
    """Return a chart whose longest bar is that of the greatest figure; all begin at nothing."""
    most = max(bar.high for bar in bars)
    width, height = LABELS + BARS + VALUES, TOP + LINE * len(bars) + 8
    lines = [
        _SVG.format(width=width, height=height, font=FONT),
        f"<title>{escape(title)}</title>",
        _words(title, 0, 20, theme.words, 'font-size="15" font-weight="600"'),
    ]
    for number, bar in enumerate(bars):
        lines += _drawn(bar, TOP + LINE * number, BARS / most, digits, theme)
    return "\n".join([*lines, "</svg>", ""])


def _drawn(bar: Bar, top: int, scale: float, digits: int, theme: Theme) -> list[str]:
    length, low, high = (max(each * scale, 1) for each in (bar.value, bar.low, bar.high))
    colour, weight = (theme.ours, "600") if bar.is_ours else (theme.others, "400")
    words, middle = top + LINE // 2 + 4, top + LINE // 2
    bar_end = LABELS + max(length, high)
    style = f'font-weight="{weight}"'
    box = f'x="{LABELS}" y="{top + 4}" width="{length:.1f}" height="{LINE - 8}" rx="2"'
    return [
        _words(bar.label, LABELS - 10, words, theme.words, f'{style} text-anchor="end"'),
        f'<rect {box} fill="{colour}"/>',
        f'<path d="M{LABELS + low:.1f} {middle}H{LABELS + high:.1f}" stroke="{theme.beside}"/>',
        _words(f"{bar.value:,.{digits}f}", bar_end + 8, words, theme.words, style),
    ]


def _words(text: str, x: float, y: float, colour: str, style: str) -> str:
    return f'<text x="{x:.1f}" y="{y}" {style} fill="{colour}">{escape(text)}</text>'
