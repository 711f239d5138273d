"""Settings of the provider: Settings > Options > Processing > Providers > EcoAssets."""

from __future__ import annotations

import os

from qgis.PyQt.QtGui import QIcon

from ..core.land_cover import SCHEMES
from ..core.raster.cluster.scheduler import VARIABLE
from .compat import user_language
from .icons import icon_path
from .translation import tr

GROUP = "EcoAssets"
SCHEME = "ECOASSETS_SCHEME"
LANGUAGE = "ECOASSETS_LANGUAGE"
LANGUAGES = ("user", "en", "zh")
SCHEDULER = "ECOASSETS_SCHEDULER"
GRATICULE = "ECOASSETS_GRATICULE"
HIDE_PATHS = "ECOASSETS_HIDE_PATHS"


def add_settings() -> None:
    """Shows the settings in the options of Processing."""
    from processing.core.ProcessingConfig import ProcessingConfig, Setting

    ProcessingConfig.settingIcons[GROUP] = _icon()
    ProcessingConfig.addSetting(
        Setting(
            GROUP, SCHEME, tr("Default land-cover scheme"), "cnlucc", valuetype=Setting.SELECTION, options=list(SCHEMES)
        )
    )
    ProcessingConfig.addSetting(
        Setting(
            GROUP, LANGUAGE, tr("Language of reports"), "user", valuetype=Setting.SELECTION, options=list(LANGUAGES)
        )
    )
    where = tr("Dask scheduler: address, or local:N for N processes (empty: threads of QGIS)")
    ProcessingConfig.addSetting(Setting(GROUP, SCHEDULER, where, "", valuetype=Setting.STRING))
    hide = tr("Leave paths and the command out of reports and maps")
    ProcessingConfig.addSetting(Setting(GROUP, HIDE_PATHS, hide, False))
    lines = tr("Meridians and parallels on maps of reports")
    ProcessingConfig.addSetting(Setting(GROUP, GRATICULE, lines, False))
    ProcessingConfig.readSettings()


def remove_settings() -> None:
    """Takes the settings out of the options of Processing."""
    from processing.core.ProcessingConfig import ProcessingConfig

    ProcessingConfig.settingIcons.pop(GROUP, None)
    ProcessingConfig.removeSetting(SCHEME)
    ProcessingConfig.removeSetting(LANGUAGE)
    ProcessingConfig.removeSetting(SCHEDULER)
    ProcessingConfig.removeSetting(GRATICULE)
    ProcessingConfig.removeSetting(HIDE_PATHS)


def default_scheme() -> str:
    """The scheme that dialogs offer first."""
    chosen = _setting(SCHEME)
    return chosen if chosen in SCHEMES else "cnlucc"


def report_language() -> str:
    """`en` or `zh`: the language chosen for reports, else that of QGIS."""
    chosen = _setting(LANGUAGE)
    return chosen if chosen in ("en", "zh") else user_language()


def graticule() -> bool:
    """Whether maps of reports have meridians and parallels."""
    return str(_setting(GRATICULE)).lower() == "true"


def scheduler() -> str:
    """Where jobs run: what the environment says, else the setting; "" for threads."""
    return os.environ.get(VARIABLE, "").strip() or (_setting(SCHEDULER) or "").strip()


def hides_paths() -> bool:
    """Whether maps and reports, which are handed on, tell nothing of where files lie."""
    return str(_setting(HIDE_PATHS)).lower() in ("true", "1")


def _setting(name: str) -> str | None:
    from processing.core.ProcessingConfig import ProcessingConfig

    return ProcessingConfig.getSetting(name)


def _icon() -> QIcon:
    return QIcon(icon_path())
