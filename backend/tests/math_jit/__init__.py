"""Tests of the Math JIT."""
