"""The graph itself: real processes over real DDS, compared bit for bit with the offline run."""

import importlib.util
import json
import signal
import subprocess
import sys
import time

from forking import Supervisor
from graphs import (
    children,
    commands_in,
    demo_graph,
    digests_in,
    offline,
    PATIENCE,
    probe,
    SEED,
    start_demo,
    wait_for,
    wait_for_robot,
)
import pytest

from rstdp_ros.bringup import describe_graph, NodeDescription
from rstdp_ros.plasticity import make_learner
from rstdp_ros.plasticity.run import ADAPTED, EPISODES, read_records
from rstdp_ros.snn import SpikingQNetwork
from rstdp_ros.support.errors import RstdpError
from rstdp_ros.support.resources import share_path
from rstdp_ros.tasks import get_task

pytestmark = pytest.mark.skipif(importlib.util.find_spec('rclpy') is None,
                                reason='ROS 2 is not installed')


def test_two_graphs_at_once_equal_two_offline_runs(domain, tmp_path, cartpole, shipped,
                                                   demo_physics):
    runs = {namespace: SEED + 500 * i for i, namespace in enumerate(('a', 'b'))}
    demos = {ns: start_demo(tmp_path / ns, '--namespace', ns, '--seed', seed, '--episodes', 20)
             for ns, seed in runs.items()}
    for namespace, seed in runs.items():
        output, errors = demos[namespace].communicate(timeout=PATIENCE)
        assert demos[namespace].returncode == 0, errors
        result = json.loads(output)
        digests = [episode['digest'] for episode in result['episodes']]
        assert digests == offline(cartpole, shipped, demo_physics, 20, seed)
        network = SpikingQNetwork.load(tmp_path / namespace / ADAPTED)
        assert network.digest == result['deployed_digest']
        assert (tmp_path / namespace / 'returns.png').exists()
        assert not children(tmp_path / namespace)


def test_the_acrobot_adapts_as_offline(domain, tmp_path):
    demo = start_demo(tmp_path, '--episodes', 8, task='acrobot')
    output, errors = demo.communicate(timeout=PATIENCE)
    assert demo.returncode == 0, errors
    task = get_task('acrobot')
    assert [episode['digest'] for episode in json.loads(output)['episodes']] == offline(
        task, SpikingQNetwork.load(share_path('models/acrobot_0.npz')),
        task.make_physics(task.demo_physics), 8)

@pytest.mark.long
def test_killed_nodes_change_nothing(domain, tmp_path, cartpole, shipped, demo_physics):
    with demo_graph(tmp_path, 24) as supervisor:
        for count, name in ((4, 'environment'), (9, 'policy'), (14, 'adaptation'),
                            (18, 'policy'), (20, 'environment')):
            wait_for(lambda n=count: len(digests_in(tmp_path)) >= n, supervisor)
            supervisor.children[name].process.kill()
        wait_for((tmp_path / ADAPTED).exists, supervisor)
    assert digests_in(tmp_path) == offline(cartpole, shipped, demo_physics, 24)


def test_rubbish_on_every_topic_changes_nothing(domain, tmp_path, cartpole, shipped,
                                                demo_physics):
    with demo_graph(tmp_path, 20, real_time_factor=5) as supervisor:
        wait_for(lambda: digests_in(tmp_path), supervisor)
        counted = probe('malformed')
        for node, kind, least in (
                ('policy', 'observations refused', 6), ('policy', 'weights refused', 3),
                ('environment', 'actions refused', 3), ('adaptation', 'spikes refused', 4),
                ('adaptation', 'episode ends refused', 2),
                ('adaptation', 'episode rewards refused', 1)):
            assert int(counted[node][kind]) >= least, kind
            assert counted[node]['last fault'] != 'none'
        assert supervisor.poll() == []
        assert probe('set_parameters', [['environment', 'real_time_factor', 0]]) == ['']
        wait_for((tmp_path / ADAPTED).exists, supervisor)
        assert supervisor.poll() == []
    assert digests_in(tmp_path) == offline(cartpole, shipped, demo_physics, 20)


