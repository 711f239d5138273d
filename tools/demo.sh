#!/usr/bin/env bash
# From nothing to every method on a synthetic region over four years, and then the three workflows with one project that
# shows their maps; in a throw-away QGIS profile. DEMO_OUTPUT, DEMO_SIZE (pixels along an edge) and DEMO_RUNNER (what
# is called in place of tools/qgis-process) are for `make memory`, which leaves the workflows out.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

QGIS_CUSTOM_CONFIG_PATH=$(mktemp -d)
export QGIS_CUSTOM_CONFIG_PATH
trap 'rm -rf "$QGIS_CUSTOM_CONFIG_PATH"' EXIT

output=${DEMO_OUTPUT:-demo-output}
runner=${DEMO_RUNNER:-tools/qgis-process}
region=$output/region
made=()
mkdir -p "$region"

# show "What it is" algorithm NAME=value ...   runs an algorithm and notes what each output file holds
show() {
  local title=$1 algorithm=$2 word
  shift 2
  echo
  echo "== $title"
  $runner run "ecoassets:$algorithm" -- "$@"
  made+=("" "$title (ecoassets:$algorithm)")
  for word in "$@"; do
    case $word in OUTPUT*="$output"/*) made+=("  ${word#*=}") ;; esac
  done
}

$runner run ecoassets:practiceregion -- FOLDER="$region" SIZE="${DEMO_SIZE:-400}"

years=(2000 2005 2010 2015)
boundary=(BOUNDARY="$region/boundary.gpkg")
series=(YEARS="$(IFS=,; echo "${years[*]}")" "${boundary[@]}")
districts=(ZONES="$region/districts.gpkg" ZONE_FIELD=district_id)
land=(SCHEME=cnlucc)
adjustments=()
lights=(NAMES=night_light)
rain=()
ndvi=()
balance=()
production=()
indicators=()
for indicator in lai fvc gpp; do
  for year in "${years[@]}"; do indicators+=(INDICATORS="$region/${indicator}_$year.tif"); done
done
for year in "${years[@]}"; do
  land+=(LAND_COVER="$region/land_cover_$year.tif")
  adjustments+=(
    NPP="$region/npp_$year.tif"
    PRECIPITATION="$region/precipitation_$year.tif"
    SOIL_RETENTION="$region/soil_retention_$year.tif"
  )
  lights+=(FACTORS="$region/night_light_$year.tif")
  rain+=(PRECIPITATION="$region/precipitation_monthly_$year.tif")
  ndvi+=(NDVI="$region/ndvi_$year.tif")
  production+=(NPP="$region/npp_$year.tif")
  balance+=(PRECIPITATION="$region/precipitation_$year.tif" EVAPOTRANSPIRATION="$region/evapotranspiration_$year.tif")
done

show "Ecological assets" ecologicalassets "${series[@]}" "${land[@]}" "${adjustments[@]}" \
  OUTPUT="$output/ecological_assets.tif" \
  OUTPUT_SERVICES="$output/services.tif" \
  OUTPUT_TABLE="$output/ecological_assets.csv" \
  OUTPUT_CHANGE="$output/change.csv" \
  OUTPUT_HTML="$output/report.html"

show "Transfer matrix by district" transfermatrix "${series[@]}" "${land[@]}" "${districts[@]}" \
  OUTPUT="$output/land_use_change.tif" \
  OUTPUT_TABLE="$output/transfer_matrix.csv" \
  OUTPUT_BALANCE="$output/class_balance.csv" \
  OUTPUT_DEGREES="$output/dynamic_degrees.csv" \
  OUTPUT_HTML="$output/transfer_matrix.html"

show "Profit and loss by district, with GDP" profitloss \
  "${series[@]}" "${land[@]}" "${adjustments[@]}" "${districts[@]}" \
  GDP_TABLE="$region/gdp_by_district.csv" \
  OUTPUT="$output/value_change.tif" \
  OUTPUT_INDEX="$output/change_index.tif" \
  OUTPUT_TABLE="$output/profit_and_loss.csv" \
  OUTPUT_SUMMARY="$output/profit_and_loss_summary.csv" \
  OUTPUT_CLASSES="$output/profit_and_loss_classes.csv" \
  OUTPUT_HTML="$output/profit_and_loss.html"

show "Sensitivity of the last year's value" sensitivity YEARS="${years[-1]}" "${boundary[@]}" SCHEME=cnlucc \
  LAND_COVER="$region/land_cover_${years[-1]}.tif" DRAWS=2000 \
  OUTPUT_TABLE="$output/sensitivity.csv" \
  OUTPUT_HTML="$output/sensitivity.html"

show "Hemeroby" hemeroby "${series[@]}" "${land[@]}" \
  OUTPUT="$output/hemeroby.tif" \
  OUTPUT_TABLE="$output/hemeroby.csv" \
  OUTPUT_HTML="$output/hemeroby.html"

show "Human activity with night light" humanactivity "${series[@]}" "${land[@]}" "${lights[@]}" WEIGHTS="2, 1" \
  OUTPUT="$output/human_activity.tif" \
  OUTPUT_TABLE="$output/human_activity.csv" \
  OUTPUT_HTML="$output/human_activity.html"

show "Terrain classes" terrainclasses DEM="$region/dem.tif" "${boundary[@]}" \
  OUTPUT_SLOPE="$output/slope_classes.tif" \
  OUTPUT_ASPECT="$output/aspect_classes.tif" \
  OUTPUT_LANDFORM="$output/landform_classes.tif" \
  OUTPUT_TABLE="$output/terrain.csv" \
  OUTPUT_HTML="$output/terrain.html"

show "Ecological assets by slope class" zonesummary "${series[@]}" \
  VALUES="$output/ecological_assets.tif" ZONES_RASTER="$output/slope_classes.tif" KIND=density \
  OUTPUT_TABLE="$output/assets_by_slope.csv" \
  OUTPUT_HTML="$output/assets_by_slope.html"

show "Rainfall erosivity (R) of each year" rainfallerosivity "${series[@]}" "${rain[@]}" \
  OUTPUT="$output/erosivity_r.tif" \
  OUTPUT_TABLE="$output/erosivity_r.csv" \
  OUTPUT_HTML="$output/erosivity_r.html"

show "Soil erodibility (K)" soilerodibility "${boundary[@]}" SAND="$region/sand.tif" SILT="$region/silt.tif" \
  CLAY="$region/clay.tif" ORGANIC_CARBON="$region/organic_carbon.tif" \
  OUTPUT="$output/erodibility_k.tif" \
  OUTPUT_HTML="$output/erodibility_k.html"

show "Slope length and steepness (LS), water routed by GRASS" slopelength "${boundary[@]}" DEM="$region/dem.tif" \
  OUTPUT="$output/slope_length_ls.tif" \
  OUTPUT_HTML="$output/slope_length_ls.html"

show "Vegetation cover, and C by land cover and cover" vegetationcover "${series[@]}" "${land[@]}" "${ndvi[@]}" C_METHOD=table \
  OUTPUT="$output/vegetation_cover.tif" \
  OUTPUT_C="$output/cover_c.tif" \
  OUTPUT_TABLE="$output/vegetation_cover.csv" \
  OUTPUT_HTML="$output/vegetation_cover.html"

show "Support practice (P)" supportpractice "${series[@]}" "${land[@]}" DEM="$region/dem.tif" \
  OUTPUT="$output/practice_p.tif" \
  OUTPUT_HTML="$output/practice_p.html"

show "Soil conservation and intensity of erosion" soilconservation "${series[@]}" "${land[@]}" TOLERANCE=200 \
  R="$output/erosivity_r.tif" K="$output/erodibility_k.tif" LS="$output/slope_length_ls.tif" \
  C="$output/cover_c.tif" P="$output/practice_p.tif" \
  OUTPUT="$output/soil_retention.tif" \
  OUTPUT_EROSION="$output/soil_loss.tif" \
  OUTPUT_CLASSES="$output/erosion_classes.tif" \
  OUTPUT_TABLE="$output/soil_conservation.csv" \
  OUTPUT_HTML="$output/soil_conservation.html"

show "Water retention" waterretention "${series[@]}" "${land[@]}" "${balance[@]}" \
  OUTPUT="$output/water_retention.tif" \
  OUTPUT_TABLE="$output/water_retention.csv" \
  OUTPUT_HTML="$output/water_retention.html"

show "Flood mitigation in two storms" floodmitigation "${series[@]}" "${land[@]}" STORM_DEPTH="80, 120" \
  SOIL_GROUP="$region/soil_group.tif" WATER_BODIES="$region/water_bodies.gpkg" \
  OUTPUT="$output/flood_mitigation.tif" \
  OUTPUT_TABLE="$output/flood_mitigation.csv" \
  OUTPUT_BODIES="$output/water_bodies.csv" \
  OUTPUT_HTML="$output/flood_mitigation.html"

show "Natural habitat" naturalhabitat "${series[@]}" "${land[@]}" \
  OUTPUT="$output/natural_habitat.tif" \
  OUTPUT_TABLE="$output/natural_habitat.csv" \
  OUTPUT_HTML="$output/natural_habitat.html"

show "Habitat quality under threat of roads and towns" habitatquality "${series[@]}" "${land[@]}" \
  THREATS="$region/road_threat.tif" THREATS="$region/town_threat.tif" NAMES=road,town \
  THREAT_TABLE="$region/threats.csv" SENSITIVITY_TABLE="$region/sensitivity.csv" \
  OUTPUT="$output/habitat_quality.tif" \
  OUTPUT_DEGRADATION="$output/habitat_degradation.tif" \
  OUTPUT_TABLE="$output/habitat_quality.csv" \
  OUTPUT_HTML="$output/habitat_quality.html"

# A ratio of NEP to NPP made up for the practice region.
show "Carbon storage, and CO2 fixed in a year" carbonstorage "${series[@]}" "${land[@]}" "${production[@]}" \
  CARBON_TABLE="$region/carbon.csv" NEP_RATIO=0.2 \
  OUTPUT="$output/carbon.tif" \
  OUTPUT_TABLE="$output/carbon.csv" \
  OUTPUT_FLUX="$output/co2_fixed.tif" \
  OUTPUT_FLUX_TABLE="$output/co2_fixed.csv" \
  OUTPUT_HTML="$output/carbon.html"

show "One report of the ecosystem services" reportbundle TITLE="Ecosystem services of the practice region" \
  RASTERS="$output/soil_retention.tif" RASTERS="$output/water_retention.tif" RASTERS="$output/flood_mitigation.tif" \
  RASTERS="$output/habitat_quality.tif" TABLES="$output/soil_conservation.csv" TABLES="$output/water_retention.csv" \
  TABLES="$output/flood_mitigation.csv" TABLES="$output/habitat_quality.csv" TABLES="$output/carbon.csv" \
  OUTPUT_HTML="$output/services_report.html"

show "Remote sensing ecological index of the first and the last year" rsei YEARS="${years[0]}, ${years[-1]}" \
  "${boundary[@]}" SENSOR=landsat5 IMAGES="$region/landsat_${years[0]}.tif" IMAGES="$region/landsat_${years[-1]}.tif" \
  OUTPUT="$output/rsei.tif" \
  OUTPUT_CLASSES="$output/rsei_levels.tif" \
  OUTPUT_CHANGE="$output/rsei_change.tif" \
  OUTPUT_TABLE="$output/rsei.csv" \
  OUTPUT_LOADINGS="$output/rsei_loadings.csv" \
  OUTPUT_HTML="$output/rsei.html"

show "Ecosystem quality" ecosystemquality "${series[@]}" "${land[@]}" "${indicators[@]}" \
  NAMES=lai,lai,lai,lai,fvc,fvc,fvc,fvc,gpp,gpp,gpp,gpp \
  OUTPUT="$output/quality.tif" \
  OUTPUT_CLASSES="$output/quality_grades.tif" \
  OUTPUT_TABLE="$output/quality.csv" \
  OUTPUT_REFERENCES="$output/quality_references.csv" \
  OUTPUT_CHANGE="$output/quality_change.csv" \
  OUTPUT_HTML="$output/quality.html"

show "Trend of ecosystem quality" trend "${series[@]}" RASTERS="$output/quality.tif" STABLE_SLOPE=0.2 \
  OUTPUT="$output/quality_trend.tif" \
  OUTPUT_CLASSES="$output/quality_trend_classes.tif" \
  OUTPUT_TABLE="$output/quality_trend.csv" \
  OUTPUT_HTML="$output/quality_trend.html"

show "Degradation of soil retention and quality" degradation "${boundary[@]}" SCHEME=cnlucc NAMES=soil,quality \
  BEFORE="$region/soil_retention_${years[0]}.tif" BEFORE="$output/quality.tif" \
  AFTER="$region/soil_retention_${years[-1]}.tif" AFTER="$output/quality.tif" \
  LAND_COVER="$region/land_cover_${years[-1]}.tif" \
  OUTPUT="$output/degradation.tif" \
  OUTPUT_TABLE="$output/degradation.csv" \
  OUTPUT_HTML="$output/degradation.html"

# Drivers: response_YEAR was made with the effects of known_coefficients.csv, which the panel regression finds again.
sampled=(RASTERS="$output/ecological_assets.tif" RASTERS="$region/dem.tif" RASTERS="$region/soil_group.tif")
names=assets,height,soil
statistics=mean,mean,majority
for variable in response precipitation temperature log_population gdp; do
  for year in "${years[@]}"; do
    sampled+=(RASTERS="$region/${variable}_$year.tif")
    names+=",$variable"
  done
  statistics+=,mean
done

show "Sample of assets and their drivers by cells of 300 m" samplegrid "${series[@]}" "${sampled[@]}" \
  NAMES="$names" STATISTICS="$statistics" CELL_SIZE=300 \
  OUTPUT="$output/sample.gpkg"

drivers="precipitation;temperature;log_population;gdp"
show "Panel regression with known effects" panelregression INPUT="$output/sample.gpkg" ENTITY=cell_id TIME=year \
  Y=response X="$drivers" \
  OUTPUT_TABLE="$output/panel.csv" \
  OUTPUT_TESTS="$output/panel_tests.csv" \
  OUTPUT_RESIDUALS="$output/panel_residuals.gpkg" \
  OUTPUT_HTML="$output/panel.html"

show "Quantile regression of ecological assets" quantileregression INPUT="$output/sample.gpkg" TIME=year \
  Y=assets X="$drivers;height" \
  OUTPUT_TABLE="$output/quantiles.csv" \
  OUTPUT_TESTS="$output/quantile_tests.csv" \
  OUTPUT_HTML="$output/quantiles.html"

show "Geographical detector of ecological assets" geodetector INPUT="$output/sample.gpkg" \
  Y=assets FACTORS="$drivers;height;soil" CATEGORICAL=soil \
  OUTPUT_FACTORS="$output/detector.csv" \
  OUTPUT_INTERACTIONS="$output/detector_interactions.csv" \
  OUTPUT_RISK="$output/detector_risk.csv" \
  OUTPUT_ECOLOGICAL="$output/detector_ecological.csv" \
  OUTPUT_BREAKS="$output/detector_classes.csv" \
  OUTPUT_HTML="$output/detector.html"

show "Clusters of ecological assets in the last year" spatialautocorrelation INPUT="$output/sample.gpkg" \
  FIELD=assets TIME=year YEAR="${years[-1]}" \
  OUTPUT="$output/clusters.gpkg" \
  OUTPUT_HTML="$output/clusters.html"

show "Drivers of ecological assets at three cell sizes" scalecheck "${series[@]}" "${sampled[@]}" \
  NAMES="$names" STATISTICS="$statistics" CELL_SIZES="300, 600, 1200" Y=assets X="${drivers//;/,},height,soil" \
  OUTPUT_TABLE="$output/scale.csv" \
  OUTPUT_HTML="$output/scale.html"

# Zoning: what was degraded, is of low quality or erodes; what holds the most of the services; and the plan of both.
last=("${boundary[@]}" SCHEME=cnlucc LAND_COVER="$region/land_cover_${years[-1]}.tif")

show "Natural habitat, weighted by its quality" naturalhabitat "${series[@]}" "${land[@]}" \
  QUALITY="$output/quality_grades.tif" \
  OUTPUT="$output/natural_habitat.tif" \
  OUTPUT_TABLE="$output/natural_habitat.csv" \
  OUTPUT_HTML="$output/natural_habitat.html"

# The services of the last year: their last bands.
services=(
  SERVICES="$output/soil_retention.tif" SERVICES="$output/natural_habitat.tif" SERVICES="$region/npp_${years[-1]}.tif"
  NAMES=soil_conservation,natural_habitat,production
)

show "Restoration zones and why" restorationzones "${last[@]}" EXCLUDE=urban MINIMUM_AREA=2 \
  DEGRADED_SOIL="$output/degradation.tif" DEGRADED_SOIL_BAND=2 \
  DEGRADED_QUALITY="$output/degradation.tif" DEGRADED_QUALITY_BAND=3 \
  QUALITY_CLASSES="$output/quality_grades.tif" EROSION_CLASSES="$output/erosion_classes.tif" \
  OUTPUT="$output/restoration.tif" \
  OUTPUT_PRIORITY="$output/restoration_priority.tif" \
  OUTPUT_TABLE="$output/restoration.csv" \
  OUTPUT_HTML="$output/restoration.html"

show "Conservation zones and what they keep" conservationzones "${last[@]}" "${services[@]}" MINIMUM_AREA=2 \
  OUTPUT="$output/conservation.tif" \
  OUTPUT_IMPORTANCE="$output/importance.tif" \
  OUTPUT_TABLE="$output/conservation.csv" \
  OUTPUT_EFFICIENCY="$output/conservation_efficiency.csv" \
  OUTPUT_HTML="$output/conservation.html"

show "Priority ranking" priorityranking "${boundary[@]}" "${services[@]}" \
  OUTPUT="$output/priority_rank.tif" \
  OUTPUT_CURVES="$output/performance_curves.csv" \
  OUTPUT_HTML="$output/priority_ranking.html"

# Planning units of 500 m with what they hold.
$runner run native:creategrid -- TYPE=2 EXTENT="$output/conservation.tif" CRS="$output/conservation.tif" \
  HSPACING=500 VSPACING=500 OUTPUT="$output/units.gpkg"
$runner run native:zonalstatisticsfb -- INPUT="$output/units.gpkg" INPUT_RASTER="$output/soil_retention.tif" \
  RASTER_BAND="${#years[@]}" COLUMN_PREFIX=soil_ STATISTICS=1 OUTPUT="$output/units_soil.gpkg"
$runner run native:zonalstatisticsfb -- INPUT="$output/units_soil.gpkg" \
  INPUT_RASTER="$output/natural_habitat.tif" \
  RASTER_BAND="${#years[@]}" COLUMN_PREFIX=habitat_ STATISTICS=1 OUTPUT="$output/planning_units.gpkg"
rm -f "$output/units.gpkg" "$output/units_soil.gpkg"

show "The fewest planning units that hold half of two services" targetselection INPUT="$output/planning_units.gpkg" \
  SERVICES="soil_sum;habitat_sum" TARGETS=50 BOUNDARY_PENALTY=0.001 GAP_LIMIT=0.01 TIME_LIMIT=30 \
  OUTPUT="$output/selected_units.gpkg" \
  OUTPUT_TABLE="$output/selected_units.csv" \
  OUTPUT_HTML="$output/selected_units.html"

show "Zoning plan by district, against optimal plans" zoningplan "${last[@]}" "${services[@]}" \
  RESTORATION="$output/restoration.tif" CONSERVATION="$output/conservation.tif" \
  ZONES="$region/districts.gpkg" ZONE_FIELD=name \
  OUTPUT="$output/plan.tif" \
  OUTPUT_VECTOR="$output/plan.gpkg" \
  OUTPUT_DIFFERENCE="$output/plan_difference.tif" \
  OUTPUT_TABLE="$output/plan.csv" \
  OUTPUT_COMPARISON="$output/plan_comparison.csv" \
  OUTPUT_HTML="$output/plan.html"

echo
echo "The practice region is in $region/ (see README.txt there). Made from it:"
printf '%s\n' "${made[@]}"
echo
echo "Open the .html files in a browser, and the .tif files in QGIS."

[ -z "${DEMO_RUNNER:-}" ] || exit 0
# Last, so that the headline figures and the project are what stands on the screen.
XDG_RUNTIME_DIR=${XDG_RUNTIME_DIR:-$(mktemp -d)} PYTHONPATH=.build/link \
  /usr/bin/python3 -m ecoassets.tools.demo_workflows "$region" "$output"
