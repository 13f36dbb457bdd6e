"""The acrobot's appearance: x to the right, y upwards, the shoulder at the origin."""

from __future__ import annotations

import math

from rstdp_ros.tasks.acrobot.physics import AcrobotPhysics
from rstdp_ros.tasks.interface import Joints
from rstdp_ros.tasks.sketch import Part, Sketch, View

MARGIN = 0.1


def view(physics: AcrobotPhysics) -> View:
    """Return the area that the free end can reach."""
    reach = 2 * physics.link_length + MARGIN
    return View(-reach, reach, -reach, reach)


def parts(joints: Joints, physics: AcrobotPhysics) -> tuple[Part, ...]:
    """
    Return the height to reach, both links and both joints.

    :param joints: positions are (theta1, theta2) rad: theta1 0 hanging, theta2 0 when the second
        link continues the first, both positive towards +x when hanging.
    """
    theta1, theta2 = map(float, joints.positions)
    length, shoulder = physics.link_length, (0.0, 0.0)
    elbow = length * math.sin(theta1), -length * math.cos(theta1)
    tip = (elbow[0] + length * math.sin(theta1 + theta2),
           elbow[1] - length * math.cos(theta1 + theta2))
    return (
        Part('limit', ((-2 * length, length), (2 * length, length))),
        Part('link', (shoulder, elbow)),
        Part('link', (elbow, tip)),
        Part('joint', (shoulder,)),
        Part('joint', (elbow,)))


SKETCH = Sketch(view, parts)
