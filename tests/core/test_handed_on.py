"""Maps, tables and reports are handed on: what must not stand in them."""

from __future__ import annotations

import pytest

from ecoassets.core.errors import InputError
from ecoassets.core.handed_on import as_written, harmless, without_secrets
from ecoassets.core.messages import say, told
from ecoassets.core.raster.dataset import open_raster, short_name, stem_of

SOURCES = [
    "/vsicurl/http://anna:S3cretPW@127.0.0.1:80/lc.tif",
    "http://anna:S3cretPW@host/wms?layers=a",
    "/vsicurl?url=http%3A%2F%2Fanna%3AS3cretPW%40host%2Flc.tif",
    "/vsicurl?userpwd=anna:S3cretPW&url=http://host/lc.tif",
    "/vsicurl?header.Authorization=Bearer%20S3cretPW00&url=http://host/lc.tif",
    "dbname='land' host=db.example port=5432 user='anna' password='S3cretPW' table=\"public\".\"zones\" (geom)",
    "PG:dbname=land user=anna password=S3cretPW host=db",
    "PG:dbname=land user=anna password='S3cretPW it\\'s S3cretPW' host=db",
    "MYSQL:land,host=db,user=anna,password=S3cretPW,port=3306",
    "MSSQL:server=db;database=land;UID=anna;PWD=S3cretPW",
    "OCI:anna/S3cretPW@db:zones",
    "https://store.blob.core.windows.net/c/lc.tif?sv=2020&sig=S3cretPW%2Bx%3D&se=2026",
    "https://bucket.s3.amazonaws.com/lc.tif?X-Amz-Credential=S3cretPW&X-Amz-Signature=S3cretPW&X-Amz-Date=1",
    "https://t0.tianditu.gov.cn/img_w/wmts?layer=img&tk=S3cretPW",
    "https://api.host/lc.tif?api_key=S3cretPW",
    "https://api.host/lc.tif?access_token=S3cretPW#frag",
    "url=https://host/wfs authcfg=abc1234 client_secret=S3cretPW typename=zones",
    "url=https%3A%2F%2Fhost%2Fwms%3Flayer%3Dimg%26token%3DS3cretPW&layers=a",
    "url=https%253A%252F%252Fhost%252Fwms%253Ftoken%253DS3cretPW%2526layer%253Da&layers=a",
    "/vsicurl?pc_url_signing=yes&url=https%3A%2F%2Fhost%2Flc.tif%3Fsig%3DS3cretPW%26sv%3D2020",
    "https://api.host/lc.tif?accessToken=S3cretPW&clientSecret=S3cretPW&mapkey=S3cretPW&jwt=S3cretPW",
    "https://api.host/lc.tif#access_token=S3cretPW",
    "https://cdn.host/lc.tif?Key-Pair-Id=S3cretPW&Signature=S3cretPW&e=1",
    "http-header:Cookie=S3cretPW&url=https://host/wfs",
    "PG:dbname=land user = anna password = S3cretPW host=db",
    "MSSQL:server=db;database=land;Password={S3cretPW;x S3cretPW};",
    "ODBC:anna/S3cretPW@dsn,zones",
    "OCI:anna/S3cretPW:zones",
    "<WCS_GDAL><ServiceURL>https://host</ServiceURL><UserPwd>anna:S3cretPW</UserPwd></WCS_GDAL>",
    '{"url": "https://host/lc.tif", "password": "S3cretPW", "token":"S3cretPW"}',
]


@pytest.mark.parametrize("source", SOURCES)
def test_no_secret_stays_and_the_rest_does(source):
    shown = without_secrets(source)
    assert "S3cret" not in shown and "anna" not in shown, shown
    assert "***" in shown
    for word in ("host", "lc.tif", "zones", "layers=a", "dbname", "authcfg=abc1234", "sv=2020", "layer=img"):
        assert (word in shown) == (word in source), shown


@pytest.mark.parametrize(
    "plain",
    [
        "C:\\maps\\me@home\\lc.tif",
        "/data/monkey.tif|layername=keys",
        "YEARS=2000 KEYS=1",
        "NETCDF:/data/lc.nc:land",
        "LAND_COVER=/data/lc.tif OUTPUT=/data/o.tif",
        "CREATION_OPTIONS=COMPRESS=LZW|TILED=YES",
        "dbname='land' host=db key='id' estimatedmetadata=true table=\"public\".\"zones\" (geom)",
        "url=https%3A%2F%2Fhost%2Fwms%3Fmap%3D%2Fsrv%2Fa.map&layers=a&crs=EPSG:4326",
        "/vsicurl?pc_url_signing=yes&url=https://host/lc.tif",
        "Table classes.csv: the key is code, the tokens 3",
    ],
)
def test_what_is_no_secret_stays(plain):
    assert without_secrets(plain) == plain


@pytest.mark.parametrize(
    "formula",
    ['=HYPERLINK("http://x","y")', "+1+1", "@SUM(1)", "-2+3", "\t=1", "\r=1", " =1", "＝1+1", "-cmd|' /C calc'!A0"],
)
def test_formulas_become_texts_and_are_read_back(formula):
    assert harmless(formula) == f"'{formula}"
    assert as_written(harmless(formula)) == formula


@pytest.mark.parametrize("plain", ["-5", "+1.5", "-1,5e-3", "-", "forest", "", "'t Gooi", "-inf", "3 - 2", "-5 %"])
def test_numbers_and_words_stay(plain):
    assert harmless(plain) == plain
    assert as_written(plain) == plain


SIGNED = "/vsicurl/https://host/lc.tif?token=S3cretPW&sig=ab/S3cretPW"


def test_what_a_raster_is_called_holds_no_part_of_a_signature():
    assert short_name(SIGNED) == "lc.tif?token=***&sig=***"
    assert stem_of(SIGNED) == "lc"


def test_no_message_tells_a_secret_of_a_value():
    nested = say("only {paths} were found", paths=[SIGNED])
    for language in ("en", "zh"):
        told_so = InputError(say("{reason}: {path}", path=SIGNED, reason=nested)).told(language)
        assert "S3cret" not in told_so and told_so.count("host/lc.tif") == 2
        assert "S3cret" not in told(f"GDAL: {SIGNED} is not recognised", language)


def test_what_gdal_says_of_an_address_holds_no_secret():
    with pytest.raises(InputError) as caught:
        open_raster("/nowhere?token=S3cretPW", "Land cover")
    assert "S3cret" not in str(caught.value) and str(caught.value).count("/nowhere?token=***") == 2
