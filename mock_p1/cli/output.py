"""Results for a person: tables and colours on a terminal, plain unbroken lines in a pipe."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mock_p1.base.text import visible

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from rich.console import Console
    from rich.segment import Segment


class Results:
    """Writes to standard output."""

    def __init__(self) -> None:
        from rich.console import Console  # noqa: PLC0415 -- takes long, and no help page needs it

        self.console: Console = Console(highlight=False, markup=False, emoji=False)
        if not self.console.is_terminal:
            self.console.width = 1000  # nobody has to break a line of a file to see its end

    @property
    def live(self) -> bool:
        """Whether somebody watches: lines may move."""
        return self.console.is_terminal and not self.console.is_dumb_terminal

    def line(self, text: str = "", style: str = "") -> None:
        """Write a line, which a terminal may break and never hyphenates.

        Commands can be copied from it.
        """
        self.console.print(visible(text), style=style, soft_wrap=True)

    def table(
        self, rows: Iterable[Sequence[str]], header: Sequence[str] = (), styles: Sequence[str] = ()
    ) -> None:
        """Write rows in columns, indented by two; ``styles`` are the columns'."""
        from rich.segment import Segment, Segments  # noqa: PLC0415 -- likewise
        from rich.table import Table  # noqa: PLC0415 -- likewise

        rows = list(rows)
        table = Table(
            box=None,
            show_header=bool(header),
            padding=(0, 2, 0, 0),
            pad_edge=False,
            header_style="dim",
        )
        table.add_column("")
        for index in range(len(header or rows[0])):
            style = styles[index] if index < len(styles) else ""
            table.add_column(header[index] if header else "", style=style, overflow="fold")
        for row in rows:
            table.add_row("", *map(visible, row))
        for line in self.console.render_lines(table, pad=False):
            self.console.print(Segments([*_without_end(line), Segment.line()]), soft_wrap=True)


def _without_end(line: list[Segment]) -> list[Segment]:
    """Return a line without the blanks that fill its last column.

    Still as segments: a console that reads no escape codes gets its colours in another way.
    """
    kept = list(line)
    while kept and not kept[-1].text.strip():
        kept.pop()
    return [*kept[:-1], *(last._replace(text=last.text.rstrip()) for last in kept[-1:])]
