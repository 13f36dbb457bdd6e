"""
A table of faults, with figures before and after, and the test that shows each.

A test names its fault by the marker ``fault(section, what, before)`` and may report its result by
the fixture ``measured``; ``pytest --reliability docs/reliability.md`` writes the table and keeps
the lines of tests that did not run.
"""

from collections import defaultdict
from pathlib import Path

from places import ROOT
import pytest

SECTIONS = {
    'graph': 'A graph that starts, waits and ends',
    'learning': 'Learning',
    'robot': 'Sensors, controllers and motion of a robot',
    'habits': "Drivers' habits against the live nodes: what the checklist says, what is commanded",
    'messages': 'Messages and processes',
    'files': 'Files',
    'tools': "ROS 2's own tools",
}
BEGIN, END = '<!-- generated: pytest --reliability -->', '<!-- end -->'
HEAD = '| fault | before | now | test |\n|---|---|---|---|\n'


class Reliability:
    """
    Collects faults and figures while tests run, and writes the table at the end.

    :param path: the document; the text between its two marks is replaced.
    """

    def __init__(self, path):
        self.path, self.rows, self.ran = Path(path), defaultdict(dict), set()

    def pytest_runtest_logreport(self, report):
        """Note a test that passed, in this process or in a worker."""
        test = report.nodeid.split('[')[0].split('@')[0].split('/')[-1]
        self.ran.add(test)
        properties = dict(report.user_properties)
        if report.when != 'call' or not report.passed or 'fault' not in properties:
            return
        section, what, before = properties['fault']
        now = properties.get('measured', 'refused or mended')
        # A fault with several inputs is one line; all of them must pass.
        self.rows[section].setdefault((what, before), [now, test])

    def pytest_sessionfinish(self):
        """Write the document."""
        if not self.rows:
            return
        head, rest = self.path.read_text().split(BEGIN)
        before, tail = rest.split(END)
        self._keep(before)
        text = ''
        for section, title in SECTIONS.items():
            rows = [f'| {what} | {before} | {now} | `{test}` |\n'
                    for (what, before), (now, test) in sorted(self.rows[section].items())]
            text += f'\n## {title}\n\n{HEAD}{"".join(rows)}' if rows else ''
        self.path.write_text(f'{head}{BEGIN}\n{text}\n{END}{tail}')

    def _keep(self, document):
        """Keep the lines of tests that did not run, unless they no longer exist."""
        section = ''
        names = {f'## {title}': name for name, title in SECTIONS.items()}
        for line in document.splitlines():
            section = names.get(line, section)
            cells = line.strip('| ').split(' | ')
            if len(cells) == 4 and '::' in cells[3]:
                what, before, now, test = cells
                test = test.strip('`')
                if test not in self.ran and exists(*test.split('::')):
                    self.rows[section][what, before] = [now, test]


def exists(file, function):
    """Say whether a test exists."""
    return any(f'def {function}(' in path.read_text() for path in ROOT.glob(f'test/*/{file}'))


def pytest_addoption(parser):
    """Add the option for the document."""
    parser.addoption('--reliability', metavar='FILE', help='write the table of faults into FILE')


def pytest_configure(config):
    """Watch the tests if a document was named."""
    config.addinivalue_line('markers', 'fault(section, what, before): the fault that a test '
                            'shows to be gone, for docs/reliability.md')
    path = config.getoption('--reliability')
    if path and not hasattr(config, 'workerinput'):
        config.pluginmanager.register(Reliability(path))


def pytest_runtest_setup(item):
    """Add a test's fault to its report, also in a worker."""
    for mark in item.iter_markers('fault'):
        section, what, before = mark.args
        assert section in SECTIONS, section
        item.user_properties.append(('fault', [section, what, before]))


@pytest.fixture
def measured(request):
    """Return a function that notes in a few words the result of a test."""
    return lambda text: request.node.user_properties.append(('measured', text))
