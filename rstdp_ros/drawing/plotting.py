"""One look for all figures: distinct in print, in grey and to the colour-blind."""

from __future__ import annotations

from typing import Any, NamedTuple, TYPE_CHECKING

from rstdp_ros.support.errors import RstdpError

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from pandas import Series

# The colours of Okabe and Ito.
BLACK, ORANGE, SKY, GREEN = '#000000', '#E69F00', '#56B4E9', '#009E73'
BLUE, VERMILLION, PURPLE, GREY = '#0072B2', '#D55E00', '#CC79A7', '#999999'

CYCLE = (BLUE, VERMILLION, GREEN, ORANGE, PURPLE, SKY, BLACK, GREY)


class Style(NamedTuple):
    """The style in which something is always drawn."""

    color: str
    marker: str
    line: str = '-'


STYLES = {
    'before': Style(VERMILLION, 'v'), 'rstdp': Style(BLUE, 'o'), 'default': Style(BLUE, 'p', '--'),
    'authors': Style(SKY, 's'),
    'opposite': Style(PURPLE, 'X', '--'), 'shuffled': Style(GREEN, 'D', '-.'),
    'permuted': Style(ORANGE, 'P', '-.'), 'random': Style(GREY, '^', ':'),
    'independent': Style(BLACK, '*', ':')}


def new_figure(width: float, height: float) -> Figure:
    """
    Make an empty figure.

    :param width: inches, like ``height``.
    :raises RstdpError: matplotlib is missing.
    """
    try:
        from matplotlib.figure import Figure
    except ModuleNotFoundError:
        raise RstdpError('plots need matplotlib: pip install "rstdp_ros[plot]"') from None
    return Figure(figsize=(width, height), constrained_layout=True)


def panels(count: int, columns: int = 3, height: float = 3.2, width: float = 3.6
           ) -> tuple[Figure, list[Any]]:
    """Make a figure with ``count`` axes in rows; unused places stay empty."""
    columns = min(count, columns)
    rows = -(-count // columns)
    figure = new_figure(width * columns, height * rows + 0.4)
    axes = list(figure.subplots(rows, columns, squeeze=False).flat)
    for unused in axes[count:]:
        unused.set_visible(False)
    return figure, axes[:count]


def line_with_errors(axes: Any, means: Series, errors: Series, name: str) -> None:
    """
    Draw means over their index, with error bars.

    :param name: name of a style, also shown in the legend.
    """
    style = STYLES[name]
    axes.errorbar(means.index, means, errors, label=name, color=style.color, marker=style.marker,
                  linestyle=style.line, capsize=3)


def legend_below(figure: Figure, axes: Any, columns: int) -> None:
    """Put a legend below all axes, where it covers nothing."""
    figure.legend(*axes.get_legend_handles_labels(), loc='outside lower center', ncols=columns,
                  fontsize='small')
