"""What happened in a run, from the messages of its bag."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, fields
from typing import NamedTuple

import numpy as np

from rstdp_ros.bags.reader import Bag
from rstdp_ros.errors import RstdpError
from rstdp_ros.plasticity import Recipe
from rstdp_ros.protocol.reading import read_raster, read_weights, to_nanoseconds
from rstdp_ros.snn import SpikingQNetwork
from rstdp_ros.untrusted import refusing, shortened

# What a publication says in whole numbers and in words.
KINDS_OF = {**dict.fromkeys(('learned', 'rollbacks', 'run_seed', 'seed', 'observations'), int),
            **dict.fromkeys(('running', 'deployed', 'episode_id', 'initial', 'event'), str)}


class Raster(NamedTuple):
    """
    The spikes of an observation.

    :param spikes: (T, h1 + h2) uint8 of 0 and 1.
    """

    episode_id: str
    stamp: int
    spikes: np.ndarray


@dataclass(frozen=True)
class Publication:
    """
    A network on ``weights``, and where the run stood when adaptation sent it.

    The fields are those of :meth:`Learner.labelled`; what only exists once something was learned
    is empty before.
    """

    network: SpikingQNetwork
    learned: int
    rollbacks: int
    run_seed: int
    running: str
    deployed: str
    recipe: Recipe | None = None
    seed: int = 0
    episode_id: str = ''
    episode_return: float = 0.0
    observations: int = 0
    initial: str = ''
    event: str = ''

    @classmethod
    def parse(cls, network: SpikingQNetwork) -> Publication:
        """
        Read the metadata.

        :raises RstdpError: they lack something, or hold parameters of another release.
        """
        known = {f.name for f in fields(cls)} - {'network', 'recipe'}
        values = {k: v for k, v in network.metadata.items() if k in known}
        if 'learned' not in values:
            raise RstdpError('weights that do not say where the run stood; they were sent by an '
                             'earlier release, or not by the adaptation node')
        for name, kind in KINDS_OF.items():
            value = values.get(name, kind())
            if type(value) is not kind or kind is int and value < 0:
                raise RstdpError(f'weights with {name} = {shortened(repr(value))}')
        if values['learned']:
            values['recipe'] = Recipe.from_json(network.metadata, values['run_seed'])
            values['episode_return'] = float(network.metadata['return'])
        return cls(network=network, **values)


def learning_events(bag: Bag, refused: Counter[str]) -> Iterator[Raster | Publication]:
    """
    Yield what learning depends on: spikes and published networks.

    :param refused: counts the reasons why messages were left out, as adaptation does.
    :raises RstdpError: spikes or weights were not recorded.
    """
    first = first_network(bag)
    if not bag.counts['spikes']:
        raise RstdpError(f'{bag.path}: no spikes were recorded, so nothing can be learned from '
                         'it; record the topic spikes')
    ticks, neurons = first.raster_shape
    for message in bag.messages(('spikes', 'weights')):
        try:
            with refusing(f'a message on {message.topic}'):
                decoded = bag.decode(message)
                if message.topic == 'weights':
                    event = Publication.parse(read_weights(decoded))
                else:
                    episode_id, _, spikes = read_raster(decoded, ticks, neurons)
                    event = Raster(episode_id, to_nanoseconds(decoded.header.stamp), spikes)
        except RstdpError as error:
            refused[shortened(f'{message.topic}: {error}')] += 1
        else:
            yield event


def first_network(bag: Bag) -> SpikingQNetwork:
    """
    Return the first network that was published.

    :raises RstdpError: there is none that can be read.
    """
    reason = 'record the topic weights, and let adaptation run'
    for message in bag.messages(('weights',)):
        try:
            return read_weights(bag.decode(message))
        except RstdpError as error:
            reason = str(error)
    raise RstdpError(f'{bag.path}: no network on the topic weights: {shortened(reason)}')


def recorded_recipe(bag: Bag) -> Recipe:
    """
    Return how the run learned, by the first publication that tells it.

    :raises RstdpError: no network was recorded.
    """
    for message in bag.messages(('weights',)):
        with suppress(RstdpError), refusing('weights'):
            publication = Publication.parse(read_weights(bag.decode(message)))
            if publication.recipe:
                return publication.recipe
    return Recipe.of(first_network(bag).task, 0)
