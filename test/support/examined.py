"""Environments in virtual time, for the examination, that keep every rule."""

from collections import deque
from dataclasses import replace

from rstdp_ros.backends.cpu import CpuBackend
from rstdp_ros.protocol.conformance import Examination
from rstdp_ros.protocol.conformance.events import Act, AskParameters, Reply
from rstdp_ros.protocol.episode import Observation
from rstdp_ros.protocol.lockstep import Lockstep
from rstdp_ros.protocol.outputs import Reset, SetSeed
from rstdp_ros.protocol.policy import PolicyProtocol
from rstdp_ros.protocol.realtime import RealTime
from rstdp_ros.support.errors import RstdpError
from rstdp_ros.tasks.gym import GymPlant

PERIOD = 0.02
LIMIT = 1000.0


class FreePlant(GymPlant):
    """A cart-pole that can also be left alone."""

    def step(self, effort):
        """Advance; without effort the motor exerts nothing."""
        if effort in self.task.robot.efforts:
            return super().step(effort)
        physics, env = self.env.unwrapped.physics, self.env.unwrapped
        env.physics = replace(physics, force_magnitude=0.0)
        outcome = super().step(self.task.robot.efforts[0])
        env.physics = physics
        return outcome


class Sound:
    """
    Our own protocol, with the node's work done by hand.

    All messages in or out pass one of the ``edit_...`` methods, where a fault can be put; those
    they turn into None are lost.
    """

    clock = 'lockstep'
    parameters = {}
    action_timeout = 0.1

    def __init__(self, task):
        self.task, self.now, self.acts = task, 0.0, []
        self.inbox, self.state = deque(), {}
        self.plant = FreePlant(task)
        arguments = self.plant, 'boot', lambda: int(1e9 * self.now)
        self.protocol = (Lockstep(*arguments) if self.clock == 'lockstep' else
                         RealTime(*arguments, PERIOD, action_timeout=self.action_timeout))
        self.prepare()

    def prepare(self):
        """Make changes before the start."""

    def examine(self, exam):
        """Run until the verdicts are there; return them by rule."""
        while not exam.done:
            assert self.now < LIMIT, exam.doing
            self.now += PERIOD
            self.cycle()
            self.handle(exam.poll(self.now))
            while self.inbox:
                name, *arguments = self.inbox.popleft()
                self.handle(getattr(exam, name)(*arguments, self.now))
        return {verdict.rule: verdict for verdict in exam.report.verdicts()}

    def cycle(self):
        """Advance the time."""
        self.send_all(self.protocol.poll(self.now))

    def handle(self, outputs):
        """Do what the examination asks for."""
        for output in outputs:
            if isinstance(output, Act):
                self.acts.append(output)
                self.act(output)
            elif isinstance(output, SetSeed):
                self.protocol.seed = output.seed
                self.send('reply', Reply(output.token))
            elif isinstance(output, AskParameters):
                known = {name: self.parameters[name] for name in output.names
                         if name in self.parameters}
                self.send('reply', Reply(output.token, known))
            elif isinstance(output, Reset):
                self.reset(output.token)

    def reset(self, token):
        """Begin an episode and reply."""
        try:
            outputs = self.protocol.reset(self.now)
        except RstdpError as error:
            self.send('reply', Reply(token, refusal=str(error)))
            return
        self.send_all(outputs)
        self.send('reply', Reply(token, self.protocol.episode_id))

    def act(self, act):
        """Check an action like the node and pass it on."""
        act = self.edit_act(act)
        if act is None or act.joint != self.task.robot.actuated_joint:
            return
        try:
            outputs = self.protocol.action(act.episode_id, act.stamp, act.effort, self.now)
        except RstdpError:
            return
        self.send_all(outputs)

    def send_all(self, outputs):
        """Send the protocol's outputs, and the reward after an end that counts."""
        for output in outputs:
            if isinstance(output, Observation):
                self.send('observation', output)
                continue
            self.send('end', output)
            if not output.aborted:
                self.send('reward', output.episode_return)

    def send(self, kind, message):
        """Send a message, edited."""
        message = getattr(self, f'edit_{kind}')(message)
        if message is not None:
            self.inbox.append((kind, message))

    def edit_act(self, message):
        """Leave it unchanged, as the other methods do."""
        return message

    edit_observation = edit_end = edit_reward = edit_reply = edit_act


class SoundInRealTime(Sound):
    """The same in real time."""

    clock = 'realtime'


class SelfPaced(Sound):
    """Begins its episodes itself and has no services."""

    def cycle(self):
        """Begin whenever no episode runs."""
        if not self.protocol.running:
            self.protocol.seed += 1
            self.send_all(self.protocol.reset(self.now))
        super().cycle()

    def reset(self, token):
        """Do nothing: there is no such service."""

    def edit_reply(self, message):
        """Drop it: there is no reply."""


class SelfPacedInRealTime(SelfPaced):
    """The same in real time."""

    clock = 'realtime'


class Lossy(Sound):
    """Loses two of three replies."""

    def edit_reply(self, message):
        """Pass every third one."""
        self.state['replies'] = self.state.get('replies', 0) + 1
        return message if self.state['replies'] % 3 == 0 else None


class Disturbed(SoundInRealTime):
    """Sends two at once and pauses in its first two episodes, as on a busy machine."""

    def cycle(self):
        """Do two cycles' work in every second cycle, or one as usual."""
        if self.protocol.episode_id not in ('boot-1', 'boot-2'):
            super().cycle()
        elif round(self.now / PERIOD) % 2:
            super().cycle()
            super().cycle()


SOUND = [Sound, SoundInRealTime, SelfPaced, SelfPacedInRealTime, Lossy, Disturbed]


def examination(task, network, **options):
    """Make an examination that answers with a network."""
    return Examination(PolicyProtocol(task, CpuBackend(network)), **options)
