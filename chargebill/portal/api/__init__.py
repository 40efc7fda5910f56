"""The REST API under /api/v1/: read-only, for programs with a token (docs/api.md)."""
