"""What is sent to a provider, and what its token proves. Nothing here asks anybody.

OpenID Connect Core 1.0 (sections 3.1.2.1 and 3.1.3.7), RFC 7636 (PKCE), RFC 9207 (the issuer in what comes back).
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from authlib.oauth2.rfc6749.parameters import prepare_grant_uri
from authlib.oauth2.rfc7636 import create_s256_code_challenge
from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.errors import InvalidKeyIdError, JoseError
from joserfc.jwk import KeySet

from mains_server.openid.records import Endpoints, Proven, Provider, Returned
from mains_server.openid.safety import is_safe_address
from mains_server.signin.throttling import Bound

FLOW_LASTS_FOR = timedelta(minutes=10)
TICKET_LASTS_FOR = timedelta(hours=1)
CLOCKS_DIFFER_SECONDS = 60
SUBJECT_CHARACTERS_MAX = 255
TOKEN_CHARACTERS_MAX = 20_000
SIGNING_KINDS = frozenset({"RSA", "EC", "OKP"})
BEGUN_OF_NETWORK = Bound("openid of network", 60, timedelta(minutes=15))
BEGUN_OF_ALL = Bound("openid of all", 3_000, timedelta(minutes=15))
TICKETS_OF_NETWORK = Bound("openid tickets of network", 40, timedelta(minutes=15))


class TokenRefused(Exception):
    """A token proves nothing; the message says why, for the log, and nothing of what the token says."""


class KeyUnknown(TokenRefused):
    """A token names a key that is not among the provider's; it may have others by now."""


def verifier_of(*, key: str, state: str) -> str:
    """Make the PKCE verifier of a way: of what its browser has, so that it is stored nowhere."""
    return _made_of(key, "verifier", state)


def nonce_of(*, key: str, state: str) -> str:
    """Make the nonce that a way's token has to carry, as `verifier_of` makes the verifier."""
    return _made_of(key, "nonce", state)


def is_key(text: str | None) -> bool:
    """Tell whether a browser's key is one that we could have made."""
    return text is not None and re.fullmatch(r"[A-Za-z0-9_-]{43}", text) is not None


def authorization_url(
    provider: Provider, *, endpoints: Endpoints, redirect_uri: str, state: str, key: str, language: str
) -> str:
    """Give the address at which somebody proves to a provider who they are."""
    more = {"acr_values": " ".join(sorted(provider.strong_acrs))} if provider.strong_acrs else {}
    url: str = prepare_grant_uri(
        endpoints.authorization,
        client_id=provider.our_id,
        response_type="code",
        redirect_uri=redirect_uri,
        scope=" ".join(provider.scopes),
        state=state,
        nonce=nonce_of(key=key, state=state),
        code_challenge=create_s256_code_challenge(verifier_of(key=key, state=state)),
        code_challenge_method="S256",
        ui_locales=language,
        **more,
    )
    return url


def is_from(returned: Returned, *, provider: Provider, endpoints: Endpoints) -> bool:
    """Tell whether who sent somebody back says to be this provider, where it says so at all (RFC 9207)."""
    if returned.issuer is None:
        return not endpoints.names_itself
    return returned.issuer == provider.issuer


def endpoints_of(document: Any, *, issuer: str) -> Endpoints | None:
    """Read a discovery document; None where it is another's, or lacks what we need."""
    if not isinstance(document, dict) or document.get("issuer") != issuer:
        return None
    addresses = [str(document.get(name)) for name in ("authorization_endpoint", "token_endpoint", "jwks_uri")]
    if not all(is_safe_address(address) for address in addresses):
        return None
    authorization, token, keys = addresses
    names_itself = document.get("authorization_response_iss_parameter_supported") is True
    told = document.get("userinfo_endpoint")
    userinfo = told if isinstance(told, str) and is_safe_address(told) else None
    return Endpoints(authorization=authorization, token=token, keys=keys, names_itself=names_itself, userinfo=userinfo)


