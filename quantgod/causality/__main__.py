"""``python -m quantgod.causality ARCHIVE``: the causality check of one archive."""

import sys

from quantgod.causality.check import main

sys.exit(main(sys.argv[1:]))
