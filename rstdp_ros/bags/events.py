"""The events of a run, from the messages of its bag."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, fields
from typing import Any, NamedTuple

import numpy as np

from rstdp_ros.bags.reader import Bag
from rstdp_ros.plasticity import Recipe
from rstdp_ros.plasticity.registry import STRATEGIES
from rstdp_ros.protocol.reading import read_joints, read_raster, read_weights, to_nanoseconds
from rstdp_ros.snn import SpikingQNetwork
from rstdp_ros.support.errors import RstdpError
from rstdp_ros.support.untrusted import refusing, shortened
from rstdp_ros.tasks import get_task
from rstdp_ros.tasks.interface import Joints

# Fields of a publication that are integers, and those that are text.
KINDS_OF: dict[str, Any] = {
    **dict.fromkeys(('learned', 'rollbacks', 'run_seed', 'seed', 'observations'), int),
    **dict.fromkeys(('running', 'deployed', 'episode_id', 'initial', 'event', 'end'), str)}


class Raster(NamedTuple):
    """
    The spikes of an observation.

    :param spikes: (T, h1 + h2) uint8 of 0 and 1.
    """

    episode_id: str
    stamp: int
    spikes: np.ndarray


class Pose(NamedTuple):
    """The joints of an observation."""

    episode_id: str
    stamp: int
    joints: Joints


@dataclass(frozen=True)
class Publication:
    """
    A network on ``weights``, and the state of the run when adaptation sent it.

    The fields are those of :meth:`Learner.labelled`; those that exist only after learning are
    empty before.
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
    end: str = ''

    @classmethod
    def parse(cls, network: SpikingQNetwork) -> Publication:
        """
        Read the metadata.

        :raises RstdpError: they are incomplete, or hold parameters of another release.
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


Event = Raster | Pose | Publication


def learning_events(bag: Bag, refused: Counter[str]) -> Iterator[Event]:
    """
    Yield what learning depends on: spikes, published networks, and joints if needed.

    :param refused: counts the reasons why messages were left out, as adaptation does.
    :raises RstdpError: a topic that learning depends on was not recorded.
    """
    first = first_network(bag)
    needed = ['spikes', *needed_topics(bag)]
    for topic in needed:
        if not bag.counts[topic]:
            raise RstdpError(f'{bag.path}: no {topic} were recorded, so nothing can be learned '
                             f'from it; record the topic {topic}')
    for message in bag.messages((*needed, 'weights')):
        try:
            with refusing(f'a message on {message.topic}'):
                event = _read(message.topic, bag.decode(message), first)
        except RstdpError as error:
            refused[shortened(f'{message.topic}: {error}')] += 1
        else:
            yield event


def needed_topics(bag: Bag) -> list[str]:
    """List the topics that the run's strategy needed besides spikes and returns."""
    strategy = STRATEGIES[recorded_recipe(bag).strategy]
    return ['observation'] if strategy.needs_trajectory else []


def _read(topic: str, decoded: Any, first: SpikingQNetwork) -> Event:
    if topic == 'weights':
        return Publication.parse(read_weights(decoded))
    stamp = to_nanoseconds(decoded.header.stamp)
    if topic == 'observation':
        joints = Joints(*read_joints(decoded, get_task(first.task).robot.joints))
        return Pose(decoded.header.frame_id, stamp, joints)
    episode_id, _, spikes = read_raster(decoded, *first.raster_shape)
    return Raster(episode_id, stamp, spikes)


def first_network(bag: Bag) -> SpikingQNetwork:
    """
    Return the first network that was published.

    :raises RstdpError: none can be read.
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
    Return the run's recipe, from the first publication that has it.

    :raises RstdpError: no network was recorded.
    """
    for message in bag.messages(('weights',)):
        with suppress(RstdpError), refusing('weights'):
            publication = Publication.parse(read_weights(bag.decode(message)))
            if publication.recipe:
                return publication.recipe
    return Recipe.of(first_network(bag).task, 0)
