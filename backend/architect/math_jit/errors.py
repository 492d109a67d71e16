"""How building a graph fails."""


class MathJitMismatchError(Exception):
    """A graph does not give the distances that the plain interpreter gives."""

    def __init__(
        self,
        *,
        point: tuple[float, float, float],
        expected: float,
        found: float,
        tolerance_m: float,
        device: str,
    ) -> None:
        """Takes the worst point in metres, both distances there, and what would have passed."""
        super().__init__(
            f"the PyTorch graph on {device} disagrees with the interpreter at {point}: expected "
            f"{expected!r} m within {tolerance_m:.3g} m, found {found!r} m"
        )
        self.point = point
        self.expected = expected
        self.found = found
        self.tolerance_m = tolerance_m
        self.device = device
