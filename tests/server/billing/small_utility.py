"""A small utility to bill: an adapter with power for customers and heat for houses, and what they need to be billed.

It is a module of its own so that a test can also start it in another process and kill that.
"""

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import psycopg
from mains_server.adapters.host import AdapterHost
from mains_server.adapters.loading import FoundPlugin, load_adapters
from mains_server.billing.records import RunRequest
from mains_spi import (
    AllocateBuilding,
    ChargeCode,
    ContractAttribute,
    Fact,
    Figure,
    GroupQty,
    Labels,
    Monthly,
    OrElse,
    Period,
    PerUnit,
    Pool,
    Price,
    Product,
    Qty,
    QuantityKind,
    Rebate,
    Spot,
    Tariff,
    Utility,
    When,
    hookimpl,
)
from psycopg.types.json import Jsonb

ADAPTER = "small"
NOW = datetime(2023, 2, 10, 8, 0, tzinfo=UTC)
JANUARY = Period(date(2023, 1, 1), date(2023, 2, 1))
FIRST = date(2022, 1, 1)
WORDS = Labels("lv", "en", "ru")
CODES = ("energy", "fee", "network", "support", "gift", "heating", "paper", "spot")


class SmallUtility:
    """The adapter; tests change a hook by inheriting from it."""

    code = ADAPTER

    @hookimpl
    def describe_utility(self):
        return Utility(
            code=self.code,
            spi_major=1,
            labels=WORDS,
            quantities=(
                QuantityKind("energy", "kWh"),
                QuantityKind("heat", "MWh", scope="building"),
                QuantityKind("paper_invoices", "pcs", 0),
            ),
            charges=tuple(ChargeCode(code, "standard", f"small.{code}", WORDS) for code in CODES),
            price_lists=("network",),
            attributes=(
                ContractAttribute(name="amperes", labels=WORDS, unit="A"),
                ContractAttribute(name="area", labels=WORDS, unit="m2", scope="premise"),
                ContractAttribute(name="protected", labels=WORDS, default="no"),
            ),
        )

    @hookimpl
    def products(self, request):
        plain = [("fixed", False), ("dynamic", False), ("flat", False), ("house", False), ("own", True)]
        return tuple(
            Product(code=code, labels=WORDS, tariff=code, price_list=code, rated=rated) for code, rated in plain
        )

    @hookimpl
    def tariff(self, request):
        return {"fixed": FIXED, "dynamic": DYNAMIC, "flat": HOUSE, "house": HOUSE}[request.product]

    @hookimpl
    def rate(self, request):
        raise RuntimeError("nobody taught me to rate")


ENERGY = Qty("energy", "kWh")
FIXED = Tariff(
    "fixed",
    "EUR",
    (
        PerUnit("energy", ENERGY, Price("product.energy", "EUR/kWh")),
        Monthly("fee", Price("product.fee", "EUR/month")),
        Monthly("network", Price("network.fixed", "EUR/month", ("amperes",))),
        PerUnit("paper", Qty("paper_invoices", "pcs"), Price("network.paper", "EUR/pcs")),
        Rebate("support", Price("network.support", "EUR/kWh") * ENERGY, when=(When("protected", ("low_income",)),)),
        Rebate("gift", Price("network.gift", "EUR"), after_tax=True, when=(When("protected", ("low_income",)),)),
    ),
)
DYNAMIC = Tariff("dynamic", "EUR", (Spot("spot", ENERGY, "market", "EUR/kWh", places=5, weights="profile"),))
HOUSE = Tariff(
    "house",
    "EUR",
    (
        AllocateBuilding(
            "house",
            GroupQty("heat", "MWh") * Price("product.heat", "EUR/MWh"),
            (Pool("heating", Qty("area", "m2"), rest=True),),
        ),
        Figure("heat_before", OrElse(Fact("heat_before", "MWh", back=1), GroupQty("heat", "MWh"))),
    ),
)


PATIENCE = timedelta(seconds=30)


def host_of(plugin: object | None = None) -> AdapterHost:
    """Load the adapter as if it were installed; it has `PATIENCE` to answer, which only a call that hangs needs."""
    found = plugin or SmallUtility()
    return load_adapters(
        on=FIRST, plugins=[FoundPlugin(name="small", version="1.2.3", load=lambda: found)], answer_within=PATIENCE
    )


