"""Bags of plants moved by others: another policy, or nothing of ours at all."""

from bag_maker import header, NANOSECONDS, SEED, STORE, TYPES
import numpy as np

from rstdp_ros.tasks.stand_in import StandIn, StandInParameters

PERIOD = 20_000_000  # ns
JOINT_STATE, NUMBERS = 'sensor_msgs/msg/JointState', 'std_msgs/msg/Float64MultiArray'


def write(path, messages):
    """Write a bag of (topic, type, time in ns, message) with rosbags itself."""
    from rosbags.rosbag2 import StoragePlugin, Writer
    with Writer(path, version=9, storage_plugin=StoragePlugin.MCAP) as writer:
        connections = {}
        for topic, kind, time, message in sorted(messages, key=lambda one: one[2]):
            if topic not in connections:
                connections[topic] = writer.add_connection(topic, kind, typestore=STORE)
            writer.write(connections[topic], time, STORE.serialize_cdr(message, kind))
    return path


def joint_state(stamp, frame, names, positions=(), velocities=(), efforts=()):
    """Make a sensor_msgs/JointState."""
    return TYPES[JOINT_STATE](header(stamp, frame), list(names), *(
        np.array(values, np.float64) for values in (positions, velocities, efforts)))


def balance(positions, velocities):
    """Return a linear controller's effort, N, for a robot that takes any effort."""
    (x, theta), (x_dot, theta_dot) = positions, velocities
    return float(np.clip(x + 2.0 * x_dot + 40.0 * theta + 8.0 * theta_dot, -10.0, 10.0))


def episode_of_a_driver(task, physics, number, steps=60):
    """Play the protocol in real time with a foreign policy: rows of messages."""
    generator = np.random.default_rng(SEED + number)
    state, pasts, messages = task.start_states([SEED + number])[0], [0.0], []
    for i in range(steps):
        stamp = NANOSECONDS * 100 * (1 + number) + i * PERIOD
        joints = task.shown(state, physics.sensors())
        effort = balance(*joints) + generator.normal(0.0, 4.0)
        name = f'theirs-{number}'
        messages += [
            ('/observation', JOINT_STATE, stamp,
             joint_state(stamp, name, task.robot.joints, *joints)),
            ('/action', JOINT_STATE, stamp + 3_000_000, joint_state(
                stamp, name, [task.robot.actuated_joint], efforts=[effort]))]
        state = task.drive([state], [pasts], [[effort]], physics)[0, -1]
        pasts.insert(0, effort)
    return messages


def robot(task, physics, seconds, names, zero, scale, controller):
    """Let a foreign node balance a stand-in robot: rows of messages."""
    still = StandInParameters(position_noise=0.0, velocity_noise=0.0, resolution=0.0,
                              set_up_after=0.0)
    plant = StandIn(task, physics, still)
    generator, messages = np.random.default_rng(1), []
    for i in range(round(seconds * 100)):
        plant.advance(0.01 * i)
        time, joints = NANOSECONDS * 1000 + i * PERIOD // 2, plant.read()
        positions = [joints.positions[0], joints.positions[1] / scale + zero]
        velocities = [joints.velocities[0], joints.velocities[1] / scale]
        messages.append(('/joint_states', JOINT_STATE, time, joint_state(
            time, '', names[::-1], positions[::-1], velocities[::-1])))
        if i % 2 == 0:
            effort = balance(*joints) + generator.normal(0.0, 3.0)
            plant.command(effort)
            messages.append((f'/{controller}/commands', NUMBERS, time + 1_000_000, TYPES[NUMBERS](
                TYPES['std_msgs/msg/MultiArrayLayout']([], 0), np.array([-2.0 * effort]))))
    return messages
