"""The settings that train the acrobot's networks."""

from dataclasses import replace

from rstdp_ros.tasks.training import ONE_PLANT, RANDOM_PLANTS, Settings

# Rewards are always -1, so errors are large and a Huber loss would clip them all.
_ONE = Settings(
    episodes=2000, steps=60_000, final_learning_rate=2e-4, loss='mse', epsilon_decay=0.9998,
    validate_every=10, solved_return=0.0)
_MANY = replace(
    _ONE, episodes=10_000, steps=120_000, batch_size=128, steps_per_update=8,
    replay_capacity=100_000, warm_up_steps=2000, epsilon_decay=0.9999, validate_every=50,
    validation_starts=1000, random_plants=True)

TRAINING = {ONE_PLANT: _ONE, RANDOM_PLANTS: _MANY}
