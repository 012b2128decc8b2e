"""OpenRefine's own sequence of calls over HTTP, with its quirks: a table of clubs from nothing to fetched columns.

What it sends was read in its sources: a type as a text, ids unencoded in addresses, leftovers of Freebase.
"""

from __future__ import annotations

import json
from typing import Any

from tests.endpoint.serving import Served
from tests.linking.schemas import check

COLUMN = [
    ("Клуб родителей, Ургенч", "Xorazm"), ("Parents Club Termiz", "Surxondaryo viloyati"),
    ("namangan parent's club", "Наманганская область"), ("Samarqanddagi ota-onalar klubi", "Samarqand"),
    ("Club in Bukhara", "Bukhara"),
]  # fmt: skip
CLUBS = ["club~urgench", "club~termez", "club~namangan", "club~samarkand"]


def test_a_table_is_matched_and_extended(service: Served) -> None:
    manifest = json.loads(service.get("/reconcile?callback=jQuery123_456&_=1").text[len("/**/jQuery123_456(") : -2])
    check(manifest, "0.2", "manifest")
    kind = guessed_type(service)
    assert kind == "club"
    found = reconciled(service, kind)
    assert [each[0]["id"] for each in found[:4]] == CLUBS
    assert not any(candidate["match"] for candidate in found[4])
    for template in (manifest["preview"]["url"], manifest["view"]["url"]):
        answer = service.client.get(template.replace("{{id}}", found[0][0]["id"]))
        assert answer.status_code in (200, 303)
    entity = manifest["suggest"]["entity"]
    answer = service.client.get(
        f"{entity['service_url']}{entity['service_path']}", params={"prefix": "Urganch", **freebase()}
    )
    assert "club~urgench" in [each["id"] for each in answer.json()["result"]]
    extended(service, manifest)


def freebase() -> dict[str, str]:
    return {"spell": "always", "exact": "false", "prefixed": "true", "scoring": "schema"}


def guessed_type(service: Served) -> str:
    """Ask for ten cells without a type, and take the type of the best candidates."""
    queries = {f"q{number}": {"query": cell, "limit": 3} for number, (cell, _) in enumerate(COLUMN)}
    answer = service.request("POST", "/reconcile", data={"queries": json.dumps(queries)}).json()
    votes: dict[str, float] = {}
    for one in answer.values():
        for rank, candidate in enumerate(one["result"]):
            for each in candidate["type"]:
                votes[each["id"]] = votes.get(each["id"], 0) + 1 / (1 + rank)
    return max(votes, key=lambda each: (votes[each], each == "club"))


def reconciled(service: Served, kind: str) -> list[list[dict[str, Any]]]:
    queries = {
        f"q{number}": {
            "query": cell, "type": kind, "type_strict": "should",
            "properties": [{"pid": "region", "v": region}],
        }
        for number, (cell, region) in enumerate(COLUMN)
    }  # fmt: skip
    answer = service.request("POST", "/reconcile", data={"queries": json.dumps(queries)})
    check(answer.json(), "0.2", "reconciliation-result-batch")
    return [answer.json()[key]["result"] for key in queries]


def extended(service: Served, manifest: dict[str, Any]) -> None:
    propose = manifest["extend"]["propose_properties"]
    answer = service.client.get(f"{propose['service_url']}{propose['service_path']}?type=club").json()
    check(answer, "0.2", "data-extension-property-proposal")
    properties = [{"id": each["id"], "settings": {"limit": 0}} for each in answer["properties"][:5]]
    for ids in (CLUBS[:2], CLUBS):
        wanted = json.dumps({"ids": ids, "properties": properties})
        table = service.request("POST", "/reconcile", data={"extend": wanted}).json()
        check(table, "0.2", "data-extension-response")
        assert list(table["rows"]) == ids
