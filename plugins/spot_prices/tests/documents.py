"""Writes ENTSO-E documents as the platform does, for tests to spoil."""

NAMESPACE = "urn:iec62325.351:tc57wg16:451-3:publicationdocument:7:3"
LATVIA = "10YLV-1001A00074"


def point(position, price):
    return f"<Point><position>{position}</position><price.amount>{price}</price.amount></Point>"


def period(start, end, points, *, resolution="PT60M"):
    """Points are prices in order, or pairs of position and price."""
    pairs = [p if isinstance(p, tuple) else (at, p) for at, p in enumerate(points, start=1)]
    inner = "".join(point(*pair) for pair in pairs)
    return (
        f"<Period><timeInterval><start>{start}</start><end>{end}</end></timeInterval>"
        f"<resolution>{resolution}</resolution>{inner}</Period>"
    )


def series(*periods, curve="A03", sequence=None, domain=LATVIA, currency="EUR", unit="MWH", contract="A01"):
    name = "classificationSequence_AttributeInstanceComponent.position"
    rank = "" if sequence is None else f"<{name}>{sequence}</{name}>"
    return (
        "<TimeSeries><mRID>1</mRID><auction.type>A01</auction.type><businessType>A62</businessType>"
        f'<in_Domain.mRID codingScheme="A01">{domain}</in_Domain.mRID>'
        f'<out_Domain.mRID codingScheme="A01">{domain}</out_Domain.mRID>'
        f"<contract_MarketAgreement.type>{contract}</contract_MarketAgreement.type>"
        f"<currency_Unit.name>{currency}</currency_Unit.name>"
        f"<price_Measure_Unit.name>{unit}</price_Measure_Unit.name>{rank}<curveType>{curve}</curveType>"
        f"{''.join(periods)}</TimeSeries>"
    )


def document(*parts, kind="A44", namespace=NAMESPACE, prologue=""):
    return (
        f'<?xml version="1.0" encoding="utf-8"?>{prologue}<Publication_MarketDocument xmlns="{namespace}">'
        f"<mRID>7</mRID><revisionNumber>1</revisionNumber><type>{kind}</type>{''.join(parts)}"
        "</Publication_MarketDocument>"
    ).encode()


def acknowledgement(code, text):
    return (
        '<?xml version="1.0" encoding="UTF-8"?>'
        '<Acknowledgement_MarketDocument xmlns="urn:iec62325.351:tc57wg16:451-1:acknowledgementdocument:7:0">'
        f"<mRID>8</mRID><Reason><code>{code}</code><text>{text}</text></Reason></Acknowledgement_MarketDocument>"
    ).encode()
