"""The content of a run's folder: the networks before and after, and the plant."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from rstdp_ros.plasticity.checkpoint import CheckpointStore
from rstdp_ros.snn import SpikingQNetwork
from rstdp_ros.support.errors import RstdpError
from rstdp_ros.support.parameter_files import PARAMETERS, read_parameter_file
from rstdp_ros.support.untrusted import refusing

# The demo writes the parameters of each node; a launch does not.
ENVIRONMENT = 'environment.yaml'


class RunFolder(NamedTuple):
    """
    A run according to its newest valid checkpoint.

    :param before: its first network; ``after``: the one it would deploy.
    :param environment: the environment node's parameters, {} if they were not written.
    """

    before: SpikingQNetwork
    after: SpikingQNetwork
    environment: Mapping[str, Any]


def read_run_folder(folder: Path, report: Callable[[str], None]) -> RunFolder:
    """
    Read a folder that ``demo`` or an adaptation node made.

    :param report: told of each skipped checkpoint, and why.
    :raises RstdpError: no usable checkpoint, or a damaged parameter file.
    """
    for path, state in CheckpointStore(folder, keep=1).states(report):
        with refusing(path):
            networks = state['initial'], state['guard']['deployed']
        if all(isinstance(network, SpikingQNetwork) for network in networks):
            return RunFolder(*networks, _environment(folder / ENVIRONMENT))
        report(f'{path}: checkpoint not used: it lacks a network')
    raise RstdpError(f'{folder}: holds no checkpoint of a run; give the folder that demo or '
                     'run_dir:= named')


def _environment(path: Path) -> Mapping[str, Any]:
    if not path.exists():
        return {}
    with refusing(path):
        (parameters,) = read_parameter_file(path).values()
        return dict(parameters[PARAMETERS])
