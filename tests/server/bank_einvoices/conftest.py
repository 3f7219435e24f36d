"""A town with issued invoices, some of which go to banks."""

from tests.server.delivery.conftest import office, small

__all__ = ["office", "small"]
