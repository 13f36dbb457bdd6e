"""r-STDP on Lava's learning engine: LearningDense with a three-factor rule."""

from __future__ import annotations

from lava.magma.core.learning.learning_rule import Loihi3FLearningRule
from lava.magma.core.run_conditions import RunSteps
from lava.magma.core.run_configs import Loihi2SimCfg
from lava.proc.dense.process import LearningDense
from lava.proc.io.source import RingBuffer
import numpy as np

from rstdp_ros.backends.lava.lesson import Lesson
from rstdp_ros.backends.lava.processes.traces import PostTraces


def learn(lesson: Lesson) -> np.ndarray:
    """
    Return the weights after a lesson; takes seconds.

    The tag t is the eligibility c. Lava's x1 takes up a spike in the tick in which it arrives,
    after decaying: so its impulse is C A+ / decay, and ``y1`` subtracts what spikes of the same
    tick then add to t. The final c is applied in one more tick, without spikes.

    :return: W2, (h1, h2) float64.
    """
    observations, ticks, _ = lesson.rasters.shape
    n_pre, n_post = lesson.weights.shape
    decay_plus, decay_minus, _ = lesson.decays
    impulse = lesson.gain_plus / decay_plus
    spikes = np.vstack((*lesson.rasters, np.zeros((1, n_pre + n_post)))).astype(float)
    pre = RingBuffer(data=spikes[:, :n_pre].T)
    synapses = LearningDense(
        weights=lesson.weights.T.astype(float), learning_rule=Loihi3FLearningRule(
            dt='x1 * y0 - y1 * x0 - u0 * t * y3', dw='u0 * t * y2', x1_impulse=impulse,
            x1_tau=lesson.tau_plus))
    post = PostTraces(
        spikes=spikes[:, n_pre:], window=ticks if lesson.reset_traces else len(spikes),
        decay=decay_minus, gain=lesson.gain_minus, loss=1 / lesson.tau_c, pairing=impulse)
    pre.s_out.connect(synapses.s_in)
    for out, port in ((post.bap, synapses.s_in_bap), (post.y1, synapses.s_in_y1),
                      (post.y2, synapses.s_in_y2), (post.y3, synapses.s_in_y3)):
        out.connect(port)
    configuration = Loihi2SimCfg(select_tag='floating_pt')
    for _ in range(observations):
        synapses.run(RunSteps(ticks), configuration)
        if lesson.reset_traces:
            synapses.x1.set(np.zeros(n_pre))
    post.reward.set(np.array([lesson.third_factor]))
    synapses.run(RunSteps(1), configuration)
    weights = synapses.weights.get()
    synapses.stop()
    return weights.T
