"""Names in the language of a report: words that the plugin's own tables hold. What the user's data are called stays."""

from __future__ import annotations

from collections.abc import Mapping

OWN_WORDS = frozenset(
    (
        # ecosystems
        "forest", "shrub", "grassland", "wetland", "open_water", "cropland", "urban", "desert", "ice", "bare",
        # parts of a whole
        "all", "outside", "unknown", "union", "sum", "overlap", "filled",
        # steps of the workflows
        "water_retention", "soil_conservation", "flood_mitigation", "natural_habitat", "quality",
        # parts of a plan
        "conservation", "restoration", "conservation_alone", "restoration_alone", "conservation_and_restoration",
        # groups of drivers, and the methods that follow them
        "natural_factors", "socioeconomic_factors", "other_factors",
        # reasons to restore
        "degraded", "degraded_water", "degraded_soil", "degraded_flood", "degraded_quality", "low_quality",
        "severe_erosion",
        # interactions of two factors
        "nonlinear_weaken", "uni_weaken", "no_enhancement", "independent", "bi_enhance", "nonlinear_enhance",
    )
)  # fmt: skip


def told(words: Mapping[str, str], name: str) -> str:
    """A name as the report writes it.

    The dictionary of the report holds many more words (the `north` of the map's arrow is one), and a district or a
    class may be called like any of them.
    """
    return words.get(name, name) if name in OWN_WORDS else name
