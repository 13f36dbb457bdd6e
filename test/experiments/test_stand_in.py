"""Stand-in robots of the tasks, in virtual time."""

from dataclasses import replace

import numpy as np
import pytest

from rstdp_ros.cli.main import main
from rstdp_ros.experiments.stand_in import stand_in_returns
from rstdp_ros.snn import SpikingQNetwork
from rstdp_ros.support import seeds
from rstdp_ros.support.errors import RstdpError
from rstdp_ros.support.plugins import TASKS
from rstdp_ros.support.resources import model_path
from rstdp_ros.tasks import get_task
from rstdp_ros.tasks.stand_in import StandInParameters

STARTS = seeds.block(seeds.SELECTION, 3)


@pytest.mark.parametrize('name, enough', [('cartpole', 190.0), ('acrobot', -200.0)])
def test_a_shipped_network_works_on_a_decent_machine(name, enough):
    network = SpikingQNetwork.load(model_path(f'{name}_0'))
    physics = get_task(name).as_stand_in().physics()
    returns, again = (stand_in_returns(network, STARTS, physics, StandInParameters())
                      for _ in range(2))
    assert np.array_equal(returns, again) and returns.mean() > enough


def test_a_task_without_a_machine_has_no_stand_in(cartpole, monkeypatch, capsys):
    task = replace(cartpole, machine=None)
    with pytest.raises(RstdpError, match='no stand-in robot for the cartpole'):
        task.as_stand_in()
    monkeypatch.setitem(TASKS._loaded, 'cartpole', task)
    assert main(['demo', 'cartpole', '--robot']) == 2
    assert 'no stand-in robot for the cartpole' in capsys.readouterr().err
