"""Changes of what a contract is priced by: a declared attribute gets another value from a civil day on."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from mains_spi import Attribute, ContractAttribute, ContractCheck, Utility
from sqlalchemy.ext.asyncio import AsyncSession

from mains_server.access.records import Refusal
from mains_server.adapters.asking import AdapterFailed
from mains_server.adapters.host import AdapterHost
from mains_server.contracts import queries, rules
from mains_server.contracts.records import Contract
from mains_server.contracts.tables import ContractAttribute as AttributeRow


class AttributeUnknown(Refusal):
    """The utility prices by no such attribute, or by one that the place or the customer tells."""

    code = "ATTRIBUTE_UNKNOWN"
    path = "attributes"


class AttributeValueWrong(Refusal):
    """The attribute has no such value."""

    code = "ATTRIBUTE_VALUE_WRONG"
    path = "attributes"


class AttributesRefused(Refusal):
    """The utility's adapter does not have a contract with these attributes, or cannot be asked."""

    code = "ATTRIBUTES_REFUSED"
    path = "attributes"


async def change_attributes(
    session: AsyncSession, *, contract: Contract, values: Mapping[str, str], starts: date, host: AdapterHost
) -> None:
    """Let a contract have other values from a day on; what is agreed for later days stays as it is.

    The adapter's card says which there are, and its hook `check_contract` whether they go together.
    """
    adapter = host.live.get(contract.adapter)
    if adapter is None:
        raise AttributesRefused(f"the adapter {contract.adapter} is not there to say what its contracts have")
    for name, value in values.items():
        check_value(adapter.utility, name=name, value=value)
    await queries.lock_contract(session, contract_id=contract.id)
    after = {one.name: one.value for one in contract.attributes if rules.holds_on(one, day=starts)} | dict(values)
    told = tuple(Attribute(name, value) for name, value in sorted(after.items()))
    asked = ContractCheck(product=contract.product, on=starts, attributes=told)
    try:
        problems = adapter.check_contract(asked)
    except AdapterFailed as failed:
        raise AttributesRefused("the adapter did not say whether these go together; try again later") from failed
    refused = next((problem for problem in problems if problem.severity == "refuse"), None)
    if refused is not None:
        raise AttributesRefused(refused.labels.en)
    for name, value in values.items():
        await _change(session, contract=contract, name=name, value=value, starts=starts)


def check_value(utility: Utility, *, name: str, value: str) -> None:
    """Refuse an attribute that no contract of the utility can be given, or a value that it cannot have."""
    declared = _declared(utility, name=name)
    if declared is None:
        raise AttributeUnknown(f"a contract of {utility.code} is not given `{name}`; its adapter says which there are")
    if declared.values and value not in declared.values:
        raise AttributeValueWrong(f"`{name}` is one of {', '.join(declared.values)}")
    if not declared.values and not rules.is_plain_value(value, is_number=declared.unit is not None):
        raise AttributeValueWrong(f"`{name}` is {'a number' if declared.unit else '1 to 100 printable characters'}")


def _declared(utility: Utility, *, name: str) -> ContractAttribute | None:
    own = (one for one in utility.attributes if one.scope == "contract" and one.name not in rules.TOLD_OTHERWISE)
    return next((one for one in own if one.name == name), None)


async def _change(session: AsyncSession, *, contract: Contract, name: str, value: str, starts: date) -> None:
    rows = await queries.attribute_rows(session, contract_id=contract.id, name=name)
    held = next((row for row in rows if row.starts <= starts and (row.ends is None or starts < row.ends)), None)
    if held is not None and held.starts == starts:
        held.value = value
    elif held is None or held.value != value:
        later = min((row.starts for row in rows if row.starts > starts), default=contract.ends)
        ends = later if held is None else held.ends
        if held is not None:
            held.ends = starts
        await session.flush()
        session.add(
            AttributeRow(
                customer_id=contract.customer_id,
                contract_id=contract.id,
                name=name,
                value=value,
                starts=starts,
                ends=ends,
            )
        )
    await session.flush()
