"""What an experiment of ours is made of, and how large it is to be."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TYPE_CHECKING

from rstdp_ros.experiments.environments import DERIVED
from rstdp_ros.experiments.jobs import Rows
from rstdp_ros.snn import SpikingQNetwork
from rstdp_ros.support.errors import RstdpError
from rstdp_ros.support.resources import model_path

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from pandas import DataFrame

# Far enough apart that no two runs of a network share a start.
SEED_STRIDE = 1000
# The mean return from which on a plant counts as mastered (for the cart-pole also Packer et al.
# 2018).
SOLVED: Mapping[str, float] = {'cartpole': 195.0, 'acrobot': -100.0}
# What experiments have been set up for: the tasks of the paper.
STUDIED = tuple(SOLVED)


@dataclass(frozen=True)
class Scale:
    """
    How much of everything.

    :param networks: per task; the first shipped ones.
    :param sets: random environments per range, for all rules.
    :param wide_sets: likewise, for r-STDP and one control.
    :param runs: per network and guarded plant, from a seed each.
    :param episodes: of adaptation per run; ``guarded_episodes`` without a validation set.
    :param selection_starts: episodes per measurement during a run; likewise held_out_starts after.
    :param plants: random plants that stay, for the comparison of guards; likewise changes.
    :param levels: changed values per parameter in a sweep.
    :param direction_sets: extreme environments of the direction test.
    :param quantized_runs: per network and kind of weights.
    :param training_runs: per condition; likewise training_episodes.
    :param identified: plants to identify, per task; likewise lacking, with friction left out.
    :param models: files of further networks.
    :param rules: only these; () for all that a study has.
    :param derived: what derived fields do in random environments.
    """

    networks: int = 3
    sets: int = 10
    wide_sets: int = 100
    runs: int = 5
    episodes: int = 250
    guarded_episodes: int = 100
    selection_starts: int = 100
    held_out_starts: int = 1000
    levels: int = 5
    training_runs: int = 3
    training_episodes: int = 400
    direction_sets: int = 50
    quantized_runs: int = 10
    plants: int = 40
    changes: int = 15
    identified: int = 150
    lacking: int = 50
    models: tuple[str, ...] = ()
    rules: tuple[str, ...] = ()
    derived: tuple[str, ...] = DERIVED

    def chosen(self, rules: Sequence[str]) -> list[str]:
        """Return those of a study's rules that are wanted."""
        return [rule for rule in rules if not self.rules or rule in self.rules]


SCALES: Mapping[str, Scale] = {
    'full': Scale(),
    'small': Scale(networks=2, runs=2, sets=2, wide_sets=4, episodes=25, guarded_episodes=30,
                   selection_starts=20, held_out_starts=100, levels=2, training_runs=1,
                   training_episodes=30, direction_sets=4, quantized_runs=2, plants=2, changes=2,
                   identified=6, lacking=3),
    'tiny': Scale(networks=1, runs=1, sets=1, wide_sets=1, episodes=3, guarded_episodes=3,
                  selection_starts=5, held_out_starts=10, levels=1, training_runs=1,
                  training_episodes=1, direction_sets=2, quantized_runs=1, plants=1,
                  changes=1, identified=2, lacking=1),
}


@dataclass(frozen=True)
class Study:
    """
    An experiment.

    :param name: on the command line, and of its files.
    :param title: what it shows.
    :param jobs: (task names, scale) -> jobs.
    :param run: job -> rows.
    :param tables: all rows -> tables by caption.
    :param figure: all rows -> a figure.
    :param reading: what a reader should know to judge it.
    """

    name: str
    title: str
    jobs: Callable[[Sequence[str], Scale], list[Any]]
    run: Callable[[Any], Rows]
    tables: Callable[[DataFrame], dict[str, DataFrame]]
    figure: Callable[[DataFrame], Figure]
    reading: str


def networks(task: str, scale: Scale, robust: bool = False) -> list[tuple[str, str, str]]:
    """
    Return the networks that a study uses: the first shipped ones, then those given by file.

    :param robust: the shipped ones that were trained on random plants, instead of the paper's.
    :return: (name, what :func:`load` finds it by, digest) of each.
    """
    kind = f'{task}_robust' if robust else task
    shipped = [f'{kind}_{i}' for i in range(scale.networks)]
    found = [(Path(model).stem, model, SpikingQNetwork.load(model_path(model)))
             for model in (*shipped, *scale.models)]
    return [(name, model, network.digest) for name, model, network in found
            if network.task == task]


def has_robust(task: str) -> bool:
    """Say whether networks that were trained on random plants are shipped for a task."""
    return model_path(f'{task}_robust_0').exists()


def load(job: Any) -> SpikingQNetwork:
    """
    Load the network of a job.

    :raises RstdpError: it is not the one that the job was made for.
    """
    network = SpikingQNetwork.load(model_path(job.model))
    if network.digest != job.digest:
        raise RstdpError(f'{job.model} changed while the experiment ran')
    return network
