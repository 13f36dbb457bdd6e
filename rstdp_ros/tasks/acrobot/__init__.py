"""The acrobot of Sutton (1996), as Gymnasium has it."""
