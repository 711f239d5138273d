"""Downloads of the practice region as their providers would ship them, so that a workflow can run on a folder alone.

The land is that of the practice region, warped to the grid of each product, scaled, filled and named as the product is.
"""

from __future__ import annotations

import tarfile
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import numpy as np
from osgeo import gdal, osr

from ecoassets.core.tools.practice.region import Region
from ecoassets.tests.downloads import FULL_TILE, TILE, modis_corner, write_hdf4, write_netcdf, write_tif

ALBERS_CHINA = "+proj=aea +lat_0=0 +lon_0=105 +lat_1=25 +lat_2=47 +x_0=0 +y_0=0 +datum=WGS84 +units=m +no_defs"
MODIS = "+proj=sinu +lon_0=0 +x_0=0 +y_0=0 +R=6371007.181 +units=m +no_defs"
HOMOLOSINE = "+proj=igh +lon_0=0 +datum=WGS84 +units=m +no_defs"
CLCD = {11: 1, 12: 1, 21: 2, 22: 3, 23: 2, 24: 2, 31: 4, 32: 4, 33: 4, 41: 5, 42: 5, 43: 5, 46: 9, 51: 8, 52: 8, 53: 8,
        64: 9, 65: 7, 66: 7}  # fmt: skip
IMPERVIOUS = 8
LANDSAT_8 = {"SR_B1": 0, "SR_B2": 0, "SR_B3": 1, "SR_B4": 2, "SR_B5": 3, "SR_B6": 4, "SR_B7": 5, "ST_B10": 6}
QUALITY = {5440: 21824, 5504: 21952, 5896: 22280, 7440: 23888}  # of Landsat 5 and of Landsat 8
SEASONS = 0.5 - 0.5 * np.cos(2 * np.pi * (np.arange(12) + 0.5) / 12)  # of NDVI and of rain


