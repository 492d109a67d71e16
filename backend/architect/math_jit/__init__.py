"""The Math JIT: a PyTorch graph of a recipe, built from its native tape.

The meaning of every operation stands in Rust; here the tape that it was lowered to becomes a chain
of PyTorch operations, for volumes baked on a CUDA device and for whatever wants to differentiate a
field. Importing this imports no PyTorch; `compile_field` does.
"""

from typing import TYPE_CHECKING

from architect.math_jit.errors import MathJitMismatchError

if TYPE_CHECKING:
    import gve_native

    from architect.math_jit.graph import SdfGraph

__all__ = ["MathJit", "MathJitMismatchError", "compile_field"]


def compile_field(
    field: "gve_native.Field", *, device: str = "cpu", check: bool = True
) -> "SdfGraph":
    """The PyTorch graph of a field on a device (`cpu`, `cuda`, `cuda:1` ...).

    With `check` the graph is compared with the plain interpreter at points near the surface and
    away from it, which takes milliseconds.

    Raises:
        MathJitMismatchError: the graph does not agree with the interpreter.
        ImportError: PyTorch is not installed.

    """
    from architect.math_jit.check import check_graph
    from architect.math_jit.graph import SdfGraph

    graph = SdfGraph(field.tape(), device=device)
    if check:
        check_graph(graph, field)
    return graph


class MathJit:
    """Compiles recipes to graphs on one device."""

    def __init__(self, device: str = "cpu") -> None:
        """Takes where the graphs run: `cpu`, `cuda`, `cuda:1` ..."""
        self.device = device

    def compile_tree(self, dna_json: str) -> "SdfGraph":
        """The checked graph of a recipe.

        Raises:
            gve_native.RecipeError: the text is no recipe, or has no field.
            MathJitMismatchError: the graph does not agree with the interpreter.
            ImportError: PyTorch is not installed.

        """
        import gve_native

        return compile_field(gve_native.Field(dna_json), device=self.device)