def keys_of(document: Any) -> KeySet | None:
    """Read the keys that a provider signs with; None where there is none that we can use."""
    listed = document.get("keys") if isinstance(document, dict) else None
    if not isinstance(listed, list):
        return None
    signing = [key for key in listed if isinstance(key, dict) and _signs(key)]
    try:
        return KeySet.import_key_set({"keys": signing})
    except (JoseError, ValueError, TypeError, KeyError):
        return None


def proven_by(token: Any, *, keys: KeySet, provider: Provider, nonce: str, access_token: Any, now: datetime) -> Proven:
    """Read an ID token that came from a provider's own endpoint, and tell whom it proves.

    Raises `KeyUnknown` for a key that is not among `keys`, and `TokenRefused` for all else that is wrong with it.
    """
    if not isinstance(token, str) or len(token) > TOKEN_CHARACTERS_MAX:
        raise TokenRefused("there is no ID token")
    try:
        read = jwt.decode(token, keys, algorithms=sorted(provider.algorithms))
        claims = CodeIDToken(
            read.claims,
            read.header,
            options={"iss": _exactly(provider.issuer), "aud": _exactly(provider.our_id)},
            params={"nonce": nonce, "client_id": provider.our_id, "access_token": access_token},
        )
        claims.validate(now=int(now.timestamp()), leeway=CLOCKS_DIFFER_SECONDS)
    except InvalidKeyIdError:
        raise KeyUnknown("the token is signed by a key that the provider does not show") from None
    except (JoseError, ValueError, TypeError, KeyError) as error:
        raise TokenRefused(f"the token is refused: {type(error).__name__} {getattr(error, 'claim', '')}") from None
    return _proven(claims, provider=provider)


def lacks_personal_code(proven: Proven, *, provider: Provider, endpoints: Endpoints) -> bool:
    """Tell whether the provider has to be asked for the personal code that its token did not hold."""
    return provider.personal_code_claim is not None and proven.personal_code is None and endpoints.userinfo is not None


def with_userinfo(proven: Proven, *, claims: Any, provider: Provider) -> Proven:
    """Add the personal code that userinfo tells of the subject of the token, and of no other.

    Raises `TokenRefused` where it is about somebody else (OpenID Connect Core 1.0, section 5.3.2).
    """
    told = claims if isinstance(claims, dict) else {}
    if told.get("sub") != proven.subject:
        raise TokenRefused("userinfo is of another subject than the token")
    code = told.get(provider.personal_code_claim or "")
    return replace(proven, personal_code=code if isinstance(code, str) else None)


def plain_personal_code(text: str) -> str:
    """Write a personal code the one way it is compared, also where it stands in an identifier of ETSI EN 319 412-1."""
    bare = re.sub(r"^PNO[A-Z]{2}-", "", text[:SUBJECT_CHARACTERS_MAX].strip().upper())
    return re.sub(r"[^0-9A-Z]", "", bare)


def personal_code_hash(code: str | None, *, secret: bytes) -> bytes | None:
    """Hash a personal code under the server's secret, for there are too few of them for a plain hash."""
    plain = plain_personal_code(code or "")
    return hmac.digest(secret, b"mains personal code 1:" + plain.encode(), "sha256") if plain else None


def _proven(claims: Any, *, provider: Provider) -> Proven:
    subject = claims["sub"]
    if not 1 <= len(subject) <= SUBJECT_CHARACTERS_MAX or not subject.isprintable():
        raise TokenRefused("the token's subject is none")
    code = claims.get(provider.personal_code_claim) if provider.personal_code_claim else None
    acr = claims.get("acr")
    return Proven(
        provider=provider.code,
        subject=subject,
        personal_code=code if isinstance(code, str) else None,
        is_strong=isinstance(acr, str) and acr in provider.strong_acrs,
    )


def _signs(key: dict[str, Any]) -> bool:
    return key.get("kty") in SIGNING_KINDS and key.get("use", "sig") == "sig"


def _exactly(value: str) -> Any:
    return {"essential": True, "value": value}


def _made_of(key: str, purpose: str, state: str) -> str:
    digest = hmac.digest(key.encode(), f"mains openid {purpose} 1:{state}".encode(), hashlib.sha256)
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
