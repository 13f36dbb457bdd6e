"""The command line: ``rstdp_ros VERB ...``, one file per verb."""
