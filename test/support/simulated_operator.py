"""A graph in virtual time with an operator, and a disk that is sometimes full."""

from concurrent.futures import Future
import errno

from simulated_graph import SimulatedGraph

from rstdp_ros.experiments.adaptation import next_episode
from rstdp_ros.plasticity import AdaptationRun
from rstdp_ros.plasticity.checkpoint import CheckpointStore
from rstdp_ros.plasticity.run import ADAPTED, EPISODES, read_records
from rstdp_ros.protocol.outputs import Accepted, PublishWeights, RollBack
from rstdp_ros.snn import SpikingQNetwork
from rstdp_ros.support.errors import RstdpError

OPERATIONS = ('pause', 'go_on', 'roll_back', 'restart', 'kill', 'fill_disk', 'clear_disk')
# Probability per poll that the next operation is done.
PACE = 0.2
# Probability that learning fails, as a foreign strategy may.
FAILURE = 0.1


class Disk:
    """Accepts nothing while it is full, or the log but no checkpoint."""

    full = checkpoints_full = False

    def write(self, checkpoint):
        """Fail if there is no room."""
        if self.full or checkpoint and self.checkpoints_full:
            raise OSError(errno.ENOSPC, 'No space left on device')


class WrittenRun(AdaptationRun):
    """A run on such a disk."""

    def __init__(self, learner, folder, disk):
        self.disk = disk
        super().__init__(learner, folder)

    def save_checkpoint(self):
        """Write a checkpoint, if there is room."""
        self.disk.write(checkpoint=True)
        super().save_checkpoint()

    def _log(self, record):
        self.disk.write(checkpoint=False)
        super()._log(record)


class OperatedGraph(SimulatedGraph):
    """
    An operator pauses, continues, rolls back and restarts, also during learning.

    :param operations: number of operations, drawn from OPERATIONS.
    :param thinking: longest duration of learning, s.
    :ivar journal: events since the run began: a record per episode, None per rollback.
    """

    def __init__(self, *arguments, operations, episodes, thinking, **options):
        self.left, self.episodes, self.disk = operations, episodes, Disk()
        self.thinking = thinking
        self.journal, self._on_disk, self._unlearned_seed = [], 0, None
        # The current lesson with its process, and whether a rollback is waiting.
        self._lesson, self._rolls_back = None, False
        super().__init__(*arguments, **options)

    def run_to_the_end(self):
        """Run until all operations are done and learning is over and on disk."""
        self.run_until(lambda: not self.left)
        self.go_on()
        self.clear_disk()
        self.run_until(lambda: self.adaptation and self.adaptation.over
                       and (self.folder / ADAPTED).exists())

    def check(self, task, physics, learner):
        """Compare with the same run offline."""
        for record in self.journal:
            if record is None:
                learner.roll_back()
            else:
                episode = next_episode(task, learner, physics)
                assert learner.learn(*episode) == record
        ours = self.adaptation.learner
        for network in ('running', 'deployed'):
            assert getattr(ours, network).digest == getattr(learner, network).digest
        assert SpikingQNetwork.load(self.folder / ADAPTED).digest == learner.deployed.digest
        assert read_records(self.folder / EPISODES) == [r for r in self.journal if r]
        assert self.adaptation.network.digest == learner.deployed.digest

    def _make_run(self):
        return WrittenRun(self.make_learner(), self.folder, self.disk)

    def _poll(self, node):
        super()._poll(node)
        if node == 'adaptation' and self.left and self.generator.random() < PACE:
            self.left -= 1
            getattr(self, self.generator.choice(OPERATIONS))()

    def _die(self, node):
        super()._die(node)
        if node == 'adaptation':
            # Events that were not on disk are undone.
            del self.journal[self._on_disk:]
            learned = sum(record is not None for record in self.journal)
            self.digests = {i: digest for i, digest in self.digests.items() if i < learned}
            self._unlearned_seed = self._lesson = None
            self._rolls_back = False

    def kill(self):
        """Kill adaptation."""
        if self.adaptation:
            self._die('adaptation')

    def pause(self):
        """Pause learning."""
        self.plasticity = False

    def go_on(self):
        """Continue learning."""
        self.plasticity, self._unlearned_seed = True, None

    def fill_disk(self):
        """Let the disk accept nothing, or no checkpoints."""
        self.disk.full = self.generator.random() < 0.5
        self.disk.checkpoints_full = True

    def clear_disk(self):
        """Let the disk accept everything."""
        self.disk.full = self.disk.checkpoints_full = False

    def roll_back(self):
        """Call the service, if there is one; a lesson is finished first."""
        if self._lesson:
            self._rolls_back = True
        elif self.adaptation:
            self.journal.append(None)
        if self.adaptation:
            self._from_adaptation(self.adaptation.roll_back(self.now))

    def restart(self):
        """Call the service, if there is one; a lesson is lost."""
        if self.adaptation:
            self.journal, self._on_disk, self.digests = [], 0, {}
            self._lesson, self._rolls_back = None, False
            self._unlearned_seed = self.adaptation.learner.recipe.seed - 1
            self._from_adaptation(self.adaptation.restart(self.now))

    def _refresh(self):
        assert not self._lesson, 'parameters change between episodes'
        super()._refresh()

    def _learn(self, lesson):
        assert not self._rolls_back, 'what was asked for meanwhile comes before the next episode'
        self._lesson = lesson
        super()._learn(lesson)

    def _on_learned(self, loop, lesson):
        """Do the work, needed or not; it may fail."""
        if loop is not self.adaptation:
            return
        outcome = Future()
        try:
            if self.generator.random() < FAILURE:
                raise self.generator.choice([RstdpError, KeyError])('it failed')
            outcome.set_result(lesson.propose())
        except (RstdpError, KeyError) as error:
            outcome.set_exception(error)
        wanted = lesson is self._lesson
        self._lesson = None if wanted else self._lesson
        try:
            outputs = loop.learned(lesson, outcome.result, self.now)
        except KeyError:
            outputs = []
        assert bool(outputs) == (wanted and not isinstance(outcome.exception(), KeyError))
        self._from_adaptation(outputs)

    def _note(self, record):
        self.journal.append(record)
        self._unlearned_seed = None
        super()._note(record)

    def _from_adaptation(self, outputs):
        for output in outputs:
            self._judge(output)
            super()._from_adaptation([output])
        if self.adaptation and not self.adaptation.disk.reason:
            self._on_disk = len(self.journal)

    def _judge(self, output):
        loop = self.adaptation
        if isinstance(output, Accepted) and loop.frozen and not loop.disk.reason:
            last, self._unlearned_seed = self._unlearned_seed, output.seed
            assert last is None or output.seed == last + 1
        elif isinstance(output, RollBack):
            assert self._rolls_back
            self._rolls_back = False
            self.journal.append(None)
        elif isinstance(output, PublishWeights):
            self._judge_published()

    def _judge_published(self):
        """Assert that the newest checkpoint would continue with the published network."""
        on_disk = self.make_learner()
        for _, state in CheckpointStore(self.folder, 5).states(print):
            on_disk.restore(state)
            break
        networks = on_disk.deployed, on_disk.running
        if not self.adaptation.disk.reason:
            networks = networks[not self.adaptation.frozen],
        assert self.adaptation.network.digest in [network.digest for network in networks]
