//! Volumes, shells, splats and mass properties from a field.
