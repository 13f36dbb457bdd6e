"""The cart-pole's appearance: x to the right, y upwards, the pivot at height 0."""

from __future__ import annotations

import math

from rstdp_ros.tasks.cartpole.physics import CartPolePhysics, POSITION_LIMIT
from rstdp_ros.tasks.interface import Joints
from rstdp_ros.tasks.sketch import Part, Point, Sketch, View

# The physics does not include the cart's size: this one only looks right.
CART_WIDTH = 0.5
CART_HEIGHT = 0.25
MARGIN = 0.1


def view(physics: CartPolePhysics) -> View:
    """Return the whole track, and the pole upright."""
    side = POSITION_LIMIT + CART_WIDTH / 2 + MARGIN
    return View(-side, side, -CART_HEIGHT - MARGIN, 2 * physics.pole_half_length + MARGIN)


def parts(joints: Joints, physics: CartPolePhysics) -> tuple[Part, ...]:
    """
    Return track, limits, cart, pole and pivot.

    :param joints: positions are (x m, theta rad), theta positive towards +x.
    """
    x, theta = map(float, joints.positions)
    # The task's half-length is the distance from the pivot to the centre of mass.
    length = 2 * physics.pole_half_length

    def at(angle: float) -> Point:
        return x + length * math.sin(angle), length * math.cos(angle)

    left, right, ground = x - CART_WIDTH / 2, x + CART_WIDTH / 2, -CART_HEIGHT
    ends = (-POSITION_LIMIT, POSITION_LIMIT)
    return (
        Part('ground', tuple((end, ground) for end in ends)),
        *(Part('limit', ((end, ground), (end, 0.0))) for end in ends),
        *(Part('limit', ((x, 0.0), at(sign * physics.angle_limit))) for sign in (-1, 1)),
        Part('body', ((left, ground), (right, ground), (right, 0.0), (left, 0.0))),
        Part('link', ((x, 0.0), at(theta))),
        Part('joint', ((x, 0.0),)))


SKETCH = Sketch(view, parts)
