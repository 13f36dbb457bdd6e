"""The command line: ``rstdp_ros VERB ...``, a file per verb."""
