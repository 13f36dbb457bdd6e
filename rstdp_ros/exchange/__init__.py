"""Networks from and for other systems: NIR graphs and torch checkpoints."""
