"""How a compile ends without a binary."""


class CompileFailedError(Exception):
    """The asset cannot be compiled; the message is for its designer."""


class CompileCancelledError(Exception):
    """The compile was stopped, or its result is not wanted any more."""
