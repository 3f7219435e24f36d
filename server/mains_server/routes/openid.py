"""The providers of OpenID Connect that an operator set up, as their room takes them."""

from __future__ import annotations

from mains_spi import Labels

from mains_server.openid.calling import Providers
from mains_server.openid.records import OurProof, Provider
from mains_server.settings import OpenidProvider, Settings

PROOFS = {"header": OurProof.BASIC, "body": OurProof.POST}


def openid_set_up(settings: Settings) -> Providers:
    """Set up the providers that one may sign in with."""
    found = {code: _provider(code, given) for code, given in sorted(settings.openid_providers.items())}
    return Providers(by_code=found, redirects=settings.openid_redirects)


def _provider(code: str, given: OpenidProvider) -> Provider:
    secret = given.our_secret
    any_name = next(iter(given.names.values()))
    return Provider(
        code=code,
        labels=Labels(**{language: given.names.get(language, any_name) for language in ("lv", "en", "ru")}),
        issuer=given.issuer,
        our_id=given.our_id,
        our_secret=None if secret is None else secret.get_secret_value(),
        our_proof=OurProof.NONE if secret is None else PROOFS[given.secret_in],
        scopes=given.scopes,
        personal_code_claim=given.personal_code_claim,
        strong_acrs=given.strong_acrs,
        algorithms=given.algorithms,
    )
