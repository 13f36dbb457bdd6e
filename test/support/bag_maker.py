"""Small bags of runs in this process, message for message as the nodes send them."""

from collections import Counter
from dataclasses import replace
import shutil

import numpy as np
import pytest

from rstdp_ros.bags.events import learning_events
from rstdp_ros.bags.reader import Bag
from rstdp_ros.bags.replay import Replay
from rstdp_ros.bags.topics import KINDS, load_typestore
from rstdp_ros.bags.writer import BagWriter
from rstdp_ros.plasticity import AUTO, GuardParameters, make_learner, preset
from rstdp_ros.protocol.episode import EpisodeEnd, raster_frame
from rstdp_ros.snn.files import network_to_bytes
from rstdp_ros.tasks import get_task
from rstdp_ros.tasks.gym import GymPlant

SEED = 200_000_000
NANOSECONDS = 1_000_000_000
pytest.importorskip('rosbags')
STORE = load_typestore()
TYPES = STORE.types


def header(stamp, frame):
    """Make a std_msgs/Header."""
    time = TYPES['builtin_interfaces/msg/Time'](*divmod(stamp, NANOSECONDS))
    return TYPES['std_msgs/msg/Header'](time, frame)


class RecordedRun:
    """
    A run of the demo's plant that writes the messages a recorder would hear.

    :ivar digests: of the running network after every episode that finally counts.
    :ivar rasters: those of every episode.
    """

    def __init__(self, path, storage='mcap', skip=(), rule='rstdp', guard=None, namespace='',
                 guard_name=AUTO, network=None, physics=None):
        self.task = get_task('cartpole')
        self.network, self.skip = network, skip
        self.learner = make_learner(network, SEED, 'default', rule,
                                    guard_parameters=guard or GuardParameters(),
                                    guard=guard_name)
        self.plant = GymPlant(self.task, '')
        self.plant.set_physics(physics)
        self.writer = BagWriter(path, storage, namespace)
        self.digests, self.rasters, self.returns = [], [], []
        self.episodes = self.stamp = 0
        self.publish()

    def send(self, topic, message):
        """Record a message."""
        if topic not in self.skip:
            self.writer.write(topic, bytes(STORE.serialize_cdr(message, KINDS[topic])))

    def publish(self, network=None):
        """Send the running network, or another."""
        self.send('weights', self.weights(self.learner.labelled(network or self.learner.running)))

    def weights(self, network):
        """Make a message of a network."""
        layout = TYPES['std_msgs/msg/MultiArrayLayout']([], 0)
        return TYPES['std_msgs/msg/UInt8MultiArray'](
            layout, np.frombuffer(network_to_bytes(network), np.uint8))

    def play(self, learn=True, lose=0, late=False, end='terminated'):
        """
        Play an episode.

        :param lose: number of its spikes that are not recorded.
        :param late: some spikes are recorded after the weights they led to.
        """
        self.episodes += 1
        episode_id, network = f'abc-{self.episodes}', self.learner.running
        joints, over, total = self.plant.reset(self.learner.next_seed), '', 0.0
        rasters, kept = [], []
        while not over:
            self.stamp += 20_000_000
            inference = network.infer(self.task.robot.observation(*joints))
            effort = self.task.robot.effort(inference.q_values)
            self.send('observation', self.joint_state(episode_id, joints=joints))
            kept.append(self.image(episode_id, network, inference.raster))
            rasters.append(inference.raster)
            if not late:
                self.send('spikes', kept.pop())
            self.send('action', self.joint_state(episode_id, effort=effort))
            joints, reward, over = self.plant.step(effort)
            total += reward
        self.end(EpisodeEnd(episode_id, end, self.learner.next_seed, len(rasters), total))
        if learn:
            record = self.learner.learn(np.array(rasters), total, episode_id=episode_id)
            self.digests.append(record.digest)
            self.rasters.append(np.array(rasters))
            self.returns.append(total)
        self.publish()
        for message in kept[lose:]:
            self.send('spikes', message)

    def joint_state(self, episode_id, joints=None, effort=None):
        """Make an observation or an action."""
        robot = self.task.robot
        names = [robot.actuated_joint] if joints is None else list(robot.joints)
        positions, velocities = joints or ((), ())
        return TYPES['sensor_msgs/msg/JointState'](
            header(self.stamp, episode_id), names, np.array(positions, np.float64),
            np.array(velocities, np.float64),
            np.array([] if effort is None else [effort], np.float64))

    def image(self, episode_id, network, raster):
        """Make a raster."""
        ticks, neurons = raster.shape
        data = np.ascontiguousarray(255 * raster.T).ravel()
        return TYPES['sensor_msgs/msg/Image'](
            header(self.stamp, raster_frame(episode_id, network.digest)), neurons, ticks, 'mono8',
            0, ticks, data)

    def end(self, end):
        """Send the end of an episode."""
        pair = TYPES['diagnostic_msgs/msg/KeyValue']
        self.send('episode_end', TYPES['diagnostic_msgs/msg/DiagnosticStatus'](
            0, 'episode', end.message, end.episode_id,
            [pair(k, v) for k, v in end.values().items()]))

    def set(self, **changes):
        """Set parameters of the rule."""
        self.learner.strategy.parameters = replace(preset('default', 'cartpole'), **changes)

    def close(self):
        """Finish the bag and return the run."""
        self.writer.close({'parameters of adaptation': '{"tau_c": 10.0}'})
        assert not self.writer.failure
        return self


