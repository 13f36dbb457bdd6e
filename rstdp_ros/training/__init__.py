"""Deep Q-learning with surrogate gradients; the only room that knows torch."""
