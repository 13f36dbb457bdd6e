"""How learning goes, for people: in the log and on /diagnostics."""

from __future__ import annotations

from typing import Any

from rstdp_ros.nodes.health import Health
from rstdp_ros.plasticity import AdaptationRun
from rstdp_ros.plasticity.silence import SILENT
from rstdp_ros.protocol.adaptation import DISCARDS_BEFORE_BACK_OFF
from rstdp_ros.protocol.outputs import (
    Discarded,
    Finished,
    Learned,
    NotLearned,
    Unwritten,
    Waiting,
    Written,
)
from rstdp_ros.support.digests import short

# What is told of the last episode.
LAST = 'last return', 'mean of 10', 'weight change'


class LearningReport:
    """
    Tells what became of episodes.

    :param health: where values, events and faults are shown.
    :param logger: of the node.
    :param run: what is learned.
    :ivar silence: why learning does nothing, '' if it does something.
    """

    def __init__(self, health: Health, logger: Any, run: AdaptationRun) -> None:
        self.health, self.logger, self.run = health, logger, run
        self.silence = ''
        # Names of what the strategy found, as far as it is shown.
        self._found: set[str] = set()

    def begun(self) -> None:
        """Tell that an episode runs."""
        self.health.values.pop('waiting', None)

    def forget(self) -> None:
        """Tell nothing of a run that was begun anew."""
        self.silence = ''
        for name in (*LAST, *self._found):
            self.health.values.pop(name, None)
        self._found = set()

    def discarded(self, discarded: Discarded) -> None:
        """Tell why an episode is run again."""
        if discarded.in_a_row < DISCARDS_BEFORE_BACK_OFF:
            self.logger.info(f'episode run again: {discarded.reason}')
        else:
            self.logger.warning(f'{discarded.in_a_row} episodes in a row could not be used: '
                                f'{discarded.reason}')

    def waiting(self, waiting: Waiting) -> None:
        """Tell why no episode begins, once."""
        if waiting.reason != self.health.values.get('waiting'):
            self.logger.info(f'waiting for the environment: {waiting.reason}')
        self.health.values['waiting'] = waiting.reason

    def learned(self, learned: Learned) -> None:
        """Tell what an episode brought."""
        record = learned.record
        self.logger.info(str(record))
        self.health.values.update(zip(LAST, (
            f'{record.episode_return:g}', f'{record.moving_average:g}',
            f'{record.weight_change:.6g}')))
        found = {
            f'{title} {name}': f'{row["value"]:.4g} ({row["low"]:.4g} to {row["high"]:.4g})'
            for title, rows in self.run.learner.strategy.findings().items()
            for name, row in rows.items() if row['value'] != row['nominal']}
        for name in self._found - found.keys():
            del self.health.values[name]
        self.health.values.update(found)
        self._found = set(found)
        self.silence = record.event if SILENT in record.event else ''
        if record.event:
            # It is in the log already, in the line above.
            self.health.counters[record.event] += 1
            self.health.values['last event'] = f'episode {record.episode}: {record.event}'

    def not_learned(self, output: NotLearned) -> None:
        """Tell why an episode teaches nothing."""
        self.health.fault('episodes not learned from', output.reason)

    def finished(self, _: Finished) -> None:
        """Tell that the run is over."""
        learner = self.run.learner
        self.health.event('finished', f'{learner.episode} episodes learned; deployed network '
                          f'{short(learner.deployed.digest)}')

    def unwritten(self, output: Unwritten) -> None:
        """Tell that the disk takes nothing."""
        self.health.fault('writes failed', output.reason)

    def written(self, _: Written) -> None:
        """Tell that it does again."""
        self.health.event('waits for the disk', 'everything is on disk again')
