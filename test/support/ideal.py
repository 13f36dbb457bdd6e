"""The tasks' steps without friction, which theirs must equal, bit for bit, if there is none."""

import math

from rstdp_ros.support.compiling import compiled
from rstdp_ros.tasks.acrobot.physics import clipped, MAX_VELOCITY_1, MAX_VELOCITY_2, wrapped


@compiled()
def cartpole(x, x_dot, theta, theta_dot, effort, constants):
    """Advance the cart-pole by one explicit Euler step, as Gymnasium does."""
    gravity, pole_mass, total_mass, half_length, pole_moment, magnitude = constants[:6]
    force = effort / 10.0 * magnitude
    cos, sin = math.cos(theta), math.sin(theta)
    temp = (force + pole_moment * (theta_dot * theta_dot) * sin) / total_mass
    theta_acc = (gravity * sin - cos * temp) / (
        half_length * (4.0 / 3.0 - pole_mass * (cos * cos) / total_mass))
    x_acc = temp - pole_moment * theta_acc * cos / total_mass
    return x + 0.02 * x_dot, x_dot + 0.02 * x_acc, theta + 0.02 * theta_dot, (
        theta_dot + 0.02 * theta_acc)


@compiled()
def accelerations(theta1, theta2, velocity1, velocity2, torque, constants):
    """Return theta1'' and theta2'' of the acrobot."""
    g, length, com, mass, moi = constants[:5]
    inertia = mass * com**2
    coupling = mass * length * com
    sin2, cos2 = math.sin(theta2), math.cos(theta2)
    d1 = inertia + mass * (length**2 + com**2 + 2 * length * com * cos2) + moi + moi
    d2 = mass * (com**2 + length * com * cos2) + moi
    phi2 = mass * com * g * math.cos(theta1 + theta2 - math.pi / 2.0)
    phi1 = (-coupling * velocity2**2 * sin2 - 2 * coupling * velocity2 * velocity1 * sin2
            + (mass * com + mass * length) * g * math.cos(theta1 - math.pi / 2) + phi2)
    acceleration2 = ((torque + d2 / d1 * phi1 - coupling * velocity1**2 * sin2 - phi2)
                     / (inertia + moi - d2**2 / d1))
    return -(d2 * acceleration2 + phi1) / d1, acceleration2


@compiled()
def acrobot(theta1, theta2, velocity1, velocity2, effort, constants):
    """Advance the acrobot by one step of Runge-Kutta, as Gymnasium does."""
    torque, h = effort * constants[5], 0.2
    a1, b1 = accelerations(theta1, theta2, velocity1, velocity2, torque, constants)
    v2, w2 = velocity1 + h / 2 * a1, velocity2 + h / 2 * b1
    a2, b2 = accelerations(theta1 + h / 2 * velocity1, theta2 + h / 2 * velocity2, v2, w2, torque,
                           constants)
    v3, w3 = velocity1 + h / 2 * a2, velocity2 + h / 2 * b2
    a3, b3 = accelerations(theta1 + h / 2 * v2, theta2 + h / 2 * w2, v3, w3, torque, constants)
    v4, w4 = velocity1 + h * a3, velocity2 + h * b3
    a4, b4 = accelerations(theta1 + h * v3, theta2 + h * w3, v4, w4, torque, constants)
    return (wrapped(theta1 + h / 6 * (velocity1 + 2 * v2 + 2 * v3 + v4)),
            wrapped(theta2 + h / 6 * (velocity2 + 2 * w2 + 2 * w3 + w4)),
            clipped(velocity1 + h / 6 * (a1 + 2 * a2 + 2 * a3 + a4), MAX_VELOCITY_1),
            clipped(velocity2 + h / 6 * (b1 + 2 * b2 + 2 * b3 + b4), MAX_VELOCITY_2))
