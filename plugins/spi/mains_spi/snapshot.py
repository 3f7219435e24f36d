"""A rating request as JSON, so that it can be stored and rebuilt."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mains_spi.requests import RatingRequest


def request_to_json(request: RatingRequest) -> dict[str, Any]:
    """Write a request as a JSON-able dict: decimals as strings, dates in ISO form, defaults left out."""
    raise NotImplementedError


def request_from_json(document: Mapping[str, Any]) -> RatingRequest:
    """Rebuild the request that ``request_to_json`` wrote."""
    raise NotImplementedError
