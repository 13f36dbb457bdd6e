"""
A node that kills itself at one exact point, once.

``python -m crash`` runs the real node that a parameter file of the runner is for; its ``crash``
names the point. A file beside it remembers the death, so that the node lives when it is started
again.
"""

from collections.abc import Callable
import itertools
import os
from pathlib import Path
import signal
import sys
from typing import NamedTuple

from rclpy.publisher import Publisher
import yaml

from rstdp_ros.nodes import adaptation, environment, policy
from rstdp_ros.nodes.environment import EnvironmentNode
from rstdp_ros.plasticity.checkpoint import CheckpointStore
from rstdp_ros.tasks.equations import EquationsPlant

NODES = {'environment': environment, 'policy': policy, 'adaptation': adaptation}
CRASHED = '.crashed'


class Point(NamedTuple):
    """
    A moment: just before or after the work of a certain call of a method.

    :param count: number of the call, from 1.
    :param concerns: whether a call counts, by its arguments.
    """

    owner: type
    method: str
    count: int
    after: bool = False
    concerns: Callable[..., bool] = lambda *arguments: True


def before_publishing(topic: str, count: int) -> Point:
    """Name the moment when a message is ready but not sent."""
    return Point(Publisher, 'publish', count,
                 concerns=lambda publisher, _: publisher.topic_name.endswith(f'/{topic}'))


# The counts keep the deaths within one run some episodes apart, except that environment and
# adaptation die at the same episode's end: between end and reward, and while it is written.
POINTS = {
    'between reset and reply': Point(EnvironmentNode, '_on_reset', 9, after=True),
    'in mid-step': Point(EquationsPlant, 'step', 1000, after=True),
    'between end and reward': before_publishing('episode_reward', 6),
    'between spikes and action': before_publishing('action', 100),
    'between new weights and their report': before_publishing('weights_active', 4),
    'after the end and before the checkpoint': Point(CheckpointStore, 'save', 6),
    'while the checkpoint is written': Point(os, 'replace', 6),
    'after the checkpoint and before publishing': before_publishing('weights', 6),
}


def arm(point: Point, marker: Path) -> None:
    """Make this process die when it reaches a point, unless it has done so before."""
    if marker.exists():
        return
    work, calls = getattr(point.owner, point.method), itertools.count(1)

    def work_and_die(*arguments, **options):
        fatal = point.concerns(*arguments) and next(calls) == point.count
        if fatal and not point.after:
            die(marker)
        result = work(*arguments, **options)
        if fatal:
            die(marker)
        return result

    setattr(point.owner, point.method, work_and_die)


def die(marker: Path) -> None:
    """Die without a chance to clean up."""
    marker.touch()
    os.kill(os.getpid(), signal.SIGKILL)


def main() -> None:
    """Run the node."""
    file = Path(sys.argv[sys.argv.index('--params-file') + 1])
    content = yaml.safe_load(file.read_text())
    # The node itself has no such parameter and would refuse it.
    point = content['/**']['ros__parameters'].pop('crash')
    own = file.with_suffix('.own.yaml')
    own.write_text(yaml.safe_dump(content))
    sys.argv[sys.argv.index(str(file))] = str(own)
    arm(POINTS[point], file.with_suffix(CRASHED))
    NODES[file.stem].main()


if __name__ == '__main__':
    main()