def request(period: Period = JANUARY, *, contracts_per_chunk: int = 5000) -> RunRequest:
    """Ask for the run of a period, issued on the tenth after it."""
    return RunRequest(
        adapter=ADAPTER,
        period=period,
        issued_on=period.end.replace(day=10),
        now=NOW,
        contracts_per_chunk=contracts_per_chunk,
    )


@dataclass
class Town:
    """Writes what is billed straight into the tables, with ids that are the same in every database."""

    connection: psycopg.Connection
    count: dict[str, int] = field(default_factory=dict)

    def insert(self, table: str, **values: Any) -> int:
        columns = ", ".join(f'"{name}"' for name in values)
        places = ", ".join(f"%({name})s" for name in values)
        row = self.connection.execute(f"insert into {table} ({columns}) values ({places}) returning id", values)
        return int(row.fetchall()[0][0])

    def found(self) -> None:
        """Register the seller, the prices and the taxes."""
        self.connection.execute("insert into invoice_series (code, last_number) values ('S', 0)")
        self.insert(
            "seller", adapter=ADAPTER, starts=FIRST, name="Small", registration_number="1", vat_number="LV1",
            address="Lielā iela 1", iban="LV80BANK0000435195001", series="S",
        )  # fmt: skip
        self.price("fixed", energy=("0.15", "EUR/kWh"), fee=("1.20", "EUR/month"))
        self.price("dynamic", none=("1", "EUR"))
        self.price("own", none=("1", "EUR"))
        self.price("flat", heat=("80.00", "EUR/MWh"))
        self.price("house", heat=("80.00", "EUR/MWh"))
        self.price(
            "network", paper=("0.50", "EUR/pcs"), support=("0.02", "EUR/kWh"), gift=("5.00", "EUR"),
            fixed=("2.00", "EUR/month", "amperes", "0", "16"), fixed_=("3.00", "EUR/month", "amperes", "16", "63"),
        )  # fmt: skip
        self.tax("0.21")

    def tax(self, rate: str, *, kind: str | None = None) -> None:
        self.insert("tax_rate", code="standard", kind=kind, rate=rate, starts=FIRST, source="test")

    def price(self, list_name: str, *, adapter: str = ADAPTER, starts: date = FIRST, **prices: tuple[str, ...]) -> int:
        """Load a price list; a price may have a condition (attribute, above, upto)."""
        version = self.insert(
            "price_version", adapter=adapter, list=list_name, code=f"{starts}", starts=starts, ends=None,
            known_from=datetime(2021, 12, 1, tzinfo=UTC), decision="no. 1", source="test",
        )  # fmt: skip
        for position, (name, (value, unit, *when)) in enumerate(prices.items()):
            conditions = [{"name": w[0], "among": [], "above": w[1], "upto": w[2]} for w in ([when] if when else [])]
            self.insert(
                "price_row", version_id=version, position=position, name=name.rstrip("_"), value=value, unit=unit,
                conditions=Jsonb(conditions),
            )  # fmt: skip
        return version

    def customer(self, *, kind: str = "PRIVATE") -> int:
        number = self.next("customer")
        return self.insert(
            "customer", number=f"C{number}", kind=kind, name=f"Customer {number}", language="lv",
            address_line="Meža iela 2", address_city="Jelgava", address_postcode="LV-3001", address_country="LV",
            created_at=NOW,
        )  # fmt: skip

    def point(self, **values: Any) -> int:
        number = self.next("point")
        own = {
            "commodity": "power", "scheme": "test", "identifier": f"P{number:05d}", "role": "PREMISE",
            "premise_kind": "DWELLING", "address_line": f"Meža iela {number}", "address_city": "Jelgava",
            "address_postcode": "LV-3001", "address_country": "LV", "amperes": 16, "time_zone": "Europe/Riga",
        }  # fmt: skip
        return self.insert("supply_point", **{**own, **values})

    def contract(self, *, customer: int, points: tuple[int, ...], product: str = "fixed", **values: Any) -> int:
        number = self.next("contract")
        own = {
            "customer_id": customer, "number": f"K{number}", "adapter": ADAPTER, "product": product,
            "billing": "DIRECT", "settlement": "INVOICE", "delivery": "PORTAL", "payment_term_days": 20,
            "signed_on": FIRST, "starts": FIRST, "ends": None,
        }  # fmt: skip
        contract = self.insert("contract", **{**own, **values})
        days = {"starts": values.get("starts", FIRST), "ends": values.get("ends")}
        for point in points:
            self.insert(
                "contract_supply_point", customer_id=customer, contract_id=contract, supply_point_id=point, **days
            )
        return contract

    def meter(self, point: int, *, quantity: str = "energy", unit: str = "kWh", **values: Any) -> int:
        """Install a meter with one register, and give the register."""
        number = self.next("meter")
        zone = values.pop("zone", None)
        own = {"serial": f"M{number}", "digits": 6, "multiplier": Decimal(1), "installed_on": FIRST, "removed_on": None}
        meter = self.insert("meter", supply_point_id=point, **{**own, **values})
        return self.insert(
            "register",
            meter_id=meter,
            supply_point_id=point,
            code=zone or "T1",
            quantity=quantity,
            unit=unit,
            zone=zone,
        )

    def read(self, register: int, *readings: tuple[date, str], quality: str = "ACTUAL") -> None:
        for day, value in readings:
            self.connection.execute(
                "insert into reading (register_id, supply_point_id, taken_at, counts_for, value, source, quality,"
                " status, received_at) select id, supply_point_id, %s, %s, %s, 'PORTAL', %s, 'ACCEPTED', %s"
                " from register where id = %s",
                [NOW, day, Decimal(value), quality, NOW, register],
            )

    def attribute(
        self, contract: int, name: str, value: str, *, starts: date = FIRST, ends: date | None = None
    ) -> None:
        self.connection.execute(
            "insert into contract_attribute (customer_id, contract_id, name, value, starts, ends)"
            " select customer_id, id, %s, %s, %s, %s from contract where id = %s",
            [name, value, starts, ends, contract],
        )

    def household(self, *, used: str = "100", before: str = "1000", product: str = "fixed", **values: Any) -> int:
        """Have a household with a meter that was read around January, and give its contract."""
        point = self.point(**{name: values.pop(name) for name in ("amperes",) if name in values})
        contract = self.contract(customer=self.customer(), points=(point,), product=product, **values)
        after = str(Decimal(before) + Decimal(used))
        self.read(self.meter(point), (JANUARY.start, before), (JANUARY.end, after))
        return contract

    def house(
        self, *, areas: tuple[str, ...] = ("50", "30.5", "19.5"), heat: str = "10.1"
    ) -> tuple[int, tuple[int, ...]]:
        """Have a house whose heat is shared out by area, and give its building and the flats' contracts."""
        building = self.insert(
            "building", name="House", address_line="Meža iela 1", address_city="Jelgava", address_postcode="LV-3001",
            address_country="LV",
        )  # fmt: skip
        own = {"commodity": "heat", "building_id": building, "amperes": None}
        substation = self.point(role="BUILDING", premise_kind="NOT_APPLICABLE", **own)
        manager = self.customer(kind="BUILDING_MANAGER")
        self.contract(customer=manager, points=(substation,), product="house", billing="BY_MEMBERS")
        register = self.meter(substation, quantity="heat", unit="MWh")
        self.read(register, (JANUARY.start, "100"), (JANUARY.end, str(100 + Decimal(heat))))
        flats = []
        for number, area in enumerate(areas, start=1):
            point = self.point(premise=str(number), area_m2=Decimal(area), **own)
            flats.append(self.contract(customer=self.customer(), points=(point,), product="flat"))
        return building, tuple(flats)

    def series(self, name: str, unit: str, values: list[str], *, known_at: datetime) -> None:
        """Load a series with a value a day through January."""
        starts = datetime(2022, 12, 31, 22, tzinfo=UTC)
        self.insert(
            "fact_series", name=name, unit=unit, starts_at=starts, ends_at=starts + timedelta(days=len(values)),
            step_seconds=86400, values=[Decimal(value) for value in values], known_at=known_at, source="test",
        )  # fmt: skip

    def next(self, what: str) -> int:
        self.count[what] = self.count.get(what, 0) + 1
        return self.count[what]


def invoices(connection: psycopg.Connection) -> list[tuple[Any, ...]]:
    """Read all invoices but for ids of rows and instants."""
    return connection.execute(
        "select contract_id, document_number, kind, period_from, period_to, issued_on, due_on, net, tax, support,"
        " total, rounding, customer_name, billing_address, supply_address, payment_reference, inputs"
        " from invoice order by number"
    ).fetchall()


def lines(connection: psycopg.Connection, contract: int) -> list[tuple[Any, ...]]:
    """Read the lines of a contract's invoices."""
    return connection.execute(
        "select code, quantity, unit, unit_price, price_unit, net, tax_code, tax_rate, is_after_tax, quality"
        " from invoice_line where contract_id = %s order by invoice_id, position",
        [contract],
    ).fetchall()
