"""The services that an account knows: category, unit, names, and where the SEEA has them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from ..report.texts import load_texts
from ..tables import resource_table

AREA = "area"  # rows of a quantity table that tell the area of an ecosystem, not a service
CATEGORIES = ("product", "regulating", "cultural", "supporting")
COUNTED = CATEGORIES[:3]


@dataclass(frozen=True)
class Service:
    """A service of an account.

    Attributes:
        id: what tables call it.
        category: one of `CATEGORIES`.
        name, name_zh: for people.
        unit: of its quantity; "" for services of the user, whose unit is that of the table.
        named_ecosystems: the ecosystems that statistics without a map are given to.
        seea_code: in the reference list of the SEEA; "" for none.
        seea_scope: a row of the table `seea_bridge`.
    """

    id: str
    category: str
    name: str
    name_zh: str = ""
    unit: str = ""
    named_ecosystems: tuple[str, ...] = ()
    seea_code: str = ""
    seea_scope: str = "price"

    def named(self, language: str) -> str:
        """The name in a language (`en` or `zh`)."""
        return (self.name_zh if language == "zh" else "") or self.name


@cache
def catalogue() -> Mapping[str, Service]:
    """The services of the plugin by id."""
    return {
        str(row["service"]): Service(
            id=str(row["service"]),
            category=str(row["category"]),
            name=str(row["name"]),
            name_zh=str(row["name_zh"]),
            unit=str(row["unit"]),
            named_ecosystems=tuple(filter(None, str(row["named_ecosystems"]).split(";"))),
            seea_code=str(row["seea_code"]),
            seea_scope=str(row["seea_scope"]),
        )
        for row in resource_table("gep_services").rows
    }


@cache
def _ids_by_name() -> Mapping[str, str]:
    names: dict[str, str] = {}
    for service in catalogue().values():
        for name in (service.id, service.name, service.name_zh):
            names.setdefault(name.casefold(), service.id)
    return names


def service_id(text: str) -> str:
    """The id of a service written by its id or by its English or Chinese name; what is not known stays as it is."""
    return _ids_by_name().get(text.strip().casefold(), text.strip())


def service_name(identifier: str, item: str, language: str) -> str:
    """A service with its item, such as a purpose of water, for people."""
    known = catalogue().get(identifier)
    name = known.named(language) if known else identifier.replace("_", " ")
    if not item:
        return name
    told = load_texts(language).get(f"gep_item_{item.replace(' ', '_')}", item)
    return f"{name}：{told}" if language == "zh" else f"{name}: {told}"
