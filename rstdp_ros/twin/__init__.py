"""A twin of the robot: its plant identified from what it showed, to try networks in."""
