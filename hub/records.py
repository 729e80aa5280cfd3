"""Every kind of record, and what one of it says."""

from collections.abc import Mapping

from hub import fields, place_fields, register_fields

FIELDS: Mapping[str, type] = {**fields.FIELDS, **register_fields.FIELDS, **place_fields.FIELDS}
"""Every kind of record -> what one of it says."""
