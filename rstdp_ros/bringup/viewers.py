"""RViz as a part of the graph."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rstdp_ros.bringup.arguments import BAG, FOREIGN
from rstdp_ros.bringup.description import NodeDescription
from rstdp_ros.support.resources import share_path
from rstdp_ros.tasks import Task
from rstdp_ros.tasks.urdf import describe

# A namespaced graph has its own transforms, or those of two graphs would be mixed up.
OWN_TRANSFORMS = {'/tf': 'tf', '/tf_static': 'tf_static'}
FRAMES_PER_SECOND = 50.0


def viewers(task: Task, plant: str, physics: Mapping[str, Any],
            use_sim_time: bool) -> list[NodeDescription]:
    """
    List the nodes that show a task's plant in RViz.

    A robot brings its own robot_state_publisher, whose description its controllers read too.

    :param plant: the kind of plant.
    :param physics: names and values; later changes come from the environment node.
    :raises RstdpError: the package was not installed completely.
    """
    clock = {'use_sim_time': use_sim_time}
    rviz = NodeDescription(
        'rviz2', clock, OWN_TRANSFORMS, package='rviz2', respawn=False,
        arguments=('-d', str(share_path(f'config/{task.name}.rviz'))))
    if plant == 'robot':
        return [rviz]
    # A foreign driver and a bag need not bring joint_states.
    joints = {'joint_states': 'observation'} if plant in (FOREIGN, BAG) else {}
    return [
        NodeDescription('robot_state_publisher', {
            **clock, 'publish_frequency': FRAMES_PER_SECOND,
            'robot_description': describe(task, task.make_physics(physics)),
        }, {**OWN_TRANSFORMS, **joints}, package='robot_state_publisher'),
        rviz]
