"""Runs that learned from made-up episodes."""

import numpy as np

from rstdp_ros.plasticity import AdaptationRun, make_learner

SEED = 200_000_000


def rasters(network, seed=0):
    generator = np.random.default_rng(seed)
    shape = (10, *network.raster_shape)
    return (generator.random(shape) < 0.2).astype(np.uint8)


def learned(network, folder=None, **choices):
    """Return a run that learned from three made-up episodes."""
    run = AdaptationRun(make_learner(network, SEED, 'default', **choices), folder)
    for i in range(3):
        run.finish_episode(rasters(network, i), 10.0 * i, episode_id=f'boot-{i}')
    return run
