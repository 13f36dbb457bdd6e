"""Gymnasium's pendulum as a task of rstdp_ros."""
