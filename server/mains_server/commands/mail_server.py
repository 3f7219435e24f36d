"""The mail server as an operator sets it."""

from mains_server.delivery.records import MailServer, SendingRules
from mains_server.settings import Settings


def mail_server_of(settings: Settings) -> MailServer | None:
    """Give the mail server of the settings; None where none is set, and mail waits."""
    if settings.smtp_host is None:
        return None
    return MailServer(
        host=settings.smtp_host,
        port=settings.smtp_port,
        sender=settings.mail_sender,
        tls=settings.smtp_tls,
        user=settings.smtp_user,
        password=None if settings.smtp_password is None else settings.smtp_password.get_secret_value(),
    )


def sending_rules_of(settings: Settings) -> SendingRules:
    """Give how often a mail is tried, and what follows where it fails."""
    return SendingRules(tries_max=settings.mail_tries_max, falls_back_to_post=settings.mail_falls_back_to_post)
