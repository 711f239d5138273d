"""The worked country of SEEA EA 2024, annex 10.1: its numbers as tables."""

from __future__ import annotations

from ecoassets.core.tables import Table

# from, to, hectares
_EXTENT = (
    ("Forest", "Forest", 38),
    ("Forest", "Cropland", 2),
    ("Lake", "Lake", 30),
    ("Cropland", "Cropland", 60),
    ("Urban area", "Urban area", 50),
    ("Wetland", "Wetland", 20),
    ("Seagrass", "Seagrass", 50),
)
# type, class, variable, opening, closing, lower, upper
_CONDITION = (
    ("Forest", "physical", "NDWI", 0.31, 0.29, -1, 1),
    ("Forest", "chemical", "soil organic carbon t/ha", 100, 95, 0, 250),
    ("Forest", "chemical", "foliar nitrogen mg/g", 18, 17, 4, 40),
    ("Forest", "compositional", "tree species", 6, 5, 0, 10),
    ("Forest", "structural", "tree cover percent", 81, 75, 0, 100),
    ("Forest", "functional", "NDVI", 0.65, 0.63, -1, 1),
    ("Forest", "landscape", "forest area density percent", 74, 59, 0, 100),
    ("Lake", "physical", "Secchi depth m", 5, 5.5, 0.25, 10),
    ("Lake", "chemical", "total N mg/l", 1.1, 0.9, 2, 0),
    ("Lake", "chemical", "chlorophyll a ug/l", 4.2, 3.5, 35, 2),
    ("Lake", "compositional", "fish species", 35, 34, 0, 45),
    ("Lake", "structural", "predatory fish percent", 12.5, 17, 0, 25),
    ("Lake", "functional", "BOD mg/l", 2.5, 2.4, 25, 0),
    ("Lake", "landscape", "natural shore percent", 40, 40, 0, 100),
    ("Cropland", "physical", "NDWI", -0.15, -0.13, -1, 1),
    ("Cropland", "chemical", "soil organic carbon g/kg", 25.6, 24.8, 0, 40),
    ("Cropland", "compositional", "farmland bird index", 71, 70, 0, 100),
    ("Cropland", "structural", "crop diversity", 0.43, 0.48, 0, 1),
    ("Cropland", "structural", "organic farming percent", 7.5, 7.6, 0, 100),
    ("Cropland", "functional", "GPP kg/m2", 0.92, 0.94, 0.5, 1.3),
    ("Cropland", "landscape", "semi-natural vegetation percent", 5.1, 4.9, 0, 20),
)
# type, service, unit, actual 2020, expected at opening and closing, price actual, at opening and closing, user
_FLOWS = (
    ("Forest", "wood", "m3", 140, 150, 120, 60, 60, 65, "forestry"),
    ("Forest", "climate", "t CO2", 150, 160, 125, 25, 25, 26, "government"),
    ("Forest", "recreation", "visits", 1500, 1600, 1450, 5, 5, 5, "households"),
    ("Lake", "fish", "t", 3, 3, 4, 350, 340, 370, "fisheries"),
    ("Lake", "recreation", "visits", 5000, 4800, 5000, 5, 5, 5, "households"),
    ("Cropland", "crops", "t", 150, 150, 170, 75, 75, 75, "agriculture"),
    ("Urban area", "climate", "t CO2", 5, 5, 5, 25, 25, 26, "government"),
    ("Urban area", "recreation", "visits", 2500, 2400, 2600, 5, 5, 5, "households"),
    ("Wetland", "climate", "t CO2", 20, 20, 19, 25, 25, 26, "government"),
    ("Wetland", "purification", "t N", 7, 7, 7, 100, 100, 100, "energy and water supply"),
    ("Seagrass", "fish", "t", 6, 6, 6, 350, 340, 370, "fisheries"),
    ("Seagrass", "climate", "t CO2", 250, 250, 250, 25, 25, 26, "government"),
    ("Seagrass", "recreation", "visits", 800, 800, 700, 5, 5, 5, "households"),
)


def _table(name: str, columns: str, rows: tuple) -> Table:
    return Table.of_rows(name, [dict(zip(columns.split(), row)) for row in rows])


EXTENT = _table("extent", "from_ecosystem to_ecosystem area_ha", _EXTENT)
CONDITION = _table("condition", "ecosystem class variable opening closing lower upper", _CONDITION)
SERVICES = _table(
    "services",
    "year ecosystem service unit quantity price user category",
    tuple((2020, *row[:4], row[6], row[9], "provisioning") for row in _FLOWS),
)
EXPECTED = _table(
    "expected",
    "ecosystem service expected_opening expected_closing price_opening price_closing",
    tuple((*row[:2], *row[4:6], *row[7:9]) for row in _FLOWS),
)
