"""What a viewer may do follows from the grants alone."""

from mains_server.access.records import ANONYMOUS, Grant, GrantRole, Permission, StaffRole, Viewer

OWNER = Grant(customer_id=1, role=GrantRole.OWNER, permissions=frozenset(Permission))
DELEGATE = Grant(
    customer_id=2,
    role=GrantRole.DELEGATE,
    permissions=frozenset({Permission.VIEW, Permission.PAY}),
    contract_ids=frozenset({20, 21}),
)
VIEWER = Viewer(person_id=7, grants=(OWNER, DELEGATE))


def test_an_owner_has_every_permission_on_every_contract_of_the_customer():
    assert all(VIEWER.may(permission, customer_id=1, contract_id=10) for permission in Permission)


def test_a_delegate_has_the_named_permissions_on_the_named_contracts():
    assert VIEWER.may(Permission.PAY, customer_id=2, contract_id=20)
    assert not VIEWER.may(Permission.SUBMIT_READINGS, customer_id=2, contract_id=20)
    assert not VIEWER.may(Permission.PAY, customer_id=2, contract_id=22)


def test_a_contract_of_another_customer_is_not_covered_by_its_number_alone():
    assert not VIEWER.may(Permission.VIEW, customer_id=3, contract_id=20)


def test_whole_customers_and_single_contracts_are_listed_apart():
    assert VIEWER.customers_with(Permission.VIEW) == {1}
    assert VIEWER.contracts_with(Permission.VIEW) == {20, 21}
    assert VIEWER.contracts_with(Permission.SUBMIT_READINGS) == frozenset()


def test_nobody_may_nothing():
    assert not ANONYMOUS.is_signed_in
    assert not ANONYMOUS.is_staff
    assert not ANONYMOUS.may(Permission.VIEW, customer_id=1, contract_id=10)
    assert Viewer(person_id=1, staff=frozenset({StaffRole.OPERATOR})).is_staff
