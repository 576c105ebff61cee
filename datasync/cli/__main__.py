"""``python -m datasync.cli``, where the ``datasync`` command is not on the path."""

from __future__ import annotations

import sys

from datasync.cli import main

sys.exit(main())
