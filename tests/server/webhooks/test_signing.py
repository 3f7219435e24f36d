"""Messages are signed so that any library of Standard Webhooks proves them."""

import base64
from datetime import UTC, datetime

from mains_server.webhooks.signing import headers_of, new_secret

from tests.server.webhooks.receiver import is_signed

AT = datetime.fromtimestamp(1_614_265_330, UTC)
BODY = b'{"test": 2432232314}'


def test_the_example_of_the_standards_libraries_has_its_signature():
    # The vector that the reference libraries are tested with.
    secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
    headers = headers_of(message_id="msg_p5jXN8AQM9LWM0D4loKWxJek", body=BODY, signed_with=[secret], at=AT)

    assert headers["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
    assert (headers["webhook-id"], headers["webhook-timestamp"]) == ("msg_p5jXN8AQM9LWM0D4loKWxJek", "1614265330")


def test_each_secret_signs_so_that_one_can_be_replaced():
    old, new, other = new_secret(), new_secret(), new_secret()

    headers = headers_of(message_id="msg_1", body=BODY, signed_with=[new, old], at=AT)

    assert [is_signed(headers, BODY, one) for one in (old, new, other)] == [True, True, False]
    assert not is_signed(headers, BODY + b" ", new)


def test_secrets_are_as_long_as_the_standard_wants_and_never_the_same():
    secrets = {new_secret() for _ in range(20)}

    assert len(secrets) == 20
    assert {len(base64.b64decode(one.removeprefix("whsec_"))) for one in secrets} == {32}
