"""``python -m serdsim.cli``."""

import sys

from serdsim.cli import main

sys.exit(main())
