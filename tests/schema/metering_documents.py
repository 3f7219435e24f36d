"""What staff ask about meters and flagged readings."""

READING = "reading { id status reasons decidedAt decisionNote value { value unit } supersededBy { id } } "
METER = (
    "meter { serial digits multiplier installed { from to }"
    " registers { code zone collection readings(first: 3) { nodes { countsFor value { value } source } } } } "
)
ERRORS = "userErrors { code path retryable }"

STAFF_MUTATIONS = {
    name: f"mutation ($input: {name[0].upper()}{name[1:]}Input!) {{ {name}(input: $input) {{ {shown}{ERRORS} }} }}"
    for name, shown in {
        "readingAccept": READING,
        "readingReject": READING,
        "meterInstall": METER,
        "meterReplace": METER,
    }.items()
}

FLAGGED = """query ($order: FlaggedReadingOrder, $filter: FlaggedReadingFilter) { staff {
  flaggedReadings(first: 10, orderBy: $order, filter: $filter) { totalCount nodes {
    id status reasons value { value unit } receivedAt register { code meter { serial } } } } } }"""
