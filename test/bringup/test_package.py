"""The package: what it contains, how it builds, and which room may know which."""

import ast
import importlib.util
from pathlib import Path
import shutil
import subprocess
import sys
import zipfile

from places import ROOT
import pytest
import yaml

from rstdp_ros.bringup import describe_graph
from rstdp_ros.bringup.arguments import all_arguments, arguments, old_names, read_arguments
from rstdp_ros.nodes.tables import limits, RobotParameters, wiring_parameters
from rstdp_ros.support.errors import RstdpError
from rstdp_ros.support.parameters import table
from rstdp_ros.tasks import get_task, TASKS

CORE = ('snn', 'plasticity')
# Which optional or ROS packages each room may import, at whatever level.
ALLOWED = {'training': {'torch'}, 'nodes': {'rclpy'}, 'backends': {'lava'}}
GUARDED = ('rclpy', 'torch', 'lava', 'nir', 'h5py', 'pybullet', 'rosbags', 'launch', 'launch_ros')


def imports(path, top_level_only):
    """List the top packages that a file imports."""
    tree = ast.parse(path.read_text())
    nodes = tree.body if top_level_only else ast.walk(tree)
    for node in nodes:
        if isinstance(node, ast.Import):
            yield from (alias.name.split('.')[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module.split('.')[0]


def test_rooms_import_only_what_they_may():
    files = list((ROOT / 'rstdp_ros').rglob('*.py'))
    assert len(files) > 30
    for path in files:
        room = path.relative_to(ROOT / 'rstdp_ros').parts[0]
        found = set(imports(path, top_level_only=room not in CORE)) & set(GUARDED)
        assert found <= ALLOWED.get(room, set()), path


def test_the_core_alone_imports_without_ros_and_torch():
    code = ('import sys, rstdp_ros.snn, rstdp_ros.plasticity, rstdp_ros.tasks, '
            'rstdp_ros.protocol.adaptation; '
            f'print([m for m in {(*GUARDED, "gymnasium", "matplotlib")} if m in sys.modules])')
    done = subprocess.run([sys.executable, '-c', code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == '[]'


@pytest.mark.skipif(importlib.util.find_spec('rclpy') is None, reason='ROS 2 is not installed')
def test_the_page_of_parameters_is_that_of_the_nodes():
    done = subprocess.run([sys.executable, '-m', 'rstdp_ros.nodes.parameter_page'],
                          capture_output=True, text=True, check=True)
    assert done.stdout == (ROOT / 'docs/parameters.md').read_text()


@pytest.mark.skipif(shutil.which('colcon', path=Path(sys.executable).parent) is None,
                    reason='colcon is not installed')
def test_colcon_builds_a_ros_package(tmp_path):
    source = tmp_path / 'src'
    files = subprocess.run(['git', 'ls-files', '-z', '--cached', '--others', '--exclude-standard'],
                           cwd=ROOT, capture_output=True, text=True, check=True).stdout
    for name in filter(None, files.split('\0')):
        if (ROOT / name).exists():
            (source / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, source / name)

    def colcon(*words):
        return subprocess.run([Path(sys.executable).with_name('colcon'), *words], cwd=tmp_path,
                              capture_output=True, text=True, check=True).stdout

    assert '(ros.ament_python)' in colcon('list')
    colcon('build')
    prefix = tmp_path / 'install' / 'rstdp_ros'
    for name in ('environment_node', 'policy_node', 'adaptation_node', 'rstdp_ros'):
        assert (prefix / 'lib' / 'rstdp_ros' / name).exists(), name
    check_share(prefix / 'share')


def check_share(share):
    """Check that everything that ships is where ROS looks for it."""
    assert (share / 'ament_index/resource_index/packages/rstdp_ros').exists()
    names = ['package.xml', 'launch/robot_adapt.launch.py', 'launch/replay.launch.py',
             'config/record_qos.yaml', 'config/sros2/policy.xml']
    for task in TASKS:
        names += [f'launch/{task}_adapt.launch.py', f'config/{task}.yaml',
                  f'config/{task}.rviz', f'config/foxglove_{task}.json',
                  f'config/plotjuggler_{task}.xml', f'urdf/{task}.urdf',
                  *(f'models/{task}_{i}.{end}' for i in range(3)
                    for end in ('npz', 'md', 'library.npz'))]
    names += [f'models/cartpole_robust_{i}.{end}' for i in range(3)
              for end in ('npz', 'md', 'library.npz')]
    for name in names:
        assert (share / 'rstdp_ros' / name).exists(), name


def test_the_wheel_is_complete(tmp_path):
    subprocess.run([sys.executable, '-m', 'pip', 'wheel', '-q', '--no-deps', '-w', tmp_path, ROOT],
                   check=True, capture_output=True)
    wheel, = tmp_path.glob('*.whl')
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(tmp_path / 'wheel')
    data, = (tmp_path / 'wheel').glob('*.data')
    check_share(data / 'data' / 'share')
    for name in ('nodes/adaptation.py', 'experiments/data/cartpole.csv'):
        assert (tmp_path / 'wheel' / 'rstdp_ros' / name).exists()


@pytest.mark.parametrize('name', TASKS)
def test_the_parameter_file_shows_the_demo_and_names_only_what_exists(name):
    content = yaml.safe_load((ROOT / f'config/{name}.yaml').read_text())
    values = content['/**']['ros__parameters']
    task = get_task(name)
    assert {k: values[k] for k in task.demo_physics} == dict(task.demo_physics)
    assert set(values) <= {a.name for a in arguments(name)}


def test_the_robot_document_names_only_what_exists():
    block = (ROOT / 'docs/robot.md').read_text().split('```yaml\n')[1].split('```')[0]
    values = yaml.safe_load(block)['/**']['ros__parameters']
    task = get_task('cartpole')
    known = {p.name: p for p in (*table(RobotParameters).values(), *wiring_parameters(task),
                                 *limits(task))}
    for name, value in values.items():
        known[name].validate(value)


def test_the_graph_is_data():
    values = {'pole_mass': 1, 'seed': 5, 'model': 'cartpole_1', 'run_dir': '/tmp/x',
              'strategy': 'random', 'guard': 'none'}
    environment, policy, adaptation = describe_graph('cartpole', values)
    assert environment.parameters['pole_mass'] == 1.0 and environment.parameters['seed'] == 5
    assert not environment.parameters['auto_reset'] and policy.parameters['require_weights']
    assert adaptation.parameters['run_dir'] == '/tmp/x'
    assert adaptation.parameters['strategy'] == 'random'
    assert adaptation.parameters['guard'] == 'none'
    assert policy.parameters['model'] == adaptation.parameters['model'] == 'cartpole_1'
    _, policy, _ = describe_graph('cartpole', {'policy_backend': 'lava', 'lava_target': 'loihi2'})
    assert policy.parameters['backend'] == 'lava' and policy.parameters['lava_target'] == 'loihi2'
    environment, policy = describe_graph('cartpole', {'adapt': False})
    assert environment.parameters['auto_reset'] and not policy.parameters['require_weights']


def test_a_recorded_graph_and_a_replayed_one(tmp_path):
    *nodes, recorder = describe_graph('cartpole', {'record': True, 'run_dir': str(tmp_path),
                                                   'storage': 'sqlite3'})
    assert recorder.parameters == {'bag': str(tmp_path / 'bag'), 'storage': 'sqlite3'}
    assert all(node.parameters['wait_for_recorder'] for node in nodes)
    replay, policy, adaptation = describe_graph('cartpole', {
        'plant': 'bag', 'bag': 'x', 'rate': 2})
    assert replay.parameters == {'bag': 'x', 'rate': 2.0}
    assert adaptation.parameters['paced_by'] == 'environment'
    assert 'wait_for_recorder' not in policy.parameters


def test_a_robots_graph_and_a_foreign_drivers():
    environment, policy, watchdog, _ = describe_graph('acrobot', {
        'plant': 'robot', 'use_sim_time': True})
    assert environment.parameters['clock'] == policy.parameters['clock'] == 'realtime'
    assert environment.parameters['use_sim_time'] and not environment.parameters['publish_clock']
    assert watchdog.parameters == {'task': 'acrobot'}
    policy, adaptation = describe_graph('cartpole', {'plant': 'foreign'})
    assert policy.name == 'policy' and adaptation.parameters['paced_by'] == 'environment'
    environment, *_ = describe_graph('cartpole', {'use_sim_time': True})
    assert environment.parameters['publish_clock'] and not environment.parameters['use_sim_time']


@pytest.mark.parametrize('task, network', [('cartpole', 'cartpole_robust_0'),
                                           ('acrobot', 'acrobot_0')])
def test_a_robot_gets_a_robust_network_where_there_is_one(task, network, tmp_path):
    file = tmp_path / 'robot.yaml'
    file.write_text(f'/**: {{ros__parameters: {{model: {task}_1}}}}')
    for given, expected in (({}, network), ({'model': f'{task}_2'}, f'{task}_2'),
                            ({'params_file': str(file)}, f'{task}_1')):
        _, policy, _, adaptation = describe_graph(task, {'plant': 'robot', **given})
        assert policy.parameters['model'] == adaptation.parameters['model'] == expected
    for node in describe_graph(task, {}):
        assert 'model' not in node.parameters


def test_the_plant_may_be_named_in_a_file(tmp_path):
    file = tmp_path / 'plant.yaml'
    for plant, names in (('robot', ['environment', 'policy', 'watchdog', 'adaptation']),
                         ('pybullet', ['environment', 'policy', 'adaptation'])):
        file.write_text(f'/**: {{ros__parameters: {{plant: {plant}}}}}')
        nodes = describe_graph('cartpole', {'params_file': str(file)})
        assert [node.name for node in nodes] == names
        assert nodes[0].parameters['plant'] == plant


@pytest.mark.parametrize('values', [{'pole_mass': 'x'}, {'episodes': '1.5'}, {'adapt': 'maybe'},
                                    {'gravity': '-3'}, {'preset': 'best'}, {'strategy': 'best'},
                                    {'guard': 'best'},
                                    {'episodes': '0'}, {'log_level': 'loud'}, {'plant': 'x'},
                                    {'storage': 'x'}, {'policy_backend': 'gym'},
                                    {'lava_target': 'x'}, {'bag': '', 'plant': 'bag'}])
def test_bad_launch_arguments_are_refused(values):
    with pytest.raises(RstdpError, match=next(iter(values))):
        describe_graph('cartpole', read_arguments(all_arguments('cartpole'), values))


def test_an_earlier_name_of_an_argument_is_understood():
    declared = arguments('cartpole')
    assert read_arguments(declared, {'backend': 'pybullet', 'plant': '', 'adapt': 'False'}) == {
        'plant': 'pybullet', 'adapt': False}
    assert old_names(declared) == {'backend': 'plant', 'rule': 'strategy'}


def test_missing_files_are_named_before_anything_starts(tmp_path):
    bad = tmp_path / 'bad.yaml'
    bad.write_text('a: [')
    for values in ({'params_file': '/nix.yaml'}, {'model': 'nix.npz'}, {'params_file': str(bad)}):
        with pytest.raises(RstdpError, match=next(iter(values.values()))):
            describe_graph('cartpole', values)


@pytest.mark.skipif(importlib.util.find_spec('launch_ros') is None,
                    reason="ROS's launch and launch_ros are not on PyPI")
@pytest.mark.parametrize('make, executables', [
    (lambda bringup: bringup.launch_description('cartpole'),
     ['environment_node', 'policy_node', 'adaptation_node']),
    (lambda bringup: bringup.robot_launch_description(),
     ['environment_node', 'policy_node', 'watchdog_node', 'adaptation_node']),
    (lambda bringup: bringup.replay_launch_description(),
     ['replay_node', 'policy_node', 'adaptation_node'])])
def test_the_launch_files_describe_the_graph(make, executables):
    from launch.actions import DeclareLaunchArgument

    from launch import LaunchContext
    from rstdp_ros import bringup
    description = make(bringup)
    declared, *rest = description.entities[:-1]
    assert isinstance(declared, DeclareLaunchArgument) and declared.description and rest
    context = LaunchContext()
    context.launch_configurations['bag'] = 'some_bag'
    for action in description.entities[:-1]:
        action.execute(context)
    nodes = description.entities[-1].execute(context)
    assert [n.node_executable for n in nodes] == executables
