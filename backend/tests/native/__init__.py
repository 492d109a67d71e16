"""Tests of the native module."""
