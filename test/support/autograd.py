"""The network in torch, differentiable by a surrogate gradient: what the kernels must equal."""

import torch

SLOPE = 10.0


class SurrogateSpike(torch.autograd.Function):
    """Heaviside step forwards, 1 / (1 + 10 |x|)^2 backwards."""

    @staticmethod
    def forward(ctx, x):
        """Return 1 where x > 0, else 0."""
        ctx.save_for_backward(x)
        return (x > 0).to(x.dtype)

    @staticmethod
    def backward(ctx, gradient):
        """Scale the gradient by the surrogate's slope at x."""
        x, = ctx.saved_tensors
        return gradient / (1.0 + SLOPE * x.abs()) ** 2


def q_values(weights, inputs, alpha, beta, threshold, ticks):
    """Present a batch of encoded observations for T ticks; return (batch, actions)."""
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


def _fire(total, state, alpha, beta, threshold):
    u, v = state
    u = alpha * u + total
    v = beta * v + u
    spikes = SurrogateSpike.apply(v - threshold)
    return spikes, (u, v * (1.0 - spikes.detach()))
