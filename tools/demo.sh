#!/usr/bin/env bash
# From nothing to the ecological assets of a synthetic region over four years, in a throw-away QGIS profile.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

QGIS_CUSTOM_CONFIG_PATH=$(mktemp -d)
export QGIS_CUSTOM_CONFIG_PATH
trap 'rm -rf "$QGIS_CUSTOM_CONFIG_PATH"' EXIT

output=demo-output
region=$output/region
mkdir -p "$region"

tools/qgis-process run ecoassets:practiceregion -- FOLDER="$region"

years=(2000 2005 2010 2015)
arguments=(YEARS="$(IFS=,; echo "${years[*]}")" SCHEME=cnlucc BOUNDARY="$region/boundary.gpkg")
for year in "${years[@]}"; do
  arguments+=(
    LAND_COVER="$region/land_cover_$year.tif"
    NPP="$region/npp_$year.tif"
    PRECIPITATION="$region/precipitation_$year.tif"
    SOIL_RETENTION="$region/soil_retention_$year.tif"
  )
done
tools/qgis-process run ecoassets:ecologicalassets -- "${arguments[@]}" \
  OUTPUT="$output/ecological_assets.tif" \
  OUTPUT_SERVICES="$output/services.tif" \
  OUTPUT_TABLE="$output/ecological_assets.csv" \
  OUTPUT_CHANGE="$output/change.csv" \
  OUTPUT_HTML="$output/report.html"

echo
echo "The maps, tables and the report of the practice region are in $output/. Open $output/report.html in a browser."
