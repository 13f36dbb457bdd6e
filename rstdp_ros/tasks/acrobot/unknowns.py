"""
The unknown parameters of an acrobot.

Only the ratios of mass, moment of inertia and torque can be identified; the prior fixes their
scale. Angles that turn all the way round cannot be off by a factor.
"""

from rstdp_ros.tasks.unknown import Unknown

UNKNOWNS = (
    Unknown('link_length', 'body', 0.7, True),
    Unknown('link_mass', 'body', 0.7, True),
    Unknown('link_moi', 'body', 0.7, True),
    Unknown('torque_magnitude', 'body', 0.7, True),
    Unknown('actuator_delay', 'delay', 0.1),
    Unknown('shoulder_damping', 'friction', 0.1),
    Unknown('shoulder_friction', 'friction', 0.1),
    Unknown('elbow_damping', 'friction', 0.1),
    Unknown('elbow_friction', 'friction', 0.1),
    Unknown('shoulder_velocity_factor', 'sensors', 0.5, True),
    Unknown('elbow_velocity_factor', 'sensors', 0.5, True),
    Unknown('shoulder_position_offset', 'sensors', 0.1),
    Unknown('elbow_position_offset', 'sensors', 0.1),
    Unknown('shoulder_velocity_offset', 'sensors', 0.1),
    Unknown('elbow_velocity_offset', 'sensors', 0.1))
