"""Tests of splat training."""
