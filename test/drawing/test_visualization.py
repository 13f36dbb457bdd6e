"""What people look at: the plant as it is, and layouts that ask for what there is."""

import importlib.util
import subprocess
import sys

from graphs import demo_graph, digests_in, own_domain, probe, wait_for
import layouts
from places import HELPERS, ROOT
import pytest

from rstdp_ros.bags.topics import load_typestore
from rstdp_ros.bringup import describe_graph
from rstdp_ros.support.errors import RstdpError
from rstdp_ros.support.resources import share_path
from rstdp_ros.tasks import get_task, TASKS
from rstdp_ros.tasks.urdf import describe

needs_ros = pytest.mark.skipif(importlib.util.find_spec('rclpy') is None,
                               reason='ROS 2 is not installed')
LAYOUTS = [(reader, f'{start}{task}{end}', task) for task in TASKS for reader, start, end in (
    (layouts.rviz, '', '.rviz'), (layouts.foxglove, 'foxglove_', '.json'),
    (layouts.plotjuggler, 'plotjuggler_', '.xml'))]


@pytest.fixture(scope='module')
def graph(tmp_path_factory):
    """Run the demo's graph at the speed of life; it has learned from an episode."""
    folder = tmp_path_factory.mktemp('graph')
    with pytest.MonkeyPatch.context() as patch:
        for name, value in own_domain().items():
            patch.setenv(name, value)
        with demo_graph(folder, 1000, real_time_factor=1) as supervisor:
            wait_for(lambda: digests_in(folder), supervisor)
            yield supervisor


@pytest.fixture(scope='module')
def facts(graph):
    """Return the graph's topics with their types, and the values on /diagnostics by node."""
    return probe('facts', 'adaptation', 'weight change')


@needs_ros
@pytest.mark.parametrize('read, name, task', LAYOUTS)
def test_a_layout_shows_what_there_is(facts, read, name, task):
    types, values = facts
    wishes, store = read(ROOT / 'config' / name), load_typestore()
    assert wishes
    for wish in wishes:
        kind = types[wish.topic]
        assert wish.kind in ('', kind), wish
        for field, element in wish.fields:
            kind, is_array = field_type(store, kind, field)
            assert is_array == element, wish
        if wish.topic == layouts.DIAGNOSTICS and wish.value:
            node, key = wish.value
            assert key in values[node.strip('/')], wish
        elif wish.value:
            assert wish.value[0] in get_task(task).robot.joints, wish


def field_type(store, kind, field):
    """Return the type of a field, or of its elements if it is an array."""
    from rosbags.interfaces import Nodetype
    node, what = dict(store.fielddefs[kind][1])[field]
    if node in (Nodetype.ARRAY, Nodetype.SEQUENCE):
        return what[0][1], True
    return (what if isinstance(what, str) else what[0]), False


def described(length):
    """Return the URDF of the demo's plant with a pole of another half-length."""
    task = get_task('cartpole')
    return describe(task, task.make_physics({**task.demo_physics, 'pole_half_length': length}))


def change(length):
    """Return how a person changes the pole, and the description after it."""
    return [['environment', 'pole_half_length', length]], described(length)


def start_state_publisher():
    """Start a robot_state_publisher that knows only the default plant."""
    return subprocess.Popen([sys.executable, HELPERS / 'state_publisher.py',
                             describe(get_task('cartpole'))])


@needs_ros
def test_the_model_is_as_long_as_the_pole(graph):
    changes, text = change(0.9)
    assert 'length="1.8"' in text
    assert probe('described', [], described(0.8), 'environment') == [described(0.8),
                                                                     ['environment']]
    assert probe('described', changes, text, 'environment') == [text, ['environment']]
    publisher = start_state_publisher()
    try:
        assert probe('described', [], text, 'robot_state_publisher') == [
            text, ['robot_state_publisher']]
        assert probe('described_parameter', *change(0.4))
        publisher.kill()
        publisher.wait()
        publisher = start_state_publisher()
        assert probe('described_parameter', *change(0.6))
    finally:
        publisher.kill()
        publisher.wait()


def test_rviz_is_a_part_of_the_graph():
    *_, publisher, rviz = describe_graph('cartpole', {
        'use_rviz': True, 'use_sim_time': True, 'pole_half_length': 0.7})
    assert (publisher.package, publisher.executable) == ('robot_state_publisher',) * 2
    assert 'length="1.4"' in publisher.parameters['robot_description'] and publisher.respawn
    assert publisher.parameters['use_sim_time'] and rviz.parameters['use_sim_time']
    assert publisher.remappings == rviz.remappings == {'/tf': 'tf', '/tf_static': 'tf_static'}
    assert rviz.executable == 'rviz2' and not rviz.respawn
    assert rviz.arguments == ('-d', str(share_path('config/cartpole.rviz')))
    assert not [n for n in describe_graph('cartpole', {}) if not n.ours]


def test_a_robot_brings_its_own_description_and_others_no_joint_states():
    robot = describe_graph('acrobot', {'use_rviz': True, 'plant': 'robot'})
    assert [node.name for node in robot if not node.ours] == ['rviz2']
    for plant in ('foreign', 'bag'):
        *_, publisher, _ = describe_graph('cartpole', {
            'use_rviz': True, 'plant': plant, 'bag': 'x'})
        assert publisher.remappings['joint_states'] == 'observation'


@pytest.mark.skipif(importlib.util.find_spec('launch_ros') is None,
                    reason="ROS's launch and launch_ros are not on PyPI")
def test_the_launch_file_starts_rviz_only_where_it_is(tmp_path, monkeypatch):
    from launch import LaunchContext
    from rstdp_ros.bringup import launch_description
    monkeypatch.setenv('AMENT_PREFIX_PATH', str(tmp_path))
    context = LaunchContext()
    context.launch_configurations['use_rviz'] = 'true'
    *declared, start = launch_description('cartpole').entities
    for action in declared:
        action.execute(context)
    with pytest.raises(RstdpError, match='robot_state_publisher is not installed'):
        start.execute(context)
    index = tmp_path / 'share/ament_index/resource_index/packages'
    index.mkdir(parents=True)
    for package in ('robot_state_publisher', 'rviz2'):
        (index / package).touch()
    *_, publisher, rviz = start.execute(context)
    assert publisher.node_executable == publisher.node_package == 'robot_state_publisher'
    assert rviz.node_executable == 'rviz2'
