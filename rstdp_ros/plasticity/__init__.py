"""Learning after deployment: r-STDP, the guard that makes it usable, and the run that keeps it."""

from rstdp_ros.plasticity.bounds import BoundsParameters
from rstdp_ros.plasticity.guard import GuardParameters, NoGuard, SnapshotGuard
from rstdp_ros.plasticity.learner import AUTO, EpisodeRecord, Learner, make_learner, Recipe, RULES
from rstdp_ros.plasticity.parameters import preset, PRESETS, RSTDPParameters
from rstdp_ros.plasticity.recheck import RecheckGuard
from rstdp_ros.plasticity.rstdp import RSTDP
from rstdp_ros.plasticity.run import AdaptationRun

__all__ = ['AUTO', 'AdaptationRun', 'BoundsParameters', 'EpisodeRecord', 'GuardParameters',
           'Learner', 'NoGuard', 'PRESETS', 'RSTDP', 'RSTDPParameters', 'RULES', 'Recipe',
           'RecheckGuard', 'SnapshotGuard', 'make_learner', 'preset']
