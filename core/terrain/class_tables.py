"""The user's terrain classes laid over those of the plugin."""

from __future__ import annotations

from collections.abc import Mapping

from ..errors import InputError
from ..messages import say
from ..tables import Table, resource_table

PRESETS = {
    "slope": (
        "slope_forest6", "slope_igu7", "slope_sl190", "slope_haihe5", "slope_landsurvey5", "slope_liangcheng5",
    ),
    "aspect": ("aspect_8+flat", "aspect_4", "aspect_6"),
    "landform": ("elev_haihe5", "elev_cas1959", "elev_chen1993", "relief_1to1M"),
}  # fmt: skip
CUSTOM = "custom"
_MEASURES = {"slope": ("slope",), "aspect": ("aspect",), "landform": ("elevation", "relief")}


def lay_over_presets(table: Table | None, schemes: Mapping[str, str]) -> tuple[Table, dict[str, str]]:
    """The table of classes and the schemes to use of it.

    Args:
        table: the user's, in the form of topo_classes.csv; its schemes replace those of the plugin that bear the same
            name. None for the plugin's alone.
        schemes: by variable (`slope`, `aspect`, `landform`) a scheme, or `custom` for the one scheme of that variable
            in the user's table.

    Raises:
        InputError: `custom` without a table, or with none or several schemes of that variable in it.
        TableError: the table lacks a column.
    """
    preset = resource_table("topo_classes")
    if table is None:
        if CUSTOM in schemes.values():
            raise InputError(say("The scheme custom needs a table of classes in the form of topo_classes.csv."))
        return preset, dict(schemes)
    table.require("scheme_id", "variable")
    own = set(table.texts("scheme_id"))
    kept = [row for row, scheme in zip(preset.rows, preset.texts("scheme_id")) if scheme not in own]
    # columns by the plugin's spelling, whatever the capitals of the user's
    spelled = {name.casefold(): name for name in preset.columns}
    rows = [{spelled.get(key.casefold(), key): cell for key, cell in row.items()} for row in table.rows]
    columns = list(dict.fromkeys([*preset.columns, *(key for row in rows for key in row)]))
    chosen = {v: _own_scheme(table, v) if name == CUSTOM else name for v, name in schemes.items()}
    return Table.of_rows(table.name, [*kept, *rows], columns, table.decimal_comma), chosen


def _own_scheme(table: Table, variable: str) -> str:
    measures = [text.casefold().split(" ")[0] for text in table.texts("variable")]
    found = dict.fromkeys(s for s, measure in zip(table.texts("scheme_id"), measures) if measure in _MEASURES[variable])
    if len(found) != 1:
        listed = ", ".join(found) or say("none")
        raise InputError(
            say(
                "The {variable} scheme is custom, so table {name} must hold one scheme of {variable}. It "
                "holds {listed}.",
                variable=variable,
                name=table.name,
                listed=listed,
            )
        )
    return next(iter(found))


def terrain_names(language: str) -> dict[str, str]:
    """What a report calls the classes of the plugin's own tables, by their English names; none in English."""
    if language != "zh":
        return {}
    usual = [schemes[0] for schemes in PRESETS.values()]
    # names of the schemes that are used where nothing else is chosen go before those of others
    rows = sorted(resource_table("topo_classes").rows, key=lambda row: row["scheme_id"] in usual)
    return {str(row["name_en"]): str(row["name_zh"]) for row in rows if row["name_en"] and row["name_zh"]}
