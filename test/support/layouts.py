"""What the layouts of RViz, Foxglove and PlotJuggler need from the graph."""

import json
import re
from typing import NamedTuple
from xml.etree import ElementTree

import yaml

PATH = re.compile(r'(/\w+)((?:\.\w+(?:\[[\d:]+\])?(?:\{\w+=="[^"]+"\})?)*)')
STEP = re.compile(r'\.(\w+)(\[[\d:]+\])?(?:\{(\w+)=="([^"]+)"\})?')
DIAGNOSTICS = '/diagnostics'
JOINT_STATE = 'sensor_msgs/msg/JointState'


class Wish(NamedTuple):
    """
    A value that a layout shows.

    :param kind: of message, '' for any.
    :param fields: the path into the message: (name, whether an element of an array is meant).
    :param value: node and key of a value on /diagnostics.
    """

    topic: str
    kind: str = ''
    fields: tuple = ()
    value: tuple = ()


def rviz(path):
    """List the wishes of a configuration of RViz, whose names are relative."""
    content = yaml.safe_load(path.read_text())
    displays = {d['Class'].split('/')[1]: d for d in content['Visualization Manager']['Displays']}
    return [Wish('/' + displays['RobotModel']['Description Topic']['Value'],
                 'std_msgs/msg/String'),
            Wish('/' + displays['Image']['Topic']['Value'], 'sensor_msgs/msg/Image')]


def foxglove(path):
    """List the wishes of a layout of Foxglove; every panel must be placed once."""
    layout = json.loads(path.read_text())
    panels = layout['configById']
    assert sorted(_leaves(layout['layout'])) == sorted(panels)
    wishes = []
    for name, panel in panels.items():
        wishes += PANELS[name.split('!')[0]](panel)
    return wishes


def _leaves(node):
    if isinstance(node, str):
        return [node]
    assert node['direction'] in ('row', 'column') and 0 < node['splitPercentage'] < 100
    return _leaves(node['first']) + _leaves(node['second'])


def _scene(panel):
    model = panel['layers']['urdf']
    return [Wish(model['topic'], 'std_msgs/msg/String'),
            Wish(model['jointStatesTopic'], JOINT_STATE)]


def _series(panel):
    return [_wish(series['value']) for series in panel['paths']]


def _diagnostics(panel):
    return [Wish(panel['topicToRender'], 'diagnostic_msgs/msg/DiagnosticArray')]


PANELS = {
    '3D': _scene, 'Plot': _series, 'StateTransitions': _series,
    'Image': lambda panel: [Wish(panel['imageMode']['imageTopic'], 'sensor_msgs/msg/Image')],
    'RawMessages': lambda panel: [_wish(panel['topicPath'])],
    'DiagnosticSummary': _diagnostics, 'DiagnosticStatusPanel': _diagnostics}


def _wish(text):
    """Read a message path."""
    topic, rest = PATH.fullmatch(text).groups()
    steps = STEP.findall(rest)
    filters = {key: value for *_, key, value in steps if key}
    value = (filters['name'], filters['key']) if filters else ()
    return Wish(topic, fields=tuple((name, bool(index)) for name, index, *_ in steps),
                value=value)


def plotjuggler(path):
    """List the wishes of a layout of PlotJuggler, which must subscribe to all that it shows."""
    root = ElementTree.parse(path).getroot()
    for splitter in root.iter('DockSplitter'):
        assert len(splitter) == int(splitter.get('count')) == len(
            splitter.get('sizes').split(';'))
    wishes = [_curve(curve.get('name')) for curve in root.iter('curve')]
    topics = root.find('Plugins/plugin/selected_topics').get('value').split(';')
    assert {wish.topic for wish in wishes} == set(topics)
    return wishes


def _curve(name):
    """Read PlotJuggler's name of a value."""
    if name.startswith(DIAGNOSTICS):
        node, key = name.removeprefix(f'{DIAGNOSTICS}/rstdp_ros/').rsplit('/', 1)
        return Wish(DIAGNOSTICS, value=(node, key)) if key != 'level' else Wish(DIAGNOSTICS)
    topic, *joint, field = name.rsplit('/', 2 if name.count('/') == 3 else 1)
    if joint:
        return Wish(topic, JOINT_STATE, ((field, True),), tuple(joint))
    return Wish(topic, fields=((field, False),))
