"""
The unknown parameters of a cart-pole.

The masses, the force and the sensors' factors leave a common scale undetermined, so the cart's
mass and gravity are taken as known.
"""

from rstdp_ros.tasks.unknown import Unknown

UNKNOWNS = (
    Unknown('pole_half_length', 'body', 1.5, True),
    Unknown('pole_mass', 'body', 1.5, True),
    Unknown('force_magnitude', 'body', 1.5, True),
    Unknown('actuator_delay', 'delay', 0.04),
    Unknown('cart_damping', 'friction', 1.0),
    Unknown('cart_friction', 'friction', 1.0),
    Unknown('pole_damping', 'friction', 0.1),
    Unknown('pole_friction', 'friction', 0.1),
    Unknown('cart_position_factor', 'sensors', 0.7, True),
    Unknown('cart_velocity_factor', 'sensors', 0.7, True),
    Unknown('pole_position_factor', 'sensors', 0.7, True),
    Unknown('pole_velocity_factor', 'sensors', 0.7, True),
    Unknown('cart_position_offset', 'sensors', 0.1),
    Unknown('cart_velocity_offset', 'sensors', 0.1),
    Unknown('pole_position_offset', 'sensors', 0.03),
    Unknown('pole_velocity_offset', 'sensors', 0.1))
