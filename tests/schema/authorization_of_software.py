"""The authorization matrix of software: what each scope of a token opens, written down a second time to compare."""

from collections.abc import Mapping

# A column a scope, field by field; `*` is each field of a type. All else is closed to it.
MACHINES: Mapping[str, Mapping[str, str]] = {
    "READ_METERS": {
        "Building": "address id name supplyPoints",
        "Meter": "digits id installed multiplier registers serial supplyPoint",
        "Node": "id",
        "Query": "node viewer",
        "Reading": "countsFor id quality reasons receivedAt register source status supersededBy takenAt value",
        "Register": "code collection id meter quantity readings unit zone",
        "SupplyPoint": "address amperes area building commodity id identifier meters phases premise premiseKind role"
        " scheme timeZone",
        "Viewer": "buildings id supplyPoints",
    },
    "READ_CONSUMPTION": {
        "Building": "address consumption id name supplyPoints",
        "Consumption": "basePeriod granularity knownUntil period series",
        "IntervalDay": "day expected id isCurrent known knownAt quality statuses stepSeconds total values version",
        "Meter": "id registers serial",
        "Node": "id",
        "Query": "node viewer",
        "Register": "code id intervalDays quantity unit zone",
        "SupplyPoint": "address area building commodity consumption gaps id identifier intervalDays meters premise"
        " premiseKind role scheme timeZone",
        "Viewer": "buildings id supplyPoints",
    },
    "READ_OUTAGES": {
        "Building": "address id name outages supplyPoints",
        "Node": "id",
        "Outage": "announcedAt cause changedAt commodity ends id isLate kind places reference revision revisions"
        " starts state",
        "OutagePlace": "building id outage starts supplyPoint",
        "OutageRevision": "at change ends id isLate number starts",
        "Query": "node viewer",
        "SupplyPoint": "address area building commodity id identifier outages premise premiseKind role scheme timeZone",
        "Viewer": "buildings id supplyPoints",
    },
    "READ_CONTRACTS": {
        "Building": "address id name supplyPoints",
        "Contract": "adapter attributes billing delivery id number paymentTermDays period priceFixedUntil product"
        " productCode productName settlement signedOn supplies termsSince",
        "ContractAttribute": "name period value",
        "Node": "id",
        "Product": "adapter code id name priceFixedMonths priceList",
        "Query": "node viewer",
        "Supply": "contract period supplyPoint",
        "SupplyPoint": "address area building commodity id identifier premise premiseKind role scheme timeZone",
        "Viewer": "buildings contracts id supplyPoints",
    },
    "READ_INVOICES": {
        "Contract": "adapter id invoices number period productCode productName settlement",
        "Invoice": "adapter allocations contract corrects credited creditedBy dueOn id issuedAt issuedOn kind"
        " levelled lines net number openAmount paid paymentReference period replacedBy replaces rounding"
        " seller status support tax taxes total",
        "InvoiceLine": "*",
        "InvoiceTax": "*",
        "Node": "id",
        "Payment": "amount id method receivedOn reference unallocated",
        "PaymentAllocation": "allocatedAt amount invoice payment",
        "Query": "node viewer",
        "Seller": "*",
        "Viewer": "contracts id",
    },
    "SUBMIT_READINGS": {
        "Mutation": "readingSubmit readingSubmitMany",
        "Reading": "countsFor id quality reasons receivedAt register source status supersededBy takenAt value",
        "Register": "code id quantity unit zone",
    },
}
