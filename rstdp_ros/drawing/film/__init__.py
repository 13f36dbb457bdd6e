"""An animation of episodes before and after adaptation, side by side."""
