"""The parts of an experiment, and its scale."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TYPE_CHECKING

from rstdp_ros.experiments.environments import DERIVED, TABLE_2
from rstdp_ros.experiments.jobs import Rows
from rstdp_ros.snn import SpikingQNetwork
from rstdp_ros.support.errors import RstdpError
from rstdp_ros.support.resources import model_path

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from pandas import DataFrame

# Large enough that no two runs of a network share a start.
SEED_STRIDE = 1000


@dataclass(frozen=True)
class Scale:
    """
    Sizes shared by several studies; a study's own are in its file, by name of the scale.

    :param networks: number per task; the first shipped ones.
    :param runs: number per network and guarded plant, each from its own seed.
    :param episodes: of adaptation per run; ``guarded_episodes`` without a validation set.
    :param selection_starts: episodes per measurement during a run; ``held_out_starts``: after it.
    :param models: files of further networks.
    :param rules: only these; () for all rules of a study.
    :param derived: the physics of random environments' derived fields.
    """

    name: str
    networks: int
    runs: int
    episodes: int
    guarded_episodes: int
    selection_starts: int
    held_out_starts: int
    models: tuple[str, ...] = ()
    rules: tuple[str, ...] = ()
    derived: tuple[str, ...] = DERIVED

    def chosen(self, rules: Sequence[str]) -> list[str]:
        """Return the requested ones of a study's rules."""
        return [rule for rule in rules if not self.rules or rule in self.rules]


SCALES: Mapping[str, Scale] = {scale.name: scale for scale in (
    Scale('full', networks=3, runs=5, episodes=250, guarded_episodes=100, selection_starts=100,
          held_out_starts=1000),
    Scale('small', networks=2, runs=2, episodes=25, guarded_episodes=30, selection_starts=20,
          held_out_starts=100),
    Scale('tiny', networks=1, runs=1, episodes=3, guarded_episodes=3, selection_starts=5,
          held_out_starts=10))}


@dataclass(frozen=True)
class Study:
    """
    An experiment.

    :param name: its name on the command line and in files.
    :param title: its subject.
    :param jobs: (task names, scale) -> jobs.
    :param run: job -> rows.
    :param tables: all rows -> tables by caption.
    :param figure: all rows -> a figure.
    :param reading: notes needed to judge it.
    :param tasks: its tasks; by default those of the paper.
    """

    name: str
    title: str
    jobs: Callable[[Sequence[str], Scale], list[Any]]
    run: Callable[[Any], Rows]
    tables: Callable[[DataFrame], dict[str, DataFrame]]
    figure: Callable[[DataFrame], Figure]
    reading: str
    tasks: Sequence[str] = tuple(TABLE_2)


@dataclass(frozen=True)
class NetworkJob:
    """The first fields of a job about one network: its task, and how to find it."""

    task: str
    network: str
    model: str
    digest: str


def networks(task: str, scale: Scale, robust: bool = False) -> list[tuple[str, str, str]]:
    """
    Return the networks that a study uses: the first shipped ones, then those given by file.

    :param robust: the shipped ones that were trained on random plants, instead of the paper's.
    :return: (name, reference for :func:`load`, digest) of each.
    """
    kind = f'{task}_robust' if robust else task
    shipped = [f'{kind}_{i}' for i in range(scale.networks)]
    found = [(Path(model).stem, model, SpikingQNetwork.load(model_path(model)))
             for model in (*shipped, *scale.models)]
    return [(name, model, network.digest) for name, model, network in found
            if network.task == task]


def has_robust(task: str) -> bool:
    """Say whether networks trained on random plants are shipped for a task."""
    return model_path(f'{task}_robust_0').exists()


def load(job: Any) -> SpikingQNetwork:
    """
    Load the network of a job.

    :raises RstdpError: it is not the network that the job was made for.
    """
    network = SpikingQNetwork.load(model_path(job.model))
    if network.digest != job.digest:
        raise RstdpError(f'{job.model} changed while the experiment ran')
    return network
