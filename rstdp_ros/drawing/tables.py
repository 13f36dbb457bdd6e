"""Tables in HTML and in Markdown."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pandas import DataFrame


def as_html(caption: str, table: DataFrame) -> str:
    """Return a table with its caption; a wide one can be scrolled."""
    html = table.to_html(index=False, border=0, float_format=_number, na_rep='')
    return (f'<div class="scroll">{html}</div>'
            .replace('<thead>', f'<caption>{escape(caption)}</caption><thead>', 1))


def as_markdown(caption: str, table: DataFrame) -> str:
    """Return a table below its caption."""
    rows = [list(table.columns), *table.itertuples(index=False)]
    lines = ['| ' + ' | '.join(_cell(value) for value in row) + ' |' for row in rows]
    return '\n'.join([f'*{caption}*', '', lines[0], '|' + '---|' * len(table.columns),
                      *lines[1:]])


def _cell(value: object) -> str:
    if isinstance(value, float):
        return '' if value != value else _number(value)
    return str(value)


def _number(value: float) -> str:
    if value != 0 and abs(value) < 0.001:
        return f'{value:.1e}'
    return f'{value:.2f}'
