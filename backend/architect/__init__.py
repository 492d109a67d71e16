"""The Architect: stores recipes and compiles them."""

import os

VERSION = "0.1.0"

# NumPy reads this when it is first imported. Its matrix products serve one small model here; the
# threads it would share them between spin while they wait, at the cost of everything that compiles.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
