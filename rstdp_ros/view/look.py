"""The page's colours, light and dark; those of data are distinct to the colour-blind too."""

from __future__ import annotations

from typing import Any, NamedTuple

from rstdp_ros.drawing.plotting import ORANGE, SKY, VERMILLION


class Look(NamedTuple):
    """
    Colours by use.

    :param page: behind everything; ``panel``: behind a figure.
    :param ink: of text; ``faint``: of what matters less; ``line``: of grids and frames.
    :param data: of measured values; ``better``: of means; ``marked``: of events.
    :param ramp: from no spike to always, also for what has only one sign.
    :param diverging: from negative over zero to positive.
    """

    name: str
    page: str
    panel: str
    ink: str
    faint: str
    line: str
    data: str
    better: str
    marked: str
    ramp: tuple[str, ...]
    diverging: tuple[str, ...]


def _between(first: str, last: str, count: int) -> list[str]:
    """Return colours evenly between two."""
    ends = [[int(color[i:i + 2], 16) for i in (1, 3, 5)] for color in (first, last)]
    return ['#' + ''.join(f'{round(a + (b - a) * i / (count - 1)):02x}' for a, b in zip(*ends))
            for i in range(count)]


def _look(name: str, page: str, panel: str, ink: str, faint: str, line: str, data: str,
          better: str) -> Look:
    ramp = tuple(_between(panel, ink, 32))
    low, high = _between(data, panel, 32), _between(panel, VERMILLION, 32)
    return Look(name, page, panel, ink, faint, line, data, better, VERMILLION, ramp,
                (*low, *high))


LIGHT = _look('light', '#eef0f2', '#ffffff', '#1b1f24', '#5b6570', '#d5dade', '#0072B2', '#9a6400')
DARK = _look('dark', '#101418', '#181d23', '#e8ebee', '#9aa5b0', '#303842', SKY, ORANGE)
LOOKS = {look.name: look for look in (LIGHT, DARK)}


def theme(look: Look) -> Any:
    """Return Bokeh's theme for a look."""
    from bokeh.themes import Theme
    axis = {'axis_line_color': look.line, 'major_tick_line_color': look.line,
            'minor_tick_line_color': None, 'major_label_text_color': look.faint,
            'axis_label_text_color': look.faint, 'axis_label_text_font_style': 'normal',
            'axis_label_text_font_size': '11px', 'major_label_text_font_size': '10px',
            'axis_label_standoff': 3}
    return Theme(json={'attrs': {
        'figure': {'background_fill_color': look.panel, 'border_fill_color': look.panel,
                   'outline_line_color': None, 'min_border': 4},
        'Plot': {'background_fill_color': look.panel, 'border_fill_color': look.panel,
                 'outline_line_color': None},
        'Title': {'text_color': look.ink, 'text_font_size': '12px', 'text_font_style': 'bold'},
        'Grid': {'grid_line_color': look.line, 'grid_line_alpha': 0.6},
        'Axis': axis,
        'Legend': {'background_fill_color': look.panel, 'background_fill_alpha': 0.8,
                   'label_text_color': look.ink, 'border_line_color': None,
                   'label_text_font_size': '10px', 'padding': 2, 'spacing': 0, 'margin': 2},
    }})


def widget_style(look: Look) -> str:
    """Return the style sheet of controls, which see nothing of the page's own."""
    return f"""
    :host {{ color: {look.ink}; font-size: 12px; }}
    .bk-input, .bk-btn, select {{ background: {look.panel} !important;
      color: {look.ink} !important; border-color: {look.faint} !important; font-size: 12px; }}
    .bk-btn {{ font-weight: 600; border: 1px solid {look.faint}; }}
    .bk-btn.bk-active {{ background: {look.data} !important; color: {look.panel} !important; }}
    .bk-btn:hover {{ border-color: {look.data} !important; }}
    :focus-visible {{ outline: 3px solid {look.better} !important; outline-offset: 1px; }}
    .bk-slider-title, .bk-input-group label {{ color: {look.ink}; font-size: 11px; }}
    table {{ border-spacing: 0; width: 100%; }}
    th, td {{ text-align: left; vertical-align: top; padding: 1px 8px 1px 0; }}
    th {{ color: {look.faint}; font-weight: 600; }}
    .noUi-target {{ background: {look.line}; border: none; box-shadow: none; }}
    .bk-slider-title {{ white-space: nowrap; overflow: hidden; text-overflow: ellipsis; }}
    """
