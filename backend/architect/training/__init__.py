"""Trains splats against views of the exact field.

Importing this imports no PyTorch: `availability` and `train` do, when they are called.
"""

from architect.training.availability import TrainerAvailability, availability
from architect.training.trainer import TrainedSplats, train

__all__ = ["TrainedSplats", "TrainerAvailability", "availability", "train"]
