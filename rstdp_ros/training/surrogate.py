"""
The spiking Q-network in torch, differentiable by a surrogate gradient.

It computes the same as ``rstdp_ros.snn.kernels.infer``, batched; test_training.py checks that they
agree.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch

SLOPE = 10.0


class SurrogateSpike(torch.autograd.Function):
    """
    Heaviside step forwards, 1 / (1 + 10 |x|)^2 backwards.

    The fast sigmoid of Zenke and Ganguli (2018), "SuperSpike". A much steeper slope starves deep
    layers of gradient.
    """

    @staticmethod
    def forward(ctx, x: torch.Tensor) -> torch.Tensor:
        """Return 1 where x > 0, else 0."""
        ctx.save_for_backward(x)
        return (x > 0).to(x.dtype)

    @staticmethod
    def backward(ctx, gradient: torch.Tensor) -> torch.Tensor:
        """Scale the gradient by the surrogate's slope at x."""
        x, = ctx.saved_tensors
        return gradient / (1.0 + SLOPE * x.abs()) ** 2


def q_values(weights: Sequence[torch.Tensor], inputs: torch.Tensor, alpha: float, beta: float,
             threshold: float, ticks: int) -> torch.Tensor:
    """
    Present a batch of encoded observations for T ticks.

    :param weights: W1 (inputs, h1), W2 (h1, h2), W3 (h2, actions).
    :param inputs: (batch, inputs), from :func:`rstdp_ros.snn.encoding.encode`.
    :return: (batch, actions), the readout's potential after T ticks.
    """
    w1, w2, w3 = weights
    current = inputs @ w1
    layer1 = layer2 = (0.0, 0.0)
    u3 = v3 = 0.0
    for _ in range(ticks):
        spikes1, layer1 = _fire(current, layer1, alpha, beta, threshold)
        spikes2, layer2 = _fire(spikes1 @ w2, layer2, alpha, beta, threshold)
        u3 = alpha * u3 + spikes2 @ w3
        v3 = beta * v3 + u3
    return v3


def _fire(total: torch.Tensor, state: tuple, alpha: float, beta: float,
          threshold: float) -> tuple[torch.Tensor, tuple]:
    """Advance one layer by one tick; no gradient flows through the reset."""
    u, v = state
    u = alpha * u + total
    v = beta * v + u
    spikes = SurrogateSpike.apply(v - threshold)
    return spikes, (u, v * (1.0 - spikes.detach()))
