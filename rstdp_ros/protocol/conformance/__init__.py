"""
Whether an environment keeps the protocol, whoever wrote it.

The :class:`Examination` takes the place of policy and adaptation: it is fed with what the
environment says, and says what to ask and answer. It knows no ROS, as its siblings.
"""

from rstdp_ros.protocol.conformance.examination import Examination
from rstdp_ros.protocol.conformance.rules import FAILED, NOT_TRIED, OK, Rule, Verdict

__all__ = ['FAILED', 'NOT_TRIED', 'OK', 'Examination', 'Rule', 'Verdict']
