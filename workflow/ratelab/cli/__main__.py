"""``python -m ratelab.cli``."""

import sys

from ratelab.cli._main import main

sys.exit(main())
