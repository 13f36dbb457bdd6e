"""A task's own plant: number for number its Gymnasium environment, and without Gymnasium."""

import subprocess
import sys

import numpy as np
import pytest

from rstdp_ros.support import seeds
from rstdp_ros.support.errors import RstdpError
from rstdp_ros.tasks import get_task
from rstdp_ros.tasks.gym import GymPlant

CHANGED = {'cartpole': {'pole_half_length': 0.7, 'actuator_delay': 0.03, 'dead_zone': 1.0,
                        'pole_velocity_factor': 1.1},
           'acrobot': {'link_length': 1.2, 'actuator_delay': 0.3, 'elbow_friction': 0.1}}


@pytest.mark.parametrize('name', CHANGED)
def test_its_episodes_are_those_of_the_gymnasium_environment(name):
    task = get_task(name)
    plants = task.make_plant(), GymPlant(task)
    assert plants[0].efforts == plants[1].efforts and plants[0].waits
    generator, ends = np.random.default_rng(0), set()
    for seed in seeds.block(seeds.SELECTION, 6):
        for plant in plants:
            plant.set_physics(task.physics())
        ours, theirs = (plant.reset(seed) for plant in plants)
        assert ours == theirs
        # Some efforts end a cart-pole's episode at once, others last to its limit.
        efforts, end, steps = generator.permutation(task.robot.efforts), '', 0
        while not end:
            if steps == 7:
                for plant in plants:
                    plant.set_physics(task.make_physics(CHANGED[name]))
            effort = float(efforts[steps % 2 if seed % 2 else generator.integers(len(efforts))])
            outcome, other = (plant.step(effort) for plant in plants)
            assert outcome == other
            end, steps = outcome.end, steps + 1
        ends.add(end)
    assert ends


def test_it_ends_at_the_limit_and_takes_the_tasks_efforts_only():
    task = get_task('acrobot')
    plant = task.make_plant()
    plant.reset(1)
    ends = [plant.step(0.0).end for _ in range(task.max_episode_steps)]
    assert ends == [''] * (task.max_episode_steps - 1) + ['truncated']
    with pytest.raises(RstdpError, match='effort 0.5 is none of'):
        plant.step(0.5)


def test_a_node_runs_it_without_gymnasium():
    code = ('import sys; sys.modules["gymnasium"] = None\n'
            'import rstdp_ros.nodes.tables, rstdp_ros.protocol.environment\n'
            'from rstdp_ros.tasks import get_task\n'
            'plant = get_task("cartpole").make_plant()\n'
            'plant.reset(1); print(plant.step(10.0).reward)')
    done = subprocess.run([sys.executable, '-c', code], capture_output=True, text=True)
    assert done.stdout.strip() == '1.0', done.stderr


def test_an_environment_without_gymnasium_is_one_sentence():
    code = ('import sys; sys.modules["gymnasium"] = None\n'
            'from rstdp_ros.cli.main import main\n'
            'sys.exit(main(["adapt", "cartpole", "--env", "CartPole-v1"]))')
    done = subprocess.run([sys.executable, '-c', code], capture_output=True, text=True)
    assert done.returncode == 2 and done.stderr.count('\n') == 1
    assert 'pip install "rstdp_ros[gymnasium]"' in done.stderr
