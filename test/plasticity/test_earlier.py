"""What earlier versions wrote goes on: bags, run folders and parameter files in data/earlier."""

import shutil

from places import ROOT
import pytest

from rstdp_ros.experiments.adaptation import Adaptation
from rstdp_ros.nodes.names import refuse_unknown_in_file
from rstdp_ros.plasticity import AdaptationRun, Recipe
from rstdp_ros.plasticity.run import EPISODES, read_records
from rstdp_ros.support.parameter_files import read_parameter_file
from rstdp_ros.tasks import get_task

EARLIER = ROOT / 'test/data/earlier'


@pytest.mark.parametrize('storage', ['mcap', 'sqlite3'])
def test_bags_are_replayed_bit_for_bit(storage):
    pytest.importorskip('rosbags')
    from bag_maker import digests, replayed
    steps, notes, _ = replayed(EARLIER / storage)
    assert digests(steps) == [r.digest for r in read_records(EARLIER / f'{storage}.jsonl')]
    assert not notes


def test_a_run_goes_on_with_its_parameter_file(tmp_path, shipped, demo_physics):
    path = EARLIER / 'adaptation.yaml'
    content = read_parameter_file(path)
    refuse_unknown_in_file(str(path), content, 'cartpole')
    values = content['/**']['ros__parameters']
    shutil.copytree(EARLIER / 'run', tmp_path / 'run')
    recipe = Recipe.of('cartpole', values['seed'], values['rule'], values['guard'],
                       values['preset']).with_values(values)
    assert recipe.guard_parameters.window == 2 and recipe.bounds.max_update == 0.1
    adaptation = Adaptation(get_task('cartpole'), shipped, demo_physics, 6, recipe)
    run = AdaptationRun(adaptation.learner(), tmp_path / 'run')
    assert run.resume(pytest.fail) and run.learner.episode == 4
    for _ in range(2):
        run.finish_episode(*adaptation.task.episode(run.learner.running, run.learner.next_seed,
                                                    demo_physics))
    assert (read_records(tmp_path / 'run' / EPISODES)
            == read_records(EARLIER / 'run' / EPISODES))
