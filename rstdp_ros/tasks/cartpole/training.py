"""The settings that train the cart-pole's networks."""

from dataclasses import replace

from rstdp_ros.tasks.training import ONE_PLANT, RANDOM_PLANTS, Settings

_ONE = Settings(solved_return=200.0)
# Many plants take more steps; larger batches need fewer updates for them. An observation does not
# tell which plant it is, so equal observations may end well or badly. A Huber loss learns the
# median of that, which overlooks the hard plants; the squared error learns the mean.
_MANY = replace(
    _ONE, episodes=10_000, steps=150_000, final_learning_rate=1e-4, loss='mse',
    batch_size=256, steps_per_update=16, replay_capacity=100_000, warm_up_steps=2000,
    epsilon_decay=0.9998, validate_every=50, validation_starts=1000, random_plants=True)

TRAINING = {ONE_PLANT: _ONE, RANDOM_PLANTS: _MANY}