def test_sliders_made_from_descriptors_set_their_parameters(domain, tmp_path):
    with demo_graph(tmp_path, 1_000_000, real_time_factor=1) as supervisor:
        wait_for(lambda: digests_in(tmp_path), supervisor)
        stuck = [each for node in ('environment', 'policy', 'adaptation')
                 for each in probe('stuck', node)]
        assert supervisor.poll() == []
    # A simulated plant takes its two efforts only: a limit below them is refused with the reason.
    assert [each[:2] for each in stuck] == [['effort_limit', 0.0], ['effort_slew_limit', 0.0]]
    assert all('raise effort_limit or effort_slew_limit' in reason for *_, reason in stuck)


def test_parameters_while_it_runs(domain, tmp_path, cartpole, shipped):
    with demo_graph(tmp_path, 1000, real_time_factor=1) as supervisor:
        wait_for(lambda: digests_in(tmp_path), supervisor)
        answers = probe('set_parameters', [
            ['environment', 'pole_half_length', 1], ['environment', 'pole_mass', -1.0],
            ['environment', 'pole_mass', 'nan'], ['environment', 'gravity', 'low'],
            ['environment', 'task', 'segway'], ['adaptation', 'tau_c', 20],
            ['adaptation', 'window', 0], ['adaptation', 'seed', 3],
            ['environment', 'real_time_factor', 0], ['environment', 'task', 'acrobot']])
        good, refused = [0, 5, 8], [1, 2, 3, 4, 6, 7, 9]
        assert [answers[i] for i in good] == [''] * len(good)
        for i, words in zip(refused, ('pole_mass out of range', 'must be a float',
                                      'must be a float', 'not one of', 'window out of range',
                                      'start', 'start')):
            assert words in answers[i]
        for node in ('environment', 'policy', 'adaptation'):
            assert probe('unbounded', node) == []
        text, constraints = probe('describe', 'environment', 'pole_half_length')
        assert 'pole' in text and 'unit m' in constraints and '<= 10' in constraints
        # How many episodes pass before the calls arrive depends on the machine.
        adapted = len(digests_in(tmp_path))
        wait_for(lambda: len(digests_in(tmp_path)) >= adapted + 4, supervisor)
        assert probe('set_parameters', [['adaptation', 'episodes', 1]]) == ['']
        wait_for((tmp_path / ADAPTED).exists, supervisor)
    changed = digests_in(tmp_path)
    expected = offline(cartpole, shipped, cartpole.make_physics(cartpole.demo_physics),
                       len(changed))
    assert changed[:1] == expected[:1] and changed[-3:] != expected[-3:]


def test_services(domain, tmp_path):
    with demo_graph(tmp_path, 1000) as supervisor:
        wait_for(lambda: len(digests_in(tmp_path)) >= 12, supervisor)
        assert probe('trigger', 'adaptation/save')[0]
        assert SpikingQNetwork.load(tmp_path / ADAPTED).task == 'cartpole'
        assert probe('enable', False)[0]
        success, reason = probe('trigger', 'environment/reset')
        assert not success and 'enable' in reason
        before = len(digests_in(tmp_path))
        time.sleep(0.5)
        assert len(digests_in(tmp_path)) == before
        wait_for(lambda: probe('enable', True)[0], supervisor)
        wait_for(lambda: len(digests_in(tmp_path)) > before, supervisor)
        assert probe('trigger', 'adaptation/rollback')[0]
        first = digests_in(tmp_path)[:3]
        assert probe('trigger', 'adaptation/restart')[0]
        wait_for(lambda: len(digests_in(tmp_path)) >= 3, supervisor)
        assert digests_in(tmp_path)[:3] == first
        names, position, velocity, episode_id = probe('joint_names', 3)[-1]
        assert names == ['slider_to_cart', 'cart_to_pole'] and '-' in episode_id
        assert len(position) == len(velocity) == 2


