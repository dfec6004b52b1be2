"""Sealing what identifies or describes a patient: one key per patient and per case, under one key per territory.

A value is sealed for one subject and one column; destroying the subject's key makes every copy of it unreadable,
backups included (ADR 0018). `keys` seals and opens, `keyring` finds and makes the keys, `columns` are the column
types, `rows` says whose each value of a row is, `words` makes names searchable without keeping them.
"""

from engine.sealing.columns import (
    SealedBytes,
    SealedColumn,
    SealedJson,
    SealedText,
    sealed_columns,
)
from engine.sealing.keyring import Keyring, Made, key_of, keyring_of
from engine.sealing.keys import ERASED, Owned, Readable, SealBroken, SealingKey
from engine.sealing.rows import owned

__all__ = [
    "ERASED",
    "Keyring",
    "Made",
    "Owned",
    "Readable",
    "SealBroken",
    "SealedBytes",
    "SealedColumn",
    "SealedJson",
    "SealedText",
    "SealingKey",
    "key_of",
    "keyring_of",
    "owned",
    "sealed_columns",
]
