"""Figures and tables that several rooms draw."""

import importlib.util

import pytest

from rstdp_ros.drawing.before_after import before_after
from rstdp_ros.drawing.page import page, section
from rstdp_ros.drawing.plotting import STYLES
from rstdp_ros.drawing.run import plot_run
from rstdp_ros.drawing.tables import as_html, as_markdown
from rstdp_ros.plasticity import EpisodeRecord
from rstdp_ros.support.errors import RstdpError

pytestmark = pytest.mark.skipif(importlib.util.find_spec('pandas') is None,
                                reason='the extra "experiments" is not installed')


def frame(**columns):
    """Return a table."""
    from pandas import DataFrame
    return DataFrame(columns)


def test_a_panel_shows_every_run_from_before_to_after():
    data = frame(task=['pole', 'pole', 'pole', 'swing'],
                 rule=['rstdp', 'rstdp', 'random', 'rstdp'],
                 before=[10.0, 20.0, 30.0, -500.0], after=[110.0, 20.0, 25.0, -100.0])
    figure = before_after(data, 'rule', STYLES)
    panels = [axes for axes in figure.axes if axes.get_visible()]
    assert [axes.get_title() for axes in panels] == ['pole: rstdp', 'pole: random', 'swing: rstdp']
    assert [list(line.get_ydata()) for line in panels[0].lines] == [[10.0, 110.0], [20.0, 20.0]]
    # One scale for all that concerns a task.
    assert panels[0].get_ylim() == panels[1].get_ylim() != panels[2].get_ylim()


def test_a_run_is_drawn_or_one_sentence_says_why_not(tmp_path):
    records = [EpisodeRecord(i, i, 100.0 + i, 0.1, 100.0, None, event, 'a', 'b')
               for i, event in enumerate(('', 'rolled back', ''))]
    plot_run(records, 50.0, 150.0, tmp_path / 'new' / 'run.svg')
    text = (tmp_path / 'new' / 'run.svg').read_text()
    assert 'held-out starts before: 50.0' in text and 'rolled back' in text
    with pytest.raises(RstdpError, match='the plot cannot be written'):
        plot_run(records, 50.0, 150.0, tmp_path / 'new' / 'run.svg' / 'run.png')


TABLE = {'rule': ['<a>', 'b'], 'mean': [1.23456, float('nan')], 'p': [0.00004, 0.0]}


def test_tables_round_leave_out_and_escape():
    html = as_html('A & B', frame(**TABLE))
    assert '<caption>A &amp; B</caption>' in html and '&lt;a&gt;' in html and '<a>' not in html
    for cell in ('1.23', '', '4.0e-05', '0.00'):
        assert f'<td>{cell}</td>' in html
    assert as_markdown('A & B', frame(**TABLE)).splitlines() == [
        '*A & B*', '', '| rule | mean | p |', '|---|---|---|', '| <a> | 1.23 | 4.0e-05 |',
        '| b |  | 0.00 |']


def test_a_page_needs_nothing_else_and_escapes_what_it_is_given():
    part = section('one', 'A < B', 'read it', 'do & see', '1 s', b'\x89PNG', {'T': frame(x=[1])})
    text = page('title', 'heading', 'words {x}', [part]).decode()
    assert '<h2 id="one">A &lt; B</h2>' in text and '<code>do &amp; see</code>: 1 s.' in text
    assert 'words {x}' in text and 'base64,iVBORw==' in text
    assert 'src="http' not in text and '<link' not in text