class RegionDownloads:
    """Writes downloads of a region into a folder."""

    def __init__(self, region: Region, folder: Path) -> None:
        self.region, self.folder = region, folder
        folder.mkdir(parents=True, exist_ok=True)
        self._layers = {layer.name: layer for layer in region.layers}
        self._left, self._top = region.origin
        self._side = region.size * region.pixel_m

    def write_all(self) -> None:
        """What the three workflows take from downloads."""
        self.land_cover()
        self.productivity()
        self.evapotranspiration()
        self.climate()
        self.relief()
        self.soils()
        self.plants()
        self.leaves()
        self.people()
        self.lights()
        self.scenes()

    # where things lie

    def _degrees(self) -> tuple[float, float, float, float]:
        """West, south, east and north of the region."""
        to_degrees = osr.CoordinateTransformation(_crs(f"EPSG:{self.region.epsg}"), _crs("EPSG:4326"))
        corners = [(self._left + x * self._side, self._top - y * self._side) for x in (0, 0.5, 1) for y in (0, 0.5, 1)]
        xs, ys, _ = zip(*to_degrees.TransformPoints(corners))
        return min(xs), min(ys), max(xs), max(ys)

    def _over(self, crs: str, pixel: float, margin: int = 4) -> tuple[float, float, int, int]:
        """Left, top, columns and rows of a grid over the region, its corners at multiples of the pixel."""
        to_crs = osr.CoordinateTransformation(_crs(f"EPSG:{self.region.epsg}"), _crs(crs))
        edge = np.linspace(0, 1, 9)
        places = [(self._left + x * self._side, self._top - y * self._side) for x in edge for y in edge]
        xs, ys, _ = zip(*to_crs.TransformPoints(places))
        first, last = np.floor(min(xs) / pixel) - margin, np.ceil(max(xs) / pixel) + margin
        low, high = np.floor(min(ys) / pixel) - margin, np.ceil(max(ys) / pixel) + margin
        return float(first * pixel), float(high * pixel), int(last - first), int(high - low)

    def _warped(
        self, name: str, crs: str, place: tuple[float, float, int, int], pixel: float, how: str, band: int = 0
    ) -> np.ndarray:
        """A layer of the region on a grid, float64 with NaN."""
        layer = self._layers[name]
        stored = layer.array if layer.array.ndim == 2 else layer.array[band]
        values = np.where(stored == layer.nodata, np.nan, stored * layer.scale).astype(np.float64)
        source = _memory(values, f"EPSG:{self.region.epsg}", (self._left, self._top), self.region.pixel_m)
        left, top, columns, rows = place
        target = _memory(np.full((rows, columns), np.nan), crs, (left, top), pixel)
        gdal.Warp(target, source, resampleAlg=how, srcNodata=np.nan, dstNodata=np.nan)
        return target.ReadAsArray()

    # products

    def land_cover(self) -> None:
        """CLCD in Albers, a file a year."""
        pixel = self.region.pixel_m
        place = self._over(ALBERS_CHINA, pixel)
        for year in self.region.years:
            codes = self._warped(f"land_cover_{year}", ALBERS_CHINA, place, pixel, "near")
            stored = np.zeros(codes.shape, "u1")
            for own, code in CLCD.items():
                stored[codes == own] = code
            write_tif(self.folder / f"CLCD_v01_{year}_albert.tif", stored, ALBERS_CHINA, place[:2], pixel)

    def _tiles(self, name: str) -> Iterator[tuple[int, int, np.ndarray]]:
        """The MODIS tiles over the region, with a layer on them."""
        pixel = TILE / FULL_TILE
        left, top, columns, rows = self._over(MODIS, pixel, 0)
        x, y = modis_corner(0, 0)
        for v in range(int((y - top) // TILE), int((y - top + rows * pixel) // TILE) + 1):
            for h in range(int((left - x) // TILE), int((left - x + columns * pixel) // TILE) + 1):
                place = (*modis_corner(h, v), FULL_TILE, FULL_TILE)
                yield h, v, self._warped(name, MODIS, place, pixel, "average")

    def productivity(self) -> None:
        """MOD17A3HGF: towns and what lies outside have fill codes, of which the file declares one."""
        for year in self.region.years:
            towns = {(h, v): tile for h, v, tile in self._tiles(f"population_{year}")}
            gross = {(h, v): tile for h, v, tile in self._tiles(f"gpp_{year}")}
            for h, v, npp in self._tiles(f"npp_{year}"):
                stored = np.where(np.isnan(npp), 32767, np.round(np.nan_to_num(npp) * 10)).astype("i2")
                stored[np.nan_to_num(towns[h, v]) > 4000] = 32762
                gpp = gross[h, v]
                gpp_stored = np.where(np.isnan(gpp), 65535, np.round(np.nan_to_num(gpp) * 10)).astype("u2")
                self._hdf(
                    f"MOD17A3HGF.A{year}001.h{h:02d}v{v:02d}.061.{year + 1}020135800.hdf",
                    "MOD_Grid_MOD17A3H",
                    h,
                    v,
                    {"Npp_500m": stored, "Gpp_500m": gpp_stored, "Npp_QC_500m": np.full(stored.shape, 10, "u1")},
                    "Npp_500m",
                    0.0001,
                )

    def evapotranspiration(self) -> None:
        """MOD16A3GF."""
        for year in self.region.years:
            for h, v, depth in self._tiles(f"evapotranspiration_{year}"):
                stored = np.where(np.isnan(depth), 65535, np.round(np.nan_to_num(depth) * 10)).astype("u2")
                self._hdf(
                    f"MOD16A3GF.A{year}001.h{h:02d}v{v:02d}.061.{year + 1}020135800.hdf",
                    "MOD_Grid_MOD16A3",
                    h,
                    v,
                    {"ET_500m": stored, "ET_QC_500m": np.full(stored.shape, 10, "u1")},
                    "ET_500m",
                    0.1,
                )

    def _hdf(
        self, name: str, grid: str, h: int, v: int, layers: dict[str, np.ndarray], values: str, scale: float
    ) -> None:
        fill = int(np.iinfo(layers[values].dtype).max)
        write_hdf4(self.folder / name, grid, h, v, layers, {values: {"_FillValue": fill, "scale_factor": scale}}, True)

    def climate(self) -> None:
        """Monthly rain and temperature of China, 1 km, netCDF without a scale; a file a year."""
        cell = 1 / 120
        place = self._over("EPSG:4326", cell)
        for year in self.region.years:
            rain = [self._warped(f"precipitation_monthly_{year}", "EPSG:4326", place, cell, "average", month)
                    for month in range(12)]  # fmt: skip
            mean = self._warped(f"temperature_{year}", "EPSG:4326", place, cell, "average")
            for name, months in (
                ("pre", np.stack(rain)),
                ("tmp", mean + (SEASONS[:, np.newaxis, np.newaxis] - 0.5) * 28),
            ):
                stored = np.where(np.isnan(months), -32768, np.round(np.nan_to_num(months) * 10)).astype("i2")
                write_netcdf(
                    self.folder / f"{name}_{year}.nc", name, stored, times=range(12), nodata=-32768,
                    units=f"months since {year}-01-15", top_left=place[:2], cell=cell,
                    attributes={"units": "0.1 mm" if name == "pre" else "0.1 degC"},
                )  # fmt: skip

    def relief(self) -> None:
        """Copernicus DEM of 90 m: a tile a degree."""
        west, south, east, north = self._degrees()
        cell = 1 / 1200
        for lat in range(int(np.floor(south)), int(np.floor(north)) + 1):
            for lon in range(int(np.floor(west)), int(np.floor(east)) + 1):
                place = (lon - cell / 2, lat + 1 + cell / 2, 1200, 1200)
                heights = self._warped("dem", "EPSG:4326", place, cell, "average").astype("f4")
                name = f"Copernicus_DSM_COG_30_N{lat:02d}_00_E{lon:03d}_00_DEM.tif"
                write_tif(self.folder / name, np.nan_to_num(heights, nan=0.0), "EPSG:4326", place[:2], cell)

    def soils(self) -> None:
        """SoilGrids: three depths of texture and carbon in Goode's homolosine."""
        place = self._over(HOMOLOSINE, 250.0)
        factors = {"sand": ("sand", 10), "silt": ("silt", 10), "clay": ("clay", 10), "soc": ("organic_carbon", 100)}
        for layer, (name, factor) in factors.items():
            percent = self._warped(name, HOMOLOSINE, place, 250.0, "average")
            stored = np.where(np.isnan(percent), -32768, np.round(np.nan_to_num(percent) * factor)).astype("i2")
            for depth in ("0-5", "5-15", "15-30"):
                file = self.folder / f"{layer}_{depth}cm_mean.tif"
                write_tif(file, stored, HOMOLOSINE, place[:2], 250.0, nodata=-32768)

    def plants(self) -> None:
        """MOD13A1 from AppEEARS: 23 steps a year, cut to the region."""
        pixel = TILE / FULL_TILE
        place = self._over(MODIS, pixel)
        for year in self.region.years:
            peak = self._warped(f"ndvi_{year}", MODIS, place, pixel, "average")
            for step in range(23):
                day = date(year, 1, 1) + timedelta(16 * step)
                season = 0.35 + 0.65 * np.interp(day.timetuple().tm_yday, 15 + 30.4 * np.arange(12), SEASONS)
                stored = np.where(np.isnan(peak), -3000, np.round(np.nan_to_num(peak) * season * 1e4)).astype("i2")
                name = f"MOD13A1.061__500m_16_days_NDVI_doy{day:%Y%j}_aid0001.tif"
                write_tif(self.folder / name, stored, MODIS, place[:2], pixel, nodata=-3000)

    def leaves(self) -> None:
        """MOD15A2H from AppEEARS: 46 steps a year, cut to the region."""
        pixel = TILE / FULL_TILE
        place = self._over(MODIS, pixel)
        for year in self.region.years:
            peak = self._warped(f"lai_{year}", MODIS, place, pixel, "average")
            for step in range(46):
                day = date(year, 1, 1) + timedelta(8 * step)
                season = np.interp(day.timetuple().tm_yday, 15 + 30.4 * np.arange(12), SEASONS)
                stored = np.where(np.isnan(peak), 255, np.round(np.nan_to_num(peak) * season * 10)).astype("u1")
                name = f"MOD15A2H.061_Lai_500m_doy{day:%Y%j}_aid0001.tif"
                write_tif(self.folder / name, stored, MODIS, place[:2], pixel, nodata=255)

    def people(self) -> None:
        """WorldPop: people per pixel of three seconds."""
        cell = 1 / 1200
        place = self._over("EPSG:4326", cell)
        rows = place[1] - (np.arange(place[3]) + 0.5) * cell
        km2 = (111.32 * cell) ** 2 * np.cos(np.radians(rows))[:, np.newaxis]
        for year in self.region.years:
            people = self._warped(f"population_{year}", "EPSG:4326", place, cell, "bilinear") * km2
            stored = np.where(np.isnan(people), -99999, people).astype("f4")
            write_tif(self.folder / f"chn_ppp_{year}_UNadj.tif", stored, "EPSG:4326", place[:2], cell, nodata=-99999)

    def lights(self) -> None:
        """Annual VIIRS lights of 15 seconds."""
        cell = 1 / 240
        place = self._over("EPSG:4326", cell)
        for year in self.region.years:
            light = self._warped(f"night_light_{year}", "EPSG:4326", place, cell, "average")
            name = f"VNL_v21_npp_{year}_global_vcmslcfg_c202205302300.average_masked.dat.tif"
            write_tif(self.folder / name, np.nan_to_num(light).astype("f4"), "EPSG:4326", place[:2], cell)

    def scenes(self) -> None:
        """Landsat 8, Collection 2 Level 2: a tar a year."""
        for year in self.region.years:
            name = f"LC08_L2SP_123032_{year}0710_{year}0909_02_T1"
            bands = self._layers[f"landsat_{year}"].array
            files = {key: bands[number] for key, number in LANDSAT_8.items()}
            quality = np.ones(bands.shape[1:], "u2")
            for own, code in QUALITY.items():
                quality[bands[7] == own] = code
            self._tar(name, {**files, "QA_PIXEL": quality}, year)

    def _tar(self, name: str, bands: dict[str, np.ndarray], year: int) -> None:
        room = self.folder / name
        room.mkdir()
        for key, array in bands.items():
            nodata = 1 if key == "QA_PIXEL" else 0
            write_tif(
                room / f"{name}_{key}.TIF",
                array.astype("u2"),
                f"EPSG:{self.region.epsg}",
                (self._left, self._top),
                self.region.pixel_m,
                nodata=nodata,
            )
        (room / f"{name}_MTL.txt").write_text(_metadata(name, bands, year), encoding="ascii")
        with tarfile.open(self.folder / f"{name}.tar", "w") as tar:
            for file in sorted(room.iterdir()):
                tar.add(file, arcname=file.name)
                file.unlink()
        room.rmdir()


def _metadata(name: str, bands: dict[str, np.ndarray], year: int) -> str:
    """MTL with the groups of Level 2 and, behind them, keys of Level 1 that have the same names."""
    reflective = [key[4:] for key in bands if key.startswith("SR_B")]
    files = [f'    FILE_NAME_BAND_{n} = "{name}_SR_B{n}.TIF"' for n in reflective]
    scales = [f"    REFLECTANCE_MULT_BAND_{n} = 2.75e-05\n    REFLECTANCE_ADD_BAND_{n} = -0.2" for n in reflective]
    raw = [f"    REFLECTANCE_MULT_BAND_{n} = 2.0000E-05\n    REFLECTANCE_ADD_BAND_{n} = -0.100000" for n in reflective]
    groups = {
        "PRODUCT_CONTENTS": [
            f'    LANDSAT_PRODUCT_ID = "{name}"', '    PROCESSING_LEVEL = "L2SP"', "    COLLECTION_NUMBER = 02", *files,
            f'    FILE_NAME_BAND_ST_B10 = "{name}_ST_B10.TIF"',
            f'    FILE_NAME_QUALITY_L1_PIXEL = "{name}_QA_PIXEL.TIF"',
        ],
        "IMAGE_ATTRIBUTES": [
            '    SPACECRAFT_ID = "LANDSAT_8"', '    SENSOR_ID = "OLI_TIRS"', "    WRS_PATH = 123", "    WRS_ROW = 32",
            f"    DATE_ACQUIRED = {year}-07-10", "    CLOUD_COVER = 3.50",
        ],
        "LEVEL2_SURFACE_REFLECTANCE_PARAMETERS": scales,
        "LEVEL2_SURFACE_TEMPERATURE_PARAMETERS": [
            "    TEMPERATURE_MULT_BAND_ST_B10 = 0.00341802", "    TEMPERATURE_ADD_BAND_ST_B10 = 149.0",
        ],
        "LEVEL1_RADIOMETRIC_RESCALING": raw,
    }  # fmt: skip
    lines = ["GROUP = LANDSAT_METADATA_FILE"]
    for group, told in groups.items():
        lines += [f"  GROUP = {group}", *told, f"  END_GROUP = {group}"]
    return "\n".join([*lines, "END_GROUP = LANDSAT_METADATA_FILE", "END", ""])


def _crs(text: str) -> osr.SpatialReference:
    reference = osr.SpatialReference()
    reference.SetFromUserInput(text)
    reference.SetAxisMappingStrategy(osr.OAMS_TRADITIONAL_GIS_ORDER)
    return reference


def _memory(values: np.ndarray, crs: str, top_left: tuple[float, float], pixel: float) -> gdal.Dataset:
    dataset = gdal.GetDriverByName("MEM").Create("", values.shape[1], values.shape[0], 1, gdal.GDT_Float64)
    dataset.SetGeoTransform((top_left[0], pixel, 0, top_left[1], 0, -pixel))
    dataset.SetProjection(_crs(crs).ExportToWkt())
    dataset.GetRasterBand(1).SetNoDataValue(float("nan"))
    dataset.GetRasterBand(1).WriteArray(values)
    return dataset
