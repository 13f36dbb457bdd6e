"""A thousand damaged files of each kind: one sentence each, soon, and in little memory."""

from copy import deepcopy
import json

from made_up import learned, rasters, SEED
from mutations import mutants, survives
import numpy as np
import pytest

from rstdp_ros.plasticity import (
    make_learner,
)
from rstdp_ros.plasticity.checkpoint import decode, encode
from rstdp_ros.plasticity.run import AdaptationRun, EPISODES, read_records
from rstdp_ros.snn import quantize, SpikingQNetwork
from rstdp_ros.snn.files import network_to_bytes
from rstdp_ros.support.errors import RstdpError
from rstdp_ros.support.parameter_files import read_changes, read_parameter_file
from rstdp_ros.support.resources import share_path
from rstdp_ros.support.untrusted import read_file
from rstdp_ros.tasks import urdf

COUNT = 1000


@pytest.mark.fault('files', '1,000 damaged network files', '32 tracebacks')
def test_damaged_networks(shipped, tmp_path, measured):
    def read(path):
        network = SpikingQNetwork.load(path)
        network.infer(np.zeros(network.observation_size))
        network.save(path)
    contents = [*mutants(network_to_bytes(shipped), 1, COUNT // 2),
                *mutants(network_to_bytes(quantize(shipped)), 2, COUNT // 2)]
    measured(str(survives(read, tmp_path / 'x.npz', contents)))


@pytest.mark.fault('files', '1,000 damaged checkpoints', '9 tracebacks')
def test_damaged_checkpoints(shipped, tmp_path, measured):
    good = [encode(learned(shipped, strategy=rule, guard=guard).learner.state())
            for rule, guard in (('rstdp', 'snapshot'), ('random', 'none'))]
    learners = {name: make_learner(shipped, SEED, 'default', name, guard=guard)
                for name, guard in (('rstdp', 'snapshot'), ('random', 'none'))}

    def read(path):
        state = decode(read_file(path, 10**8), str(path))
        for learner in deepcopy(list(learners.values())):
            before = encode(learner.state())
            try:
                learner.restore(state)
            except RstdpError as error:
                refusal = error
                assert encode(learner.state()) == before  # all of it or nothing
                continue
            for i in range(2):
                learner.learn(rasters(shipped, i), 1.0)
            assert encode(learner.state())
            return
        raise refusal
    contents = [content for i in range(2) for content in mutants(good[i], i, COUNT // 2)]
    measured(str(survives(read, tmp_path / 'x.npz', contents)))


@pytest.mark.fault('files', '1,000 damaged episode logs', '312 tracebacks')
def test_damaged_logs(shipped, tmp_path, measured):
    run = learned(shipped, tmp_path / 'run')
    log = run.folder / EPISODES

    def read(path):
        [str(record) for record in read_records(path)]
        assert learned_again.resume(lambda reason: None)
    learned_again = AdaptationRun(make_learner(shipped, SEED, 'default'), run.folder)
    measured(str(survives(read, log, mutants(log.read_bytes(), 1, COUNT))))


@pytest.mark.fault('files', '1,000 damaged ROS parameter files', '16 tracebacks')
def test_damaged_parameter_files(tmp_path, measured):
    good = share_path('config/cartpole.yaml').read_bytes()
    measured(str(survives(read_parameter_file, tmp_path / 'x.yaml', mutants(good, 1, COUNT))))


@pytest.mark.fault('files', '1,000 damaged URDF files', '874 tracebacks')
def test_damaged_urdf(cartpole, tmp_path, monkeypatch, measured):
    good = share_path('urdf/cartpole.urdf').read_bytes()
    monkeypatch.setattr(urdf, 'share_path', lambda relative: tmp_path / 'x.urdf')
    measured(str(survives(lambda path: urdf.describe(cartpole), tmp_path / 'x.urdf',
                          mutants(good, 1, COUNT))))


@pytest.mark.fault('files', '1,000 damaged files of saved parameters', 'no traceback')
def test_damaged_saved_parameters(tmp_path, measured):
    saved = {'tau_c': [15.0, 20.0], 'modulation': ['paper', 'authors'], 'window': [10, 5],
             'reset_traces': [True, False], 'max_weight': [0.0, 1]}
    measured(str(survives(read_changes, tmp_path / 'parameters.json',
                          mutants(json.dumps(saved).encode(), 1, COUNT))))
