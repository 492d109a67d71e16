//! Client of the Architect.
