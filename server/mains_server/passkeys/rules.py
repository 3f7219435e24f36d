"""What an authenticator is asked, and what its answer proves.

Web Authentication, level 2: the library reads structures and judges signatures, and we say what is ours to say: which
pages, which domain, that the person was verified, and how often a key may have signed. What is read here came from
anywhere, so whatever cannot be read is a refusal.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from hashlib import sha256
from typing import Any

from webauthn import (
    generate_authentication_options,
    generate_registration_options,
    options_to_json,
    verify_authentication_response,
    verify_registration_response,
)
from webauthn.helpers import (
    decode_credential_public_key,
    decoded_public_key_to_cryptography,
    parse_attestation_object,
    parse_authentication_credential_json,
    parse_authenticator_data,
    parse_client_data_json,
    parse_registration_credential_json,
)
from webauthn.helpers.cose import COSEAlgorithmIdentifier
from webauthn.helpers.structs import (
    AuthenticatorData,
    AuthenticatorSelectionCriteria,
    AuthenticatorTransport,
    ClientDataType,
    CollectedClientData,
    CredentialDeviceType,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from mains_server.access.records import Person, Refusal
from mains_server.passkeys.records import Known, Made, RelyingParty, Signed, Transport
from mains_server.signin.throttling import Bound

CHALLENGE_LASTS_FOR = timedelta(minutes=5)
PASSKEYS_MAX = 20
NAME_CHARACTERS_MAX = 60
ANSWER_CHARACTERS_MAX = 20_000
CREDENTIAL_BYTES_MAX = 1_023
KEY_BYTES_MAX = 2_000
BEGUN_OF_NETWORK = Bound("passkeys of network", 60, timedelta(minutes=15))
BEGUN_OF_ALL = Bound("passkeys of all", 3_000, timedelta(minutes=15))
ANSWERS_OF_NETWORK = Bound("passkey answers of network", 60, timedelta(minutes=15))
ANSWERS_OF_ALL = Bound("passkey answers of all", 3_000, timedelta(minutes=15))
ALGORITHMS = [
    COSEAlgorithmIdentifier.EDDSA,
    COSEAlgorithmIdentifier.ECDSA_SHA_256,
    COSEAlgorithmIdentifier.RSASSA_PKCS1_v1_5_SHA_256,
]
WITHOUT_ATTESTATION = "none"
SELF_ATTESTED = "packed"
VERIFIED = UserVerificationRequirement.REQUIRED
NOBODY_IN = "this passkey does not let anybody in here"


class PasskeyMalformed(Refusal):
    """What came is not what a browser makes of an authenticator's answer."""

    code = "PASSKEY_MALFORMED"
    path = "credential"


class OriginWrong(Refusal):
    """A page that passkeys were not set up for asked for the answer, or ours inside another's."""

    code = "ORIGIN_WRONG"
    path = "credential"


class RelyingPartyWrong(Refusal):
    """The passkey is of another domain."""

    code = "RELYING_PARTY_WRONG"
    path = "credential"


class PersonUnverified(Refusal):
    """The authenticator did not ask for a finger, a face or a PIN, so that having it would be enough."""

    code = "PERSON_UNVERIFIED"
    path = "credential"


class PasskeyRefused(Refusal):
    """The answer proves nothing; which of the reasons it was is for the log."""

    code = "PASSKEY_REFUSED"
    path = "credential"


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """An answer as it can be read before anything of it is proven; `credential` is the library's own."""

    challenge: bytes = field(repr=False)
    credential_id: bytes = field(repr=False)
    handle: bytes | None = field(repr=False)
    origin: str
    is_embedded: bool
    party_hash: bytes
    is_verified: bool
    credential: Any = field(repr=False)


def creation_options(
    party: RelyingParty, *, person: Person, handle: bytes, challenge: bytes, known: Sequence[Known]
) -> str:
    """Write what a browser makes a passkey by, as JSON; of one it has already it makes no second."""
    options = generate_registration_options(
        rp_id=party.id,
        rp_name=party.name,
        user_id=handle,
        user_name=person.email,
        user_display_name=person.name or person.email,
        challenge=challenge,
        timeout=int(CHALLENGE_LASTS_FOR.total_seconds()) * 1_000,
        authenticator_selection=AuthenticatorSelectionCriteria(
            resident_key=ResidentKeyRequirement.REQUIRED, user_verification=VERIFIED
        ),
        exclude_credentials=_descriptors(known),
        supported_pub_key_algs=ALGORITHMS,
    )
    return options_to_json(options)


def request_options(party: RelyingParty, *, challenge: bytes, known: Sequence[Known] = ()) -> str:
    """Write what a browser signs with a passkey by, as JSON; without known ones the person chooses."""
    options = generate_authentication_options(
        rp_id=party.id,
        challenge=challenge,
        timeout=int(CHALLENGE_LASTS_FOR.total_seconds()) * 1_000,
        allow_credentials=_descriptors(known),
        user_verification=VERIFIED,
    )
    return options_to_json(options)


def read_made(text: str) -> Answer:
    """Read the answer of an authenticator that made a passkey. Raises `PasskeyMalformed`."""
    with _of_anybody():
        credential = parse_registration_credential_json(_bounded(text))
        said = parse_client_data_json(credential.response.client_data_json)
        attested = parse_attestation_object(credential.response.attestation_object)
        is_plain = attested.fmt == WITHOUT_ATTESTATION
        if not is_plain and (attested.fmt != SELF_ATTESTED or attested.att_stmt.x5c):
            raise PasskeyMalformed("it says who built it, which was not asked for")
        return _answer(credential, said, attested.auth_data, kind=ClientDataType.WEBAUTHN_CREATE)


