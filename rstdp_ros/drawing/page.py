"""Results as one HTML page that needs no other file."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterable, Mapping
from html import escape
from typing import TYPE_CHECKING

from rstdp_ros.drawing.tables import as_html

if TYPE_CHECKING:
    from pandas import DataFrame

PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>
body {{ font: 16px/1.5 system-ui, sans-serif; max-width: 75rem; margin: 2rem auto;
        padding: 0 1rem; color: #111; background: #fff; }}
h2 {{ margin-top: 3rem; border-bottom: 1px solid #999; }}
img {{ max-width: 100%; }}
.scroll {{ overflow-x: auto; }}
table {{ border-collapse: collapse; font-size: 0.8rem; margin-bottom: 1rem; }}
caption {{ text-align: left; font-weight: bold; padding: 0.5rem 0; }}
th, td {{ padding: 0.15rem 0.6rem; text-align: right; border-bottom: 1px solid #ccc;
          white-space: nowrap; }}
code {{ background: #eee; padding: 0 0.2rem; }}
@media print {{ h2 {{ break-before: page; }} }}
</style>
</head>
<body>
<h1>{heading}</h1>
<p>{introduction}</p>
{sections}
</body>
</html>
"""
SECTION = """<h2 id="{name}">{title}</h2>
<p>{reading}</p>
<p><code>{command}</code>: {origin}.</p>
<img alt="{title}" src="data:image/png;base64,{image}">
{tables}
"""


def page(title: str, heading: str, introduction: str, sections: Iterable[str]) -> bytes:
    """
    Return the page.

    :param sections: each as :func:`section` makes it.
    """
    return PAGE.format(title=escape(title), heading=escape(heading),
                       introduction=escape(introduction), sections='\n'.join(sections)).encode()


def section(name: str, title: str, reading: str, command: str, origin: str, image: bytes,
            tables: Mapping[str, DataFrame]) -> str:
    """
    Return the section of a page with one figure and its tables.

    :param name: its anchor.
    :param reading: how to read it.
    :param command: the command that made it; ``origin``: when and where.
    :param image: a .png.
    :param tables: by caption.
    """
    return SECTION.format(
        name=name, title=escape(title), reading=escape(reading), command=escape(command),
        origin=escape(origin), image=b64encode(image).decode(),
        tables='\n'.join(as_html(caption, table) for caption, table in tables.items()))