def test_without_adaptation_the_policy_goes_on(domain, tmp_path):
    with Supervisor(describe_graph('cartpole', {'adapt': False}), tmp_path) as supervisor:
        ids = {row[3] for row in probe('joint_names', 800)}
        assert len(ids) >= 2 and supervisor.poll() == []
        # The parameter tells the start of the next episode, though it may be the same again.
        assert probe('seeds_after_resets', 5, 3) == [5, 5, 5]
        assert supervisor.poll() == []


def test_reward_by_hand(domain, tmp_path):
    environment, policy, adaptation = describe_graph('cartpole', {
        'run_dir': str(tmp_path), 'strategy': 'rstdp'})
    nodes = [NodeDescription('environment', {**environment.parameters, 'publish_reward': False}),
             policy, NodeDescription('adaptation', {**adaptation.parameters,
                                                    'reward_source': 'topic'})]
    with Supervisor(nodes, tmp_path) as supervisor:
        # More than an episode can return.
        values = probe('give_rewards', 1500.0, 'episode rewards refused', 1)
        assert '1500 was ignored' in values['last fault']
        probe('give_rewards', 150.0, 'episodes learned', 3)
        assert supervisor.poll() == []
    assert len(digests_in(tmp_path)) >= 3
    records = read_records(tmp_path / EPISODES)
    assert {record.episode_return for record in records} == {150.0}


def test_listening_to_an_environment_that_paces_itself(domain, tmp_path, cartpole, shipped,
                                                       demo_physics):
    environment, policy, adaptation = describe_graph(
        'cartpole', {'run_dir': str(tmp_path), 'seed': 7, 'pole_mass': 0.3,
                     'pole_half_length': 0.8, 'strategy': 'rstdp'})
    nodes = [NodeDescription('environment', {**environment.parameters, 'auto_reset': True}),
             policy, NodeDescription('adaptation', {**adaptation.parameters,
                                                    'paced_by': 'environment'})]
    # A perfect episode changes nothing, and which episodes are heard is up to the clock.
    with Supervisor(nodes, tmp_path):
        wait_for(lambda: len(set(digests_in(tmp_path))) >= 4)
    records = read_records(tmp_path / EPISODES)
    seeds = [record.seed for record in records]
    assert seeds == sorted(set(seeds)) and seeds[0] >= 7
    learner = make_learner(shipped, 7, 'default')
    for record in records:
        episode = cartpole.episode(learner.running, record.seed, demo_physics)
        assert learner.learn(*episode, seed=record.seed).digest == record.digest

@pytest.mark.long
def test_real_time_goes_on_after_the_policy_died(domain, tmp_path):
    with demo_graph(tmp_path, 1000, clock='realtime') as supervisor:
        wait_for(lambda: len(digests_in(tmp_path)) >= 2, supervisor)
        supervisor.children['policy'].process.kill()
        before = len(digests_in(tmp_path))
        counted = probe('diagnostics_with', 'environment', 'episodes aborted')
        assert int(counted['cycles']) > 20
        assert float(counted['observation to action, 99th percentile (ms)']) > 0
        wait_for(lambda: len(digests_in(tmp_path)) >= before + 3, supervisor)
        assert probe('set_parameters', [
            ['environment', 'joint_limits.cart_to_pole.max_velocity', 1e-6]]) == ['']
        wait_for(lambda: 'velocity of cart_to_pole' in (tmp_path / 'adaptation.log').read_text(),
                 supervisor)

