"""The cart-pole of Barto, Sutton and Anderson (1983), as Gymnasium has it."""
