"""The environment node: a plant on one side, observation and action topics on the other."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterable
import sys
import time
from typing import Any

from diagnostic_msgs.msg import DiagnosticStatus
import numpy as np
from rosgraph_msgs.msg import Clock
from sensor_msgs.msg import JointState
from std_msgs.msg import Float64
from std_srvs.srv import SetBool, Trigger

from rstdp_ros.nodes import messages, qos
from rstdp_ros.nodes.clock import steady_timer
from rstdp_ros.nodes.health import Health
from rstdp_ros.nodes.main import run_node
from rstdp_ros.nodes.node import Node
from rstdp_ros.nodes.parameters import NodeParameters
from rstdp_ros.nodes.recording import RecorderWait
from rstdp_ros.nodes.robot import ACTION, count_policies, NO_POLICY, RobotBridge
from rstdp_ros.nodes.robot_description import RobotDescription
from rstdp_ros.nodes.scheduling import raise_priority
from rstdp_ros.nodes.tables import EnvironmentParameters, limits, read_limits
from rstdp_ros.nodes.topics import Topics
from rstdp_ros.protocol.environment import EnvironmentProtocol, ON_DEMAND, RESET
from rstdp_ros.protocol.episode import (
    EpisodeEnd,
    LOCKSTEP,
    new_boot_id,
    Observation,
    REALTIME,
)
from rstdp_ros.protocol.limits import Limits
from rstdp_ros.protocol.lockstep import Lockstep
from rstdp_ros.protocol.realtime import RealTime, TIMEOUT_PERIODS
from rstdp_ros.support.errors import RstdpError
from rstdp_ros.tasks import EQUATIONS, get_task, simulators
from rstdp_ros.tasks.plant import Plant
from rstdp_ros.tasks.stepped import gym_plant

POLL_PERIOD = 0.05
POLLS_PER_STEP = 10
LATENCY = 'observation to action, 99th percentile (ms)'
NOT_ENABLED = 'disabled; nothing moves before ~/enable'


class EnvironmentNode(Node):
    """Serves episodes of a task, in lockstep with a policy or in real time."""

    protocol: EnvironmentProtocol | None = None
    _robot: RobotBridge | None = None

    def __init__(self) -> None:
        super().__init__('environment')
        self.table = NodeParameters(self)
        self.parameters = parameters = self.table.declare(EnvironmentParameters())
        simulated = parameters.plant in simulators()
        self.task = get_task(parameters.task, parameters.plant if simulated else EQUATIONS)
        physics = self.table.declare(self.task.physics())
        self.health = Health(self)
        self._sim_time = 0
        plant = self._make_plant()
        plant.set_physics(physics)
        self.table.declare_each(limits(self.task))
        self.protocol = self._make_protocol(plant)
        if self._robot:
            self.protocol.enabled, self.protocol.latching = False, True
        self.protocol.seed = parameters.seed
        self._check(self.table.value)
        self.table.check = self._check
        self._create_interfaces()
        self._watch()
        self._apply()
        raise_priority(self, self.health, parameters.thread_priority)

    @property
    def control_period(self) -> float:
        """Time between two observations of a plant that does not wait, s."""
        parameters = self.parameters
        rate = parameters.control_rate if parameters.clock == REALTIME else 0.0
        return 1.0 / rate if rate else self.task.robot.control_period

    @property
    def _follows_sim_time(self) -> bool:
        return (self.parameters.clock == REALTIME and not self.parameters.publish_clock
                and self.get_parameter('use_sim_time').value)

    def _make_plant(self) -> Plant:
        parameters = self.parameters
        if parameters.plant in simulators():
            if not (parameters.env_id or parameters.gui):
                return self.task.make_plant()
            return gym_plant(self.task, parameters.env_id, parameters.gui)
        if parameters.clock != REALTIME:
            raise RstdpError('a robot does not wait: plant robot needs clock realtime')
        self._robot = RobotBridge(
            self, self.table, self.health, self.task, self.control_period, self._on_excess,
            self._on_absence, self._ros_time if self._follows_sim_time else time.monotonic)
        return self._robot.plant

    def destroy_node(self) -> None:
        """Leave nothing in motion."""
        # A parameter that cannot work ends the node before there is anything to stop.
        try:
            if self.protocol:
                self._send(self.protocol.set_enabled(False))
        finally:
            if self._robot:
                self._robot.zero()
            super().destroy_node()

    def make_safe(self, reason: str) -> None:
        """Abort what an error may have left half done; a robot then waits for a person."""
        if not self.protocol:
            return
        try:
            self._send(self.protocol.abort(f'unexpected error: {reason}'))
        finally:
            if self._robot:
                self.protocol.enabled, self.protocol.fault = False, reason
                self.protocol.plant.stop()

    def _make_protocol(self, plant: Plant) -> EnvironmentProtocol:
        if self.parameters.clock == LOCKSTEP:
            return Lockstep(plant, new_boot_id(), self._stamp)
        period = self.control_period
        return RealTime(plant, new_boot_id(), self._stamp, period,
                        action_timeout=self.parameters.action_timeout or TIMEOUT_PERIODS * period,
                        cycle_clock=self._ros_time if self._follows_sim_time else None)

    def _ros_time(self) -> float:
        return self.get_clock().now().nanoseconds / messages.NANOSECONDS

    def _watch(self) -> None:
        """Show the state of the plant on /diagnostics."""
        self.health.include(self.protocol.counters)
        self.health.stopped = self._why_stopped
        self.health.watch('enabled', lambda: self.protocol.enabled)
        self.health.watch('episode', lambda: self.protocol.episode_id or 'none yet')
        self.health.watch('policies on action', lambda: count_policies(self))
        if self.parameters.clock == REALTIME:
            self.health.watch(LATENCY, self._latency)

    def _why_stopped(self) -> str:
        return '' if self.protocol.enabled else self.protocol.fault or NOT_ENABLED

    def _latency(self) -> str:
        latencies = self.protocol.latencies  # type: ignore[attr-defined]  # RealTime's
        return f'{1e3 * np.percentile(latencies, 99):.2f}' if latencies else 'unknown'

    def _create_interfaces(self) -> None:
        topics, episode = Topics(self, self.health), qos.per_episode(self.task.max_episode_steps)
        recorded = self.parameters.wait_for_recorder
        self._observations = topics.publisher(JointState, 'observation',
                                              qos.recorded(episode, recorded))
        self._ends = topics.publisher(DiagnosticStatus, 'episode_end', episode)
        self._rewards = topics.publisher(Float64, 'episode_reward', qos.EVENT)
        self._joint_states = None if self._robot else topics.publisher(
            JointState, 'joint_states', qos.EVENT)
        # A robot is described by its own bringup, and its controllers rely on that.
        self._description = None if self._robot else RobotDescription(self, self.health, self.task)
        self._time_publisher = self.create_publisher(
            Clock, '/clock', qos.EVENT) if self.parameters.publish_clock else None
        self._message = JointState(name=list(self.task.robot.joints))
        self._watched = False
        self._recorder = RecorderWait(self, self.health, recorded,
                                      (self._observations, self._ends, self._rewards))
        topics.subscription(JointState, ACTION, self._on_action, qos.STEP)
        self.create_service(Trigger, '~/reset', self._on_reset)
        self.create_service(SetBool, '~/enable', self._on_enable)
        if self._follows_sim_time:
            self._poll_timer = self.create_timer(POLL_PERIOD, self._on_poll)
            # Simulated time may stop; the last command must not stay in force then.
            self._stop_timer = steady_timer(self, self.control_period, self._on_watch)
        else:
            self._poll_timer = steady_timer(self, POLL_PERIOD, self._on_poll)
        self._watch_timer = steady_timer(self, 1.0, self._look_for_watchers)

    def _stamp(self) -> int:
        """Return the time of an observation, ns; simulated time advances by a control period."""
        if not self.parameters.publish_clock:
            return self.get_clock().now().nanoseconds
        self._sim_time += round(self.task.robot.control_period * messages.NANOSECONDS)
        self._time_publisher.publish(Clock(clock=messages.to_time(self._sim_time)))
        return self._sim_time

    def _apply(self) -> None:
        """Apply the current parameters; called between steps only."""
        self.table.changed = False
        before = self.parameters
        self.parameters = parameters = self.table.read(EnvironmentParameters)
        physics = self.table.read(self.task.physics)
        try:
            self.protocol.plant.set_physics(physics)
            if self._description:
                self._description.update(physics)
        except RstdpError as error:
            self.health.fault('parameters without effect', error)
        if parameters.seed != before.seed:  # auto_reset continues from the last one
            self.protocol.seed = parameters.seed
        if parameters.clock == LOCKSTEP:
            factor = parameters.real_time_factor or float(parameters.leisurely)
            self.protocol.step_period = self.task.robot.control_period / factor if factor else 0.0
        self.protocol.limits = self._limits(self.table.value)
        if self._robot:
            self._robot.limits = self.protocol.limits
        self._set_poll_period()

    def _limits(self, value: Callable[[str], float]) -> Limits:
        return read_limits(self.task, value, self.control_period)

    def _check(self, value: Callable[[str], Any]) -> None:
        """Refuse limits that the plant cannot keep: it would refuse every action."""
        self._limits(value).check(self.protocol.plant.efforts)

    def _set_poll_period(self) -> None:
        """In real time every poll is a cycle; in lockstep no step must have to wait for a poll."""
        period = self.protocol.step_period
        if self.parameters.clock == LOCKSTEP:
            period = min(POLL_PERIOD, period / POLLS_PER_STEP) if period else POLL_PERIOD
        nanoseconds = round(period * messages.NANOSECONDS)
        if self._poll_timer.timer_period_ns != nanoseconds:
            self._poll_timer.timer_period_ns = nanoseconds

    def _on_reset(self, request: Trigger.Request, response: Trigger.Response) -> Trigger.Response:
        if self.table.changed:
            self._apply()
        self._send(self.protocol.abort(RESET))
        # Meanwhile auto_reset may have gone on to others.
        self.protocol.seed = self.parameters.seed
        try:
            self._recorder.check()
            outputs = self.protocol.reset(time.monotonic())
        except RstdpError as error:
            response.success, response.message = False, str(error)
            return response
        self._send(outputs)
        response.success, response.message = True, self.protocol.episode_id
        return response

    def _on_enable(self, request: SetBool.Request, response: SetBool.Response) -> SetBool.Response:
        objection = self._robot.objection() if self._robot and request.data else ''
        if self._robot and request.data:
            self._robot.show()
        if objection:
            response.success, response.message = False, f'not enabled: {objection}'
            self.health.fault('enable refused', objection)
            return response
        self._send(self.protocol.set_enabled(request.data))
        word = 'enabled' if request.data else 'disabled'
        response.success, response.message = True, word
        if request.data and not count_policies(self):
            response.message += f', but {NO_POLICY}'
        self.health.event(f'times {word}', response.message)
        return response

    def _on_action(self, message: JointState) -> None:
        if self.table.changed:
            self._apply()
        header = message.header
        try:
            effort = messages.read_effort(message, self.task.robot.actuated_joint)
            outputs = self.protocol.action(header.frame_id, messages.to_nanoseconds(header.stamp),
                                           effort, time.monotonic())
        except RstdpError as error:
            self.health.fault('actions refused', error)
            return
        self._send(outputs)

    def _on_poll(self) -> None:
        if self.table.changed:
            self._apply()
        if (self.parameters.auto_reset and self.protocol.enabled
                and not self.protocol.running):
            self._begin_by_itself()
        if self._robot:
            self._robot.sense()
        self._send(self.protocol.poll(time.monotonic()))

    def _on_excess(self, excess: str) -> None:
        """Stop immediately, not only at the next cycle."""
        if self.protocol:
            self._send(self.protocol.abort(excess))

    def _on_absence(self, why: str) -> None:
        """Stop and stay stopped: a node is missing, or there is one too many."""
        if self.protocol and self.protocol.enabled:
            self._send(self.protocol.halt(why))
            self.health.fault('stops', why)

    def _on_watch(self) -> None:
        ends = self.protocol.watch(time.monotonic())  # type: ignore[attr-defined]  # RealTime's
        self._send(ends)

    def _begin_by_itself(self) -> None:
        try:
            self._recorder.check()
            self._send(self.protocol.reset(time.monotonic()))
        except RstdpError as error:
            self.health.values['waiting'] = str(error)
            return
        self.health.values.pop('waiting', None)
        self.protocol.seed += 1

    def _send(self, outputs: Iterable[Observation | EpisodeEnd]) -> None:
        for output in outputs:
            if isinstance(output, Observation):
                self._send_observation(output)
                continue
            self._ends.publish(messages.end_message(output))
            if output.aborted and not output.message.endswith(ON_DEMAND):
                self.health.fault('aborted', f'episode {output.episode_id} {output.message}')
            if self.parameters.publish_reward and not output.aborted:
                self._rewards.publish(Float64(data=output.episode_return))

    def _send_observation(self, observation: Observation) -> None:
        message = self._message
        positions, velocities = observation.joints
        message.header.frame_id = observation.episode_id
        stamp = message.header.stamp
        stamp.sec, stamp.nanosec = divmod(observation.stamp, messages.NANOSECONDS)
        message.position, message.velocity = array('d', positions), array('d', velocities)
        self._observations.publish(message)
        if self._watched:
            self._joint_states.publish(message)

    def _look_for_watchers(self) -> None:
        """Publish ``joint_states`` only while there are subscribers."""
        joint_states = self._joint_states
        self._watched = joint_states is not None and joint_states.get_subscription_count() > 0


def main() -> None:
    """Run the node."""
    sys.exit(run_node(EnvironmentNode))


if __name__ == '__main__':
    main()
