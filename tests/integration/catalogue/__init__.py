"""The catalogue of faults: all that may come between a StartJob and its answer, as the real client sees it.

One row a fault, in the order of how far the request got. Where a dependency begins to report a fault in
another way, its row fails.
"""

from __future__ import annotations

from tests.integration.catalogue.answered import ANSWERED
from tests.integration.catalogue.sent import SENT
from tests.integration.catalogue.unsent import UNSENT
from tests.integration.catalogue.unsigned import UNSIGNED

ROWS = (*UNSIGNED, *UNSENT, *SENT, *ANSWERED)