@pytest.mark.long
def test_a_robot_moves_only_when_enabled_and_stops_when_the_policy_dies(domain, tmp_path):
    record, patience = tmp_path / 'commands', 1.0
    environment, *others = describe_graph('cartpole', {
        'run_dir': str(tmp_path), 'plant': 'robot', 'strategy': 'rstdp', 'model': 'cartpole_0'})
    # A machine that does much else must not look like a fault.
    nodes = [NodeDescription('environment', {**environment.parameters, 'sensor_timeout': patience,
                                             'action_timeout': patience}), *others,
             NodeDescription('stand_in', {'record': str(record), 'pole_half_length': 0.8,
                                          'pole_mass': 0.3})]
    with Supervisor(nodes, tmp_path) as supervisor:
        log = tmp_path / 'adaptation.log'
        wait_for(lambda: log.exists() and 'call ~/enable' in log.read_text(), supervisor)
        assert not any(effort for _, effort in commands_in(record))
        wait_for_robot(lambda: len(digests_in(tmp_path)) >= 4, supervisor)
        supervisor.children['policy'].process.kill()
        killed = time.monotonic()
        # Nobody starts it again yet: between two episodes it might be back before it is missed.
        wait_for(lambda: 'no action within' in log.read_text())
        last = [at for at, effort in commands_in(record) if effort]
        assert last[-1] < killed + patience + 2 * 0.02 + 0.5  # ... and a slow one a bit longer
        time.sleep(1.0)
        learned = len(digests_in(tmp_path))
        assert commands_in(record)[-1][1] == 0.0
        wait_for(lambda: 'ready' in (tmp_path / 'policy.log').read_text().split('ready', 1)[-1],
                 supervisor)
        success, reason = probe('trigger', 'environment/reset')
        assert not success and 'no action within' in reason
        wait_for_robot(lambda: len(digests_in(tmp_path)) > learned, supervisor)
        wait_for_robot(lambda: commands_in(record)[-1][1], supervisor)
        supervisor.children['environment'].process.kill()
        killed = time.monotonic()
        wait_for(lambda: not commands_in(record)[-1][1])
        # Zero is sent again and again: the first one counts.
        zero = next(at for at, effort in commands_in(record) if at > killed and not effort)
        assert zero < killed + 1.0
    commands = commands_in(record)
    assert commands[-1][1] == 0.0
    assert {effort for _, effort in commands} == {-10.0, 0.0, 10.0}


def test_ctrl_c_keeps_what_was_learned(domain, tmp_path):
    demo = start_demo(tmp_path, '--episodes', 10_000)
    wait_for(lambda: len(digests_in(tmp_path)) >= 12)
    demo.send_signal(signal.SIGINT)
    output, errors = demo.communicate(timeout=30)
    assert demo.returncode == 130 and 'keeping what was learned' in errors
    result = json.loads(output)
    assert len(result['episodes']) >= 12
    assert SpikingQNetwork.load(tmp_path / ADAPTED).digest == result['deployed_digest']
    assert not children(tmp_path)


def test_a_killed_runner_leaves_no_orphans(domain, tmp_path):
    demo = start_demo(tmp_path, '--episodes', 10_000)
    wait_for(lambda: len(digests_in(tmp_path)) >= 1)
    demo.kill()
    demo.communicate()
    wait_for(lambda: not children(tmp_path))


@pytest.mark.parametrize('node, parameter, reason', [
    ('policy', 'model:=nix.npz', 'no such file'),
    ('environment', 'pole_mass:=-1.0', 'below its minimum'),
    ('environment', 'pole_mass:=.nan', 'finite'),
    ('environment', 'env_id:=Nothing-v0', 'cannot be made'),
    ('adaptation', 'episodes:=0', 'below its minimum'),
    ('adaptation', 'strategy:=magic', 'not one of')])
def test_a_node_that_cannot_work_says_why_and_exits(domain, node, parameter, reason):
    done = subprocess.run([sys.executable, '-m', f'rstdp_ros.nodes.{node}', '--ros-args', '-p',
                           parameter], capture_output=True, text=True, timeout=60)
    assert done.returncode == 2
    assert reason in done.stderr.strip().splitlines()[-1]


def test_the_runner_gives_up_on_a_node_that_cannot_work(domain, tmp_path):
    nodes = [NodeDescription('policy', {'model': 'nix.npz'})]
    with Supervisor(nodes, tmp_path) as supervisor, pytest.raises(RstdpError, match='nix.npz'):
        wait_for(lambda: False, supervisor)
