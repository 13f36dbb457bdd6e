"""A twin of the robot: its plant, identified from its episodes, for trying networks in."""
