"""The manifests: what the service can do and where, in the words of either version (one cannot serve both)."""

from __future__ import annotations

from endpoint.current import languages, publication, snapshot, urls
from endpoint.finding import Finder, Tongue
from endpoint.pages.shapes import text_in
from endpoint.reconcile.limits import BATCH
from endpoint.reconcile.types import default_types, type_of

WIDTH, HEIGHT = 420, 220
LIMIT_HELP = "Most values in one cell; 0 for all"


def manifest_of_02(finds: Finder, reader: Tongue) -> dict[str, object]:
    """Return the manifest of version 0.2 (section 3)."""
    host = urls().absolute(urls().route("reconcile"))

    def service(path: str) -> dict[str, str]:
        return {"service_url": host, "service_path": path}

    setting = {"type": "number", "name": "limit", "label": "Limit", "default": 0, "help_text": LIMIT_HELP}
    return {
        "versions": ["0.1", "0.2"],
        **_both(finds, reader),
        "identifierSpace": f"{publication().base}id/",
        "schemaSpace": f"{publication().base}ns#",
        "view": {"url": f"{host}/view/{{{{id}}}}"},
        "feature_view": {"url": f"{host}/features#{{{{id}}}}"},
        "preview": {"url": f"{host}/preview?id={{{{id}}}}", "width": WIDTH, "height": HEIGHT},
        "suggest": {each: service(f"/suggest/{each}") for each in ("entity", "property", "type")},
        "extend": {"propose_properties": service("/propose"), "property_settings": [setting]},
    }


def manifest_of_draft(finds: Finder, reader: Tongue) -> dict[str, object]:
    """Return the manifest of the 1.0 draft."""
    host = urls().absolute(urls().route("reconcile"))
    setting = {"type": "number", "id": "limit", "name": "Limit", "default": 0, "helpText": LIMIT_HELP}
    return {
        "versions": ["1.0-draft"],
        **_both(finds, reader),
        "lang": reader.chain[0],
        "view": {"url": f"{host}/view/{{id}}"},
        "featureView": {"url": f"{host}/features#{{id}}"},
        "preview": {"width": WIDTH, "height": HEIGHT},
        "suggest": {"entity": True, "property": True, "type": True},
        "extend": {"proposeProperties": True, "propertySettings": [setting]},
        "standardizedScore": True,
    }


def _both(finds: Finder, reader: Tongue) -> dict[str, object]:
    about = publication().settings.about
    name = text_in(about.title, languages())[0] or "Hamkor"
    return {
        "name": name,
        "documentation": urls().absolute(urls().route("")),
        "serviceVersion": snapshot().release.id,
        "defaultTypes": [type_of(each, reader) for each in default_types(finds)],
        "batchSize": BATCH,
    }