def rewrite(source, target, choose=lambda topic: True, compression='NONE', start=None,
            chunk=0):
    """
    Copy a bag to mcap with rosbags itself.

    :param choose: says which topics to keep.
    :param compression: NONE, MESSAGE, FILE or STORAGE.
    :param start: time of the first message to keep, ns.
    :param chunk: end the file's chunks after this many messages; 0 leaves it to rosbags.
    """
    from rosbags.rosbag2 import CompressionFormat, CompressionMode, Reader, StoragePlugin, Writer
    with Reader(source) as reader:
        writer = Writer(target, version=9, storage_plugin=StoragePlugin.MCAP)
        writer.set_compression(CompressionMode[compression], CompressionFormat.ZSTD)
        with writer:
            connections = {c.id: writer.add_connection(c.topic, c.msgtype, typestore=STORE)
                           for c in reader.connections if choose(c.topic)}
            for i, (connection, stamp, data) in enumerate(reader.messages(start=start), 1):
                if connection.id in connections:
                    writer.write(connections[connection.id], stamp, data)
                if chunk and i % chunk == 0:
                    writer.storage.close_chunk()
    return target


def split(source, target):
    """Copy a bag into two files, as ros2 bag record --max-bag-size does."""
    import yaml
    halves = [target.with_name(f'{target.name}_{i}') for i in (0, 1)]
    from rosbags.rosbag2 import Reader, StoragePlugin, Writer
    with Reader(source) as reader:
        messages = list(reader.messages())
        for i, half in enumerate(halves):
            with Writer(half, version=9, storage_plugin=StoragePlugin.MCAP) as writer:
                connections = {c.id: writer.add_connection(c.topic, c.msgtype, typestore=STORE)
                               for c in reader.connections}
                middle = len(messages) // 2
                for connection, stamp, data in messages[i * middle:(i + 1) * middle + i]:
                    writer.write(connections[connection.id], stamp, data)
    target.mkdir()
    infos = [yaml.safe_load((half / 'metadata.yaml').read_text()) for half in halves]
    for half in halves:
        shutil.move(half / f'{half.name}.mcap', target)
    whole, second = (info['rosbag2_bagfile_information'] for info in infos)
    for key in ('relative_file_paths', 'files'):
        whole[key] += second[key]
    whole['message_count'] += second['message_count']
    for one, other in zip(whole['topics_with_message_count'],
                          second['topics_with_message_count']):
        one['message_count'] += other['message_count']
    (target / 'metadata.yaml').write_text(yaml.safe_dump(infos[0]))
    return target


def replayed(path, initial=None, **changes):
    """Return the steps of a replay, its notes, and the reader's complaints."""
    with Bag(path) as opened:
        replay = Replay(initial, changes)
        steps = list(replay.steps(learning_events(opened, Counter())))
        return steps, replay.notes, opened.complaints


def digests(steps):
    """Return the digests that replay made."""
    return [step.record.digest if step.record else None for step in steps]


def rewrite_database(bag, target):
    """Copy a bag to sqlite3 and return its file."""
    from rosbags.rosbag2 import Reader, StoragePlugin, Writer
    with Reader(bag) as reader, Writer(target, version=9,
                                       storage_plugin=StoragePlugin.SQLITE3) as writer:
        connections = {c.id: writer.add_connection(c.topic, c.msgtype, typestore=STORE)
                       for c in reader.connections}
        for connection, stamp, data in reader.messages():
            writer.write(connections[connection.id], stamp, data)
    return target / f'{target.name}.db3'


def rewrite_checked(source, target):
    """Copy a bag by our recorder's writer, with a chunk for every 60 messages."""
    from rosbags.rosbag2 import Reader, StoragePlugin

    from rstdp_ros.bags.checksums import checked_writer
    with Reader(source) as reader, checked_writer()(target.parent, version=9,
                                                 storage_plugin=StoragePlugin.MCAP) as writer:
        connections = {c.id: writer.add_connection(c.topic, c.msgtype, typestore=STORE)
                       for c in reader.connections}
        for i, (connection, stamp, data) in enumerate(reader.messages(), 1):
            writer.write(connections[connection.id], stamp, data)
            if i % 60 == 0:
                writer.storage.close_chunk()
    return target
