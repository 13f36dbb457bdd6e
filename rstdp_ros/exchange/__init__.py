"""Networks to and from other systems: NIR graphs and torch checkpoints."""
