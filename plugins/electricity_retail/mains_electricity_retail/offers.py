"""What the seller offers: products with their terms. Prices are data of the host, not of this module."""

from __future__ import annotations

from decimal import Decimal

from mains_spi import Channel, Labels, Product, Settlement

BOTH = (Settlement.INVOICE, Settlement.LEVELLED)

PRODUCTS = (
    Product(
        code="universalais",
        labels=Labels("Elektrum Universālais", "Elektrum Universal", "Elektrum Универсальный"),
        tariff="fixed",
        price_list="universalais",
        price_fixed_months=12,
        settlements=BOTH,
        recommended_upto=Decimal(200),
        recommended_unit="kWh/month",
    ),
    Product(
        code="ekonomiskais",
        labels=Labels("Elektrum Ekonomiskais", "Elektrum Economy", "Elektrum Экономный"),
        tariff="fixed",
        price_list="ekonomiskais",
        price_fixed_months=24,
        exit_fee=Decimal("15.00"),
        channels=(Channel.PORTAL,),
        recommended_upto=Decimal(300),
        recommended_unit="kWh/month",
    ),
    Product(
        code="izdevigais_200",
        labels=Labels("Elektrum Izdevīgais 200+", "Elektrum Saver 200+", "Elektrum Выгодный 200+"),
        tariff="fixed_with_fee",
        price_list="izdevigais_200",
        price_fixed_months=24,
        exit_fee=Decimal("40.00"),
        switch_fee=Decimal("30.00"),
        settlements=BOTH,
        recommended_from=Decimal(200),
        recommended_upto=Decimal(600),
        recommended_unit="kWh/month",
    ),
    Product(
        code="izdevigais_600",
        labels=Labels("Elektrum Izdevīgais 600+", "Elektrum Saver 600+", "Elektrum Выгодный 600+"),
        tariff="fixed_with_fee",
        price_list="izdevigais_600",
        price_fixed_months=24,
        exit_fee=Decimal("40.00"),
        switch_fee=Decimal("30.00"),
        settlements=BOTH,
        recommended_from=Decimal(600),
        recommended_unit="kWh/month",
    ),
    Product(
        code="dinamiskais",
        labels=Labels("Elektrum Dinamiskais", "Elektrum Dynamic", "Elektrum Динамичный"),
        tariff="exchange",
        price_list="dinamiskais",
    ),
    Product(
        code="klasiskais",
        labels=Labels("Elektrum Klasiskais", "Elektrum Classic", "Elektrum Классический"),
        tariff="fixed",
        price_list="klasiskais",
        settlements=BOTH,
    ),
)