def read_signed(text: str) -> Answer:
    """Read the answer of an authenticator that signed with a passkey. Raises `PasskeyMalformed`."""
    with _of_anybody():
        credential = parse_authentication_credential_json(_bounded(text))
        said = parse_client_data_json(credential.response.client_data_json)
        shown = parse_authenticator_data(credential.response.authenticator_data)
        handle = credential.response.user_handle
        return _answer(credential, said, shown, kind=ClientDataType.WEBAUTHN_GET, handle=handle)


def insist_on_place(answer: Answer, *, party: RelyingParty) -> None:
    """Refuse answers to other pages, of other domains, and of authenticators that verified nobody.

    Raises `OriginWrong`, `RelyingPartyWrong` and `PersonUnverified`; none of them tells whether somebody is known.
    """
    if answer.origin not in party.origins:
        raise OriginWrong("passkeys are not set up for this page")
    if answer.is_embedded:
        raise OriginWrong("the page was inside one of another site")
    if answer.party_hash != sha256(party.id.encode()).digest():
        raise RelyingPartyWrong("this passkey is of another domain")
    if not answer.is_verified:
        raise PersonUnverified("the device did not check who holds it; use one with a PIN, a finger or a face")


def made_by(answer: Answer, *, party: RelyingParty) -> Made:
    """Give the passkey that an answer proves was made. Raises `PasskeyRefused`."""
    with _refusing():
        found = verify_registration_response(
            credential=answer.credential,
            expected_challenge=answer.challenge,
            expected_rp_id=party.id,
            expected_origin=sorted(party.origins),
            require_user_verification=True,
            supported_pub_key_algs=ALGORITHMS,
        )
        # A key that verifies nothing would only show when its person wants to come in.
        decoded_public_key_to_cryptography(decode_credential_public_key(found.credential_public_key))
    is_too_long = len(found.credential_id) > CREDENTIAL_BYTES_MAX or len(found.credential_public_key) > KEY_BYTES_MAX
    if found.credential_id != answer.credential_id or is_too_long:
        raise PasskeyRefused("the parts of this answer are of two passkeys, or too long")
    named = answer.credential.response.transports or ()
    return Made(
        credential_id=found.credential_id,
        public_key=found.credential_public_key,
        sign_count=found.sign_count,
        transports=tuple(one for one in Transport if one.value in {name.value for name in named}),
        is_synced=found.credential_device_type is CredentialDeviceType.MULTI_DEVICE,
    )


def signed_by(answer: Answer, *, party: RelyingParty, public_key: bytes) -> Signed:
    """Give what an answer proves that a passkey signed. Raises `PasskeyRefused`.

    The count is compared afterwards (`goes_backwards`), so that only who has the key can say anything about it.
    """
    with _refusing():
        found = verify_authentication_response(
            credential=answer.credential,
            expected_challenge=answer.challenge,
            expected_rp_id=party.id,
            expected_origin=sorted(party.origins),
            credential_public_key=public_key,
            credential_current_sign_count=0,
            require_user_verification=True,
        )
    is_synced = found.credential_device_type is CredentialDeviceType.MULTI_DEVICE
    return Signed(sign_count=found.new_sign_count, is_synced=is_synced)


def goes_backwards(*, stored: int, shown: int) -> bool:
    """Tell whether a count shows that there are two of a passkey; one that never counts shows nothing.

    Web Authentication, 7.2, step 21.
    """
    return (stored > 0 or shown > 0) and shown <= stored


def plain_name(text: str) -> str | None:
    """Write a passkey's name the one way it is kept; None if it cannot be shown."""
    name = " ".join(text.split())
    return name if 1 <= len(name) <= NAME_CHARACTERS_MAX and name.isprintable() else None


def _answer(
    credential: Any,
    said: CollectedClientData,
    shown: AuthenticatorData,
    *,
    kind: ClientDataType,
    handle: bytes | None = None,
) -> Answer:
    if said.type != kind or not isinstance(said.origin, str):
        raise PasskeyMalformed("it answers another question")
    return Answer(
        challenge=said.challenge,
        credential_id=credential.raw_id,
        handle=handle,
        origin=said.origin,
        is_embedded=bool(said.cross_origin),
        party_hash=shown.rp_id_hash,
        is_verified=shown.flags.up and shown.flags.uv,
        credential=credential,
    )


def _bounded(text: str) -> str:
    if len(text) > ANSWER_CHARACTERS_MAX:
        raise PasskeyMalformed(f"it has more than {ANSWER_CHARACTERS_MAX:,} characters")
    return text


def _descriptors(known: Sequence[Known]) -> list[PublicKeyCredentialDescriptor]:
    return [
        PublicKeyCredentialDescriptor(
            id=one.credential_id, transports=[AuthenticatorTransport(way.value) for way in one.transports]
        )
        for one in known
    ]


@contextmanager
def _of_anybody() -> Iterator[None]:
    """Refuse what cannot be read, whatever the library stumbles over: it was sent by anybody."""
    try:
        yield
    except Refusal:
        raise
    except Exception as error:
        raise PasskeyMalformed(f"this is no answer of an authenticator ({type(error).__name__})") from None


@contextmanager
def _refusing() -> Iterator[None]:
    """Refuse what does not verify, with one answer for all reasons."""
    try:
        yield
    except Exception as error:
        raise PasskeyRefused(NOBODY_IN) from error
