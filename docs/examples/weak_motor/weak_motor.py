"""
A study for rstdp_ros in a package of its own: what a weaker motor costs a cart-pole.

``pip install ./docs/examples/weak_motor``, then ``rstdp_ros reproduce --help`` lists it, and
``rstdp_ros reproduce weak-motor --scale small`` runs it.
"""

from dataclasses import dataclass

from rstdp_ros.drawing import plotting
from rstdp_ros.experiments.study import load, NetworkJob, networks, Study
from rstdp_ros.support import seeds
from rstdp_ros.tasks import get_task

# Force of the motor in percent of what is commanded, by scale.
PERCENT = {'full': (100, 50, 40, 30, 20, 10), 'small': (100, 50, 20), 'tiny': (100, 20)}
COMMANDED = 10.0


@dataclass(frozen=True)
class Measurement(NetworkJob):
    """One network with one motor."""

    percent: int
    starts: int


def jobs(tasks, scale):
    """List the measurements."""
    return [Measurement(task, *network, percent, scale.held_out_starts)
            for task in tasks for network in networks(task, scale)
            for percent in PERCENT[scale.name]]


def run(job):
    """Measure on held-out starts; one row."""
    task, network = get_task(job.task), load(job)
    physics = task.make_physics({'force_magnitude': COMMANDED * job.percent / 100})
    returns = task.returns(network, seeds.block(seeds.HELD_OUT, job.starts), physics)
    return [{'network': job.network, 'percent': job.percent, 'return': float(returns.mean())}]


def tables(data):
    """Return means and extremes over networks."""
    spread = data.groupby('percent', sort=False)['return'].agg(['mean', 'min', 'max'])
    return {'Mean return on held-out starts, over networks': spread.reset_index()}


def figure(data):
    """Draw a line per network."""
    result, (axis,) = plotting.panels(1)
    for network, part in data.groupby('network', sort=False):
        axis.plot(part['percent'], part['return'], marker='o', label=network)
    axis.set(xlabel='force, percent', ylabel='mean return on held-out starts')
    axis.legend(fontsize='small')
    return result


STUDY = Study(
    'weak-motor', 'What a weaker motor costs', jobs, run, tables, figure,
    'Nothing learns here: these are the shipped networks as they are.', tasks=('cartpole',))
