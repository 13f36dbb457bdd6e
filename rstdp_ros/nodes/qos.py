"""
Quality of service per topic.

Never keep-all: with it a dead reader blocks the writer.
"""

from rclpy.duration import Duration
from rclpy.qos import DurabilityPolicy, LivelinessPolicy, QoSProfile, ReliabilityPolicy

from rstdp_ros.bags.topics import STEPS

# One observation is open at a time; older ones are useless.
STEP = QoSProfile(depth=1, reliability=ReliabilityPolicy.RELIABLE)
# In real time a lost observation is not worth waiting for.
LATEST = QoSProfile(depth=1, reliability=ReliabilityPolicy.BEST_EFFORT)
# A late joiner must learn the weights in use.
LATCHED = QoSProfile(depth=1, reliability=ReliabilityPolicy.RELIABLE,
                     durability=DurabilityPolicy.TRANSIENT_LOCAL)
EVENT = QoSProfile(depth=10, reliability=ReliabilityPolicy.RELIABLE)
# The lease of a motor's commands tells when the process that sends them has died, even if the
# control period is long. Subscribers that ask for no lease, such as controllers, match as well.
COMMAND = QoSProfile(depth=1, reliability=ReliabilityPolicy.RELIABLE,
                     liveliness=LivelinessPolicy.AUTOMATIC,
                     liveliness_lease_duration=Duration(seconds=0.5))
# Every publisher is heard, whatever it offers.
ANYBODY = QoSProfile(depth=10, reliability=ReliabilityPolicy.BEST_EFFORT)
# Several seconds at full lockstep speed: by then a recorder has received what it missed.
RECORDED = QoSProfile(depth=STEPS, reliability=ReliabilityPolicy.RELIABLE)

# Weights of 20 episodes, which may follow each other faster than a busy recorder hears them; other
# subscribers ask only for the last one.
RECORDED_WEIGHTS = QoSProfile(depth=20, reliability=ReliabilityPolicy.RELIABLE,
                              durability=DurabilityPolicy.TRANSIENT_LOCAL)


def per_episode(max_steps: int) -> QoSProfile:
    """Keep two of the longest episodes, so that a slow reader loses nothing."""
    return QoSProfile(depth=2 * max_steps, reliability=ReliabilityPolicy.RELIABLE)


def recorded(profile: QoSProfile, wanted: bool) -> QoSProfile:
    """Keep messages longer for a recorder, which must also get what others no longer need."""
    return RECORDED if wanted else profile
