"""The tasks in the PyBullet simulator: bodies from a URDF instead of equations."""
