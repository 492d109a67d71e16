//! The Python module that the Architect imports.
