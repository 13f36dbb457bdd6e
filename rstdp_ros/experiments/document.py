"""Tables in a Markdown file, generated from results."""

from __future__ import annotations

from functools import cache
from pathlib import Path
import re
from typing import TYPE_CHECKING

from rstdp_ros.drawing.tables import as_markdown
from rstdp_ros.experiments.results import load
from rstdp_ros.experiments.studies import STUDIES
from rstdp_ros.support.atomic import write_atomically
from rstdp_ros.support.errors import RstdpError
from rstdp_ros.support.untrusted import read_file, refusing

if TYPE_CHECKING:
    from pandas import DataFrame

LIMIT = 2**24
# "<!-- fig4 1 -->" begins the first table of study fig4.
TABLE = re.compile(r'(?s)<!-- (?P<study>[\w-]+) (?P<number>\d+) -->.*?<!-- end -->')


def update(path: Path, folder: Path) -> None:
    """
    Fill in every table that the file has a marker for.

    :param path: Markdown with ``<!-- STUDY NUMBER -->`` and ``<!-- end -->`` around each table.
    :param folder: of the results.
    :raises RstdpError: a study or table that does not exist, or a file that cannot be read.
    """
    with refusing(path):
        text = read_file(path, LIMIT).decode()
    write_atomically(path, filled(text, folder).encode())


def filled(text: str, folder: Path) -> str:
    """Return the text with its tables filled in from the results."""
    @cache
    def tables_of(name: str) -> list[tuple[str, DataFrame]]:
        result = load(STUDIES[name], folder) if name in STUDIES else None
        if result is None:
            raise RstdpError(f'no results of {name!r} in {folder}')
        return list(STUDIES[name].tables(result[0]).items())

    def table(match: re.Match[str]) -> str:
        name, number = match['study'], int(match['number'])
        tables = tables_of(name)
        if not 1 <= number <= len(tables):
            raise RstdpError(f'{name} has {len(tables)} tables, not {number}')
        return f'<!-- {name} {number} -->\n{as_markdown(*tables[number - 1])}\n<!-- end -->'
    return TABLE.sub(table, text)
