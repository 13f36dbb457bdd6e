"""A bag's metadata.yaml."""

from __future__ import annotations

from pathlib import Path, PurePath
from typing import NamedTuple

from rstdp_ros.support.errors import RstdpError
from rstdp_ros.support.untrusted import read_file, refusing

NAME = 'metadata.yaml'
# Parameters of all nodes and a QoS per topic are some ten kilobytes.
LIMIT = 2**20
ROOT = 'rosbag2_bagfile_information'


class Metadata(NamedTuple):
    """
    The part of it that is used.

    :param files: names of the bag's files, in their order.
    :param messages: their number in all files; None if unknown.
    :param topics: message type and hash of its definition, or '', by the topic's name.
    :param custom: data added by the recorder.
    """

    files: list[str]
    messages: int | None
    topics: dict[str, tuple[str, str]]
    custom: dict[str, str]


NOTHING = Metadata([], None, {}, {})


def read_metadata(folder: Path) -> Metadata:
    """
    Read the metadata of a bag.

    :raises RstdpError: metadata unlike those of rosbag2; names the file.
    """
    import yaml
    path = folder / NAME
    loader = getattr(yaml, 'CSafeLoader', yaml.SafeLoader)
    text = read_file(path, LIMIT)
    with refusing(path):
        # A few aliases can expand beyond memory; rosbag2 writes none.
        if any(isinstance(event, yaml.AliasEvent) for event in yaml.parse(text, loader)):
            raise RstdpError(f'{path}: holds aliases (*name), which rosbag2 does not write')
        root = yaml.load(text, loader)[ROOT]
        described = [entry['topic_metadata'] for entry in root['topics_with_message_count']]
        return Metadata(
            [PurePath(str(name)).name for name in root['relative_file_paths']],
            int(root['message_count']),
            {str(topic['name']): (str(topic['type']),
                                  str(topic.get('type_description_hash') or ''))
             for topic in described},
            {str(k): str(v) for k, v in (root.get('custom_data') or {}).items()})
