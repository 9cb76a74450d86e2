"""Run the causality check; the same as ``python -m quantgod.causality ARCHIVE``."""

import sys

from quantgod.causality.check import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
