"""What a file of bank statements is refused for, as a whole: each by a stable code and words that say what to do."""

from __future__ import annotations

from enum import Enum


class BankFileCode(Enum):
    """Why a file of statements was refused; nothing of it was taken."""

    FILE_EMPTY = "FILE_EMPTY"
    FILE_TOO_LARGE = "FILE_TOO_LARGE"
    FILE_ENCODING = "FILE_ENCODING"
    FILE_NOT_XML = "FILE_NOT_XML"
    XML_DECLARES = "XML_DECLARES"
    XML_BOUNDS = "XML_BOUNDS"
    FORMAT_UNKNOWN = "FORMAT_UNKNOWN"
    STATEMENT_INCOMPLETE = "STATEMENT_INCOMPLETE"
    VALUE_MALFORMED = "VALUE_MALFORMED"
    CURRENCY_NOT_ACCEPTED = "CURRENCY_NOT_ACCEPTED"
    ACCOUNT_UNKNOWN = "ACCOUNT_UNKNOWN"
    DATE_IN_FUTURE = "DATE_IN_FUTURE"
    DETAILS_DO_NOT_ADD_UP = "DETAILS_DO_NOT_ADD_UP"
    TOTALS_DO_NOT_FIT = "TOTALS_DO_NOT_FIT"
    BALANCE_DOES_NOT_CONTINUE = "BALANCE_DOES_NOT_CONTINUE"
    MESSAGE_ID_REUSED = "MESSAGE_ID_REUSED"
    TOO_MANY_LINES = "TOO_MANY_LINES"


class BankFileRefused(Exception):
    """A file of statements cannot be taken in; nothing of it was."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = BankFileCode[code].name
        self.message = message
