"""The librarians: assets with their binaries, and materials."""
