"""Model cards: what a network is, where it came from and how well it performs."""

from __future__ import annotations

from pathlib import Path
import platform
import textwrap

import numpy as np
import torch

from rstdp_ros.snn import SpikingQNetwork
from rstdp_ros.support import seeds
from rstdp_ros.tasks import get_task

HELD_OUT_STARTS = 1000

TEMPLATE = """# {name}

A spiking Q-network for `{task}`, {sizes} neurons, {ticks} ticks per observation, threshold
{threshold}, current decay {alpha}, potential decay {beta}.

| | |
|---|---|
| digest | `{digest}` |
| made by | `{command}` |
| episodes, steps | {episodes}, {steps} |
| chosen on | {validation_starts} validation starts from seed {validation_seed}: {validation:.2f} |
| held-out return | {mean:.2f}, standard deviation {std:.2f}, least {least:.0f} |
| held-out starts | {held_out_starts} from seed {held_out_seed}, used for nothing else |
{random_plants}| versions | rstdp_ros {code_version}, torch {torch}, numpy {numpy}, {machine} |

{plants}
"""
RANDOM_PLANTS = '| held-out return on random plants, one each | {:.2f}, least {:.0f} |\n'
ON_ONE_PLANT = (
    "It was trained on the task's default physics only. On other physics its return can fall far; "
    'that is what adaptation is for. It has never been near a real machine.')
ON_MANY = (
    'It was trained on plants drawn anew for every episode, log-uniform over {span}. On plants '
    'beyond, under friction or delay, and with sensors that err its return can fall far. It has '
    'never been near a real machine.')
WIDTH = 99


def write_card(network: SpikingQNetwork, path: Path) -> Path:
    """
    Evaluate a freshly trained network on held-out starts and write its card beside it.

    :param path: of the network file.
    :return: path of the card.
    """
    origin, task = network.metadata, get_task(network.task)
    starts = seeds.block(seeds.HELD_OUT, HELD_OUT_STARTS)
    returns = task.returns(network, starts)
    random_plants, plants = '', ON_ONE_PLANT
    if origin['settings']['random_plants']:
        on_random = task.returns(network, starts, [task.random_plant(s) for s in starts])
        random_plants = RANDOM_PLANTS.format(on_random.mean(), on_random.min())
        plants = ON_MANY.format(span=', '.join(
            f'{name} {least:g} to {largest:g}'
            for name, (least, largest) in task.plant_span.items()))
    card = path.with_suffix('.md')
    card.write_text(TEMPLATE.format(
        name=path.stem, task=network.task, sizes=list(network.sizes),
        **network.neuron.to_json(),
        digest=network.digest, command=_command(network), random_plants=random_plants,
        plants=textwrap.fill(plants, WIDTH),
        episodes=origin['episodes'], steps=origin['steps'],
        validation_starts=origin['settings']['validation_starts'],
        validation_seed=seeds.VALIDATION, validation=origin['validation_return'],
        mean=returns.mean(), std=returns.std(), least=returns.min(),
        held_out_starts=HELD_OUT_STARTS, held_out_seed=seeds.HELD_OUT,
        code_version=origin['code_version'], torch=torch.__version__, numpy=np.__version__,
        machine=f'{platform.system()} {platform.machine()}'))
    return card


def _command(network: SpikingQNetwork) -> str:
    """Return the command that trains this network."""
    origin, settings = network.metadata, network.metadata['settings']
    equal_scale, random_plants = bool(settings['observation_scale']), settings['random_plants']
    usual = get_task(network.task).settings(equal_scale=equal_scale,
                                           random_plants=random_plants)
    options = {f'--episodes {settings["episodes"]}': settings['episodes'] != usual.episodes,
               '--random-plants': random_plants, '--raw-observations': not equal_scale}
    return ' '.join(['rstdp_ros train', network.task, f'--seed {origin["seed"]}',
                     *(option for option, given in options.items() if given)])
