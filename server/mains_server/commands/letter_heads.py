"""The heads of letters as an operator set them."""

from mains_server.documents.lettering import Sender
from mains_server.notifications.senders import LetterHeads
from mains_server.settings import Settings


def letter_heads_of(settings: Settings) -> LetterHeads:
    """Give who sends letters that are about no utility, and how utilities are reached; nobody where no name is set."""
    operator = None
    if settings.operator_name is not None:
        operator = Sender(
            name=settings.operator_name, address=settings.operator_address, contact=settings.operator_contact
        )
    return LetterHeads(operator=operator, contacts=settings.letter_contacts)
