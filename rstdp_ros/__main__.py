"""``python -m rstdp_ros`` is the command line."""

import sys

from rstdp_ros.cli.main import main

sys.exit(main())
