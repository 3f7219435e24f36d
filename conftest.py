"""How property tests run everywhere here: the same examples each time, and never judged by the clock.

A landing must not hang on luck or on a busy machine. `MAINS_HYPOTHESIS=random` looks at other examples.
"""

import os

from hypothesis import HealthCheck, settings

settings.register_profile("same", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("random", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile(os.environ.get("MAINS_HYPOTHESIS", "same"))
