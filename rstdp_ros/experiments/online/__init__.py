"""Learning on a robot, every episode counted: plants, worlds, baselines."""
