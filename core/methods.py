"""The catalogue of methods: the id of an algorithm and the function of the core that it runs.

Modules are imported when a method is asked for, so that a package that one of them needs is missed by that one alone.
"""

from __future__ import annotations

import importlib
from typing import Any, Callable

from .errors import InputError
from .messages import say

METHODS = {
    "airpurification": "accounts.purification.run:run_purification",
    "aligntogrid": "tools.align_to_grid:run_align_to_grid",
    "carbonstorage": "services.carbon.storage:run_carbon_storage",
    "checkinputs": "tools.check.inputs:run_check_inputs",
    "climateregulation": "accounts.cooling:run_climate_regulation",
    "conservationzones": "zoning.conservation.zones:run_conservation_zones",
    "correlationmatrix": "drivers.correlation.run:run_correlation_matrix",
    "degradation": "quality.degradation.run:run_degradation",
    "driverimportance": "drivers.importance.run:run_driver_importance",
    "ecologicalassets": "assets.valuation.run:run_valuation",
    "ecosystemquality": "quality.ecosystem.run:run_ecosystem_quality",
    "ecosystemservicevalue": "assets.valuation.run:run_valuation",
    "floodmitigation": "services.water.flood_mitigation:run_flood_mitigation",
    "geodetector": "drivers.geodetector.run:run_geodetector",
    "gepaccount": "accounts.gep.run:run_gep_account",
    "gepquantities": "accounts.quantities.run:run_gep_quantities",
    "habitatquality": "services.habitat.quality:run_habitat_quality",
    "hemeroby": "landuse.pressure.hemeroby:run_hemeroby",
    "humanactivity": "landuse.pressure.human_activity:run_human_activity",
    "identifyproducts": "prepare.identifying.run:run_identify_products",
    "importproduct": "prepare.importing.run:run_import_product",
    "scenecomposite": "prepare.scenes.run:run_scene_composite",
    "annualclimate": "prepare.climate.run:run_annual_climate",
    "soilproperties": "prepare.soil.run:run_soil_properties",
    "pressuregrids": "prepare.pressure.run:run_pressure_grids",
    "localregression": "drivers.local.run:run_local_regression",
    "naturalhabitat": "services.habitat.natural:run_natural_habitat",
    "panelregression": "drivers.panel.run:run_panel_regression",
    "priorityranking": "zoning.ranking.run:run_priority_ranking",
    "profitloss": "landuse.profit_loss.run:run_profit_loss",
    "quantileregression": "drivers.quantile.run:run_quantile_regression",
    "rainfallerosivity": "services.soil.rainfall_erosivity:run_rainfall_erosivity",
    "restorationzones": "zoning.restoration.zones:run_restoration_zones",
    "rsei": "quality.rsei.run:run_rsei",
    "samplegrid": "drivers.sampling.sample_grid:run_sample_grid",
    "scalecheck": "drivers.scale_check:run_scale_check",
    "seeaaccounts": "accounts.seea.run:run_seea_accounts",
    "sensitivity": "assets.sensitivity.run:run_sensitivity",
    "slopelength": "services.soil.slope_length:run_slope_length",
    "soilconservation": "services.soil.conservation:run_soil_conservation",
    "soilerodibility": "services.soil.erodibility:run_soil_erodibility",
    "spatialautocorrelation": "drivers.autocorrelation.run:run_spatial_autocorrelation",
    "spatialregression": "drivers.spatial_regression.run:run_spatial_regression",
    "standardequivalent": "assets.standard_equivalent:standard_equivalent",
    "supportpractice": "services.soil.support_practice:run_support_practice",
    "terrainclasses": "terrain.classes:run_terrain_classes",
    "transfermatrix": "landuse.transfer.run:run_transfer_matrix",
    "trend": "quality.trend.run:run_trend",
    "vegetationcover": "services.soil.vegetation_cover:run_vegetation_cover",
    "waterpurification": "accounts.purification.run:run_purification",
    "waterretention": "services.water.retention:run_water_retention",
    "zonesummary": "terrain.zone_summary:run_zone_summary",
    "zoningplan": "zoning.plan.run:run_zoning_plan",
}


def method(name: Any) -> Callable[..., Any]:
    """The function that computes a method.

    Raises:
        InputError: there is no method of that name.
        ModuleNotFoundError: a package that it needs is missing.
    """
    place = METHODS.get(name) if isinstance(name, str) else None
    if place is None:
        raise InputError(
            say("There is no method {name!r}. The methods are {methods}.", name=name, methods=", ".join(METHODS))
        )
    module, function = place.split(":")
    found: Callable[..., Any] = getattr(importlib.import_module(f".{module}", __package__), function)
    return found
