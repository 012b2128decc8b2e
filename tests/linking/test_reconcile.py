"""Reconciliation 0.2 and 1.0-draft over HTTP: every answer conforms to the schemas, wrong input included."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.endpoint.serving import Served
from tests.linking.schemas import check, every_example, examples, validator

ID = re.compile(r"[A-Za-z0-9._~-]+\Z")


def ask(service: Served, query: object, status: int = 200) -> Any:  # noqa: ANN401  what JSON says
    answer = service.request("POST", "/reconcile", data={"queries": json.dumps({"q0": query})})
    assert answer.status_code == status, answer.text
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    if status == 200:
        check(answer.json(), "0.2", "reconciliation-result-batch")
        return answer.json()["q0"]["result"]
    return answer.json()


def match(service: Served, query: object, status: int = 200) -> Any:  # noqa: ANN401  what JSON says
    answer = service.request("POST", "/reconcile/v1/match", json={"queries": [query]})
    assert answer.status_code == status, answer.text
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    if status == 200:
        check(answer.json(), "1.0-draft", "reconciliation-result-batch")
        return answer.json()["results"][0]["candidates"]
    return answer.json()


def name(text: str, **more: object) -> dict[str, object]:
    return {"conditions": [{"matchType": "name", "propertyValue": text}], **more}


@pytest.mark.parametrize(
    ("version", "kind", "verdict", "path"), [*every_example()], ids=lambda each: getattr(each, "stem", each)
)
def test_the_suite_s_own_examples_are_judged_as_it_says(version: str, kind: str, verdict: str, path: Path) -> None:
    document = json.loads(path.read_text(encoding="utf-8"))
    assert validator(version, kind).is_valid(document) == (verdict == "valid")


# Version 0.2


def test_the_manifest_says_what_there_is(service: Served) -> None:
    manifest = service.get("/reconcile").json()
    check(manifest, "0.2", "manifest")
    assert {"organisation", "club", "place", "event", "concept"} <= {each["id"] for each in manifest["defaultTypes"]}
    assert "?" not in manifest["extend"]["propose_properties"]["service_path"]


def test_an_exact_name_is_a_match_and_first(service: Served) -> None:
    best = ask(service, {"query": "Ministry of Finance"})[0]
    assert (best["id"], best["match"], best["score"]) == ("body~ministry-of-finance", True, 99.0)


def test_candidates_come_with_decreasing_scores_and_at_most_one_match(service: Served) -> None:
    found = ask(service, {"query": "Samarkand", "limit": 50})
    assert [each["score"] for each in found] == sorted((each["score"] for each in found), reverse=True)
    assert [each["match"] for each in found].count(True) <= 1


def test_ids_can_stand_in_an_address_as_they_are(service: Served) -> None:
    found = ask(service, {"query": "children", "limit": 50})
    assert found
    assert all(ID.match(each["id"]) and all(ID.match(kind["id"]) for kind in each["type"]) for each in found)


@pytest.mark.parametrize("query", ["club~termez", "https://w3id.org/hamkor/id/club/termez"])
def test_an_id_or_iri_is_a_match(service: Served, query: str) -> None:
    best = ask(service, {"query": query})[0]
    assert (best["id"], best["match"]) == ("club~termez", True)


def test_a_name_that_several_have_alike_is_no_match(service: Served) -> None:
    assert not [
        each for each in ask(service, {"query": "Parents' club"}) if each["match"] and each["id"].startswith("club~")
    ]


def test_a_name_of_nobody_here_is_no_match(service: Served) -> None:
    assert not [each for each in ask(service, {"query": "Ministry of Defence"}) if each["match"]]


@pytest.mark.parametrize("kind", ["club", ["club"], ["club", "event"]], ids=str)
def test_a_type_is_a_text_or_a_list(service: Served, kind: object) -> None:
    found = ask(service, {"query": "Samarkand", "type": kind, "type_strict": "any"})
    assert [each["id"] for each in found] == ["club~samarkand"]


def test_all_types_must_be_had_where_that_is_asked(service: Served) -> None:
    assert not ask(service, {"query": "Samarkand", "type": ["club", "place"], "type_strict": "all"})


def test_should_takes_others_where_no_type_fits_and_never_as_a_match(service: Served) -> None:
    found = ask(service, {"query": "Kamolot", "type": "place", "type_strict": "should"})
    assert found[0]["id"] == "body~kamolot"
    assert not found[0]["match"]


@pytest.mark.parametrize(
    ("name", "value"),
    [("city", "Термез"), ("city", {"id": "place~termez"}), ("region", "Surxondaryo"), ("place", ["Termiz", "Bukhara"]),
     ("founded", "2015-02")],
    ids=str,
)  # fmt: skip
def test_a_property_that_agrees_raises_the_right_one(service: Served, name: str, value: object) -> None:
    query = {"query": "Parents' club", "type": "club", "properties": [{"pid": name, "v": value}]}
    assert "club~termez" in [each["id"] for each in ask(service, query | {"limit": 2})]


def test_a_property_that_contradicts_takes_the_match_away(service: Served) -> None:
    query = {"query": "Parents’ club in Termez", "properties": [{"pid": "city", "v": "Namangan"}]}
    assert not ask(service, query)[0]["match"]


def test_properties_alone_find_what_they_name(service: Served) -> None:
    query = {"properties": [{"pid": "identifier", "v": "UZ-SA"}]}
    assert ask(service, query)[0]["id"] == "place~samarkand-region"
    assert ask(service, {"type": "club", "properties": [{"pid": "city", "v": "Urgench"}]})[0]["id"] == "club~urgench"


def test_persons_are_not_reconciled(service: Served) -> None:
    assert not [each for each in ask(service, {"query": "Maya Ganieva"}) if each["id"].startswith("person~")]
    assert not ask(service, {"query": "Maya Ganieva", "type": "person"})


@pytest.mark.parametrize("path", [*examples("0.2", "reconciliation-query-batch", "valid")], ids=lambda path: path.stem)
def test_the_suite_s_queries_are_answered(service: Served, path: Path) -> None:
    answer = service.request("POST", "/reconcile", data={"queries": path.read_text(encoding="utf-8")})
    assert answer.status_code == 200
    check(answer.json(), "0.2", "reconciliation-result-batch")
    assert answer.json().keys() == json.loads(path.read_text(encoding="utf-8")).keys()


@pytest.mark.parametrize(
    "path", [*examples("0.2", "reconciliation-query-batch", "invalid")], ids=lambda path: path.stem
)
def test_the_suite_s_invalid_queries_are_refused(service: Served, path: Path) -> None:
    answer = service.request("POST", "/reconcile", data={"queries": path.read_text(encoding="utf-8")})
    assert answer.status_code == 400
    assert answer.headers["Access-Control-Allow-Origin"] == "*"


WRONG = [
    "", "[]", "1", '"x"', "{", '{"q0": 1}', '{"q0": {}}', '{"q0": {"query": 1}}',
    '{"q0": {"query": "a", "limit": "x"}}', '{"q0": {"query": "a", "limit": -1}}', '{"q0": {"query": "a", "type": 7}}',
    '{"q0": {"query": "a", "type_strict": "no"}}',
    '{"q0": {"query": "a", "properties": 1}}', '{"q0": {"query": "a", "properties": [{"pid": "x"}]}}', "[" * 100_000,
    '{"q0": {"query": "a", "properties": [{"pid": "x", "v": {"id": 1}}]}}', '{"q0": {"query": "a", "nonsense": 1}}',
    '{"q0": {"query": "a", "limit": 1e400}}', '{"q0": {"query": "a", "limit": NaN}}',
]  # fmt: skip


@pytest.mark.parametrize("queries", WRONG, ids=lambda text: text[:60])
def test_wrong_input_is_a_problem_that_names_the_place(service: Served, queries: str) -> None:
    answer = service.request("POST", "/reconcile", data={"queries": queries})
    assert answer.status_code == 400
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert answer.json()["detail"]


@pytest.mark.parametrize("query", ["\x00", "'; DROP TABLE name; --", "*", '"' * 300, "a" * 100_000, "💥 №", " "])
def test_any_text_may_be_a_query(service: Served, query: str) -> None:
    ask(service, {"query": query})


def test_too_many_queries_are_too_large(service: Served) -> None:
    queries = json.dumps({f"q{number}": {"query": "a"} for number in range(51)})
    assert service.request("POST", "/reconcile", data={"queries": queries}).status_code == 413


def test_too_long_a_body_is_too_large(service: Served) -> None:
    body = {"queries": json.dumps({"q0": {"query": "a" * (5 << 20)}})}
    assert service.request("POST", "/reconcile", data=body).status_code == 413


def test_a_post_without_anything_is_a_bad_request(service: Served) -> None:
    assert service.request("POST", "/reconcile", data={"x": "y"}).status_code == 400
    assert service.request("POST", "/reconcile", content=b"{}").status_code == 415


def test_get_answers_too(service: Served) -> None:
    answer = service.get("/reconcile", params={"queries": json.dumps({"a b": {"query": "Kamolot"}})})
    check(answer.json(), "0.2", "reconciliation-result-batch")
    assert answer.json()["a b"]["result"][0]["id"] == "body~kamolot"


def test_jsonp_calls_a_function_by_a_plain_name_only(service: Served) -> None:
    answer = service.get("/reconcile?callback=jQuery_1.cb")
    assert answer.headers["Content-Type"].startswith("application/javascript")
    assert answer.text.startswith("/**/jQuery_1.cb(")
    check(json.loads(answer.text.removeprefix("/**/jQuery_1.cb(").removesuffix(");")), "0.2", "manifest")
    assert service.get("/reconcile?callback=alert(1)//").status_code == 400


def test_data_extension_gives_every_id_a_row_and_every_row_every_property(service: Served) -> None:
    properties = [
        {"id": "city"},
        {"id": "founded"},
        {"id": "hk.numberOfMembers"},
        {"id": "nothing"},
        {"id": "hk.foundedLatest"},
    ]
    wanted = {"ids": ["club~termez", "nobody", "person~maya-ganieva"], "properties": properties}
    answer = service.request("POST", "/reconcile", data={"extend": json.dumps(wanted)})
    check(answer.json(), "0.2", "data-extension-response")
    rows = answer.json()["rows"]
    assert rows["club~termez"] == {
        "city": [{"id": "place~termez", "name": "Termez"}], "founded": [{"str": "2015-02"}],
        "hk.numberOfMembers": [{"int": 14}], "nothing": [], "hk.foundedLatest": [{"date": "2015-02-28T00:00:00Z"}],
    }  # fmt: skip
    assert not any(rows["nobody"].values())
    assert not any(rows["person~maya-ganieva"].values())


def test_a_setting_limits_the_values_of_a_cell(service: Served) -> None:
    wanted = {"ids": ["club~termez"], "properties": [{"id": "place", "settings": {"limit": 1}}]}
    answer = service.request("POST", "/reconcile", data={"extend": json.dumps(wanted)})
    assert len(answer.json()["rows"]["club~termez"]["place"]) == 1


@pytest.mark.parametrize("wanted", ["{}", '{"ids": 1, "properties": []}', '{"ids": [], "properties": [{}]}', "x"])
def test_a_wrong_extension_is_refused(service: Served, wanted: str) -> None:
    assert service.request("POST", "/reconcile", data={"extend": wanted}).status_code == 400


def test_properties_are_proposed_for_a_type(service: Served) -> None:
    answer = service.get("/reconcile/propose?type=club&limit=8").json()
    check(answer, "0.2", "data-extension-property-proposal")
    assert len(answer["properties"]) == 8
    assert not service.get("/reconcile/propose?type=person").json()["properties"]


@pytest.mark.parametrize(("what", "schema"), [("entity", "entities"), ("property", "properties"), ("type", "types")])
@pytest.mark.parametrize("prefix", ["", "cl", "кл", "founded", "club~termez", "/", "%00"])
def test_suggestions_conform(service: Served, what: str, schema: str, prefix: str) -> None:
    freebase = "spell=always&exact=false&prefixed=true&scoring=schema"
    answer = service.get(f"/reconcile/suggest/{what}?prefix={prefix}&{freebase}")
    check(answer.json(), "0.2", f"suggest-{schema}-response")
    draft = service.get(f"/reconcile/v1/suggest/{what}?prefix={prefix}&limit=3&offset=0")
    check(draft.json(), "1.0-draft", f"suggest-{schema}-response")
    assert len(draft.json()["result"]) <= 3


def test_an_id_as_prefix_suggests_its_thing(service: Served) -> None:
    assert service.get("/reconcile/suggest/entity?prefix=club~termez").json()["result"][0]["id"] == "club~termez"


def test_what_is_not_suggested_and_flyouts_are_not_found(service: Served) -> None:
    for path in ("/reconcile/suggest/flyout", "/reconcile/suggest/entity/search?filter=x"):
        answer = service.get(path)
        assert (answer.status_code, answer.headers["Access-Control-Allow-Origin"]) == (404, "*")


def test_a_preview_may_stand_in_any_frame_and_has_no_script(service: Served) -> None:
    answer = service.get("/reconcile/preview?id=club~termez")
    assert "Parents’ club in Termez" in answer.text
    assert "<script" not in answer.text
    assert "frame-ancestors *" in answer.headers["Content-Security-Policy"]
    assert "X-Frame-Options" not in answer.headers
    assert "Set-Cookie" not in answer.headers


@pytest.mark.parametrize("path", ["preview?id=nobody", "preview?id=person~maya-ganieva", "preview", "view/nobody"])
def test_there_is_no_view_of_what_is_not_there(service: Served, path: str) -> None:
    assert service.get(f"/reconcile/{path}").status_code == 404


def test_a_view_leads_to_the_document(service: Served) -> None:
    answer = service.get("/reconcile/view/club~termez")
    assert (answer.status_code, answer.headers["Location"]) == (303, f"{service.url}/doc/club/termez")


def test_every_feature_is_explained(service: Served) -> None:
    page = service.get("/reconcile/features", "text/html").text
    assert all(f'id="{each["id"]}"' in page for each in ask(service, {"query": "Kamolot"})[0]["features"])


# The 1.0 draft


def test_the_draft_s_manifest_says_what_there_is(service: Served) -> None:
    for path in ("/reconcile/v1", "/reconcile/v1/"):
        manifest = service.get(path).json()
        check(manifest, "1.0-draft", "manifest")
    assert manifest["standardizedScore"] is True


def test_the_draft_matches_in_the_order_of_the_queries(service: Served) -> None:
    queries = {"queries": [name("Kamolot"), name("Termiz", type="place")]}
    answer = service.request("POST", "/reconcile/v1/match", json=queries, headers={"Accept-Language": "uz-Latn"})
    check(answer.json(), "1.0-draft", "reconciliation-result-batch")
    first, second = (each["candidates"][0] for each in answer.json()["results"])
    assert (first["id"], second["id"]) == ("body~kamolot", "place~termez")
    assert (second["name"], second["lang"], answer.headers["Content-Language"]) == ("Termiz", "uz-Latn", "uz-Latn")


def test_an_id_as_condition_finds_just_that(service: Served) -> None:
    assert [
        each["id"] for each in match(service, {"conditions": [{"matchType": "id", "propertyValue": "club~termez"}]})
    ] == ["club~termez"]
    assert not match(service, {"conditions": [{"matchType": "id", "propertyValue": "Kamolot"}]})


@pytest.mark.parametrize(("quantifier", "cities", "found"), [
    ("any", ["Termiz", "Bukhara"], True), ("all", ["Termiz", "Bukhara"], False), ("none", ["Termiz"], False),
    ("none", ["Bukhara"], True), (None, "Termiz", True),
])  # fmt: skip
def test_a_required_condition_leaves_out_what_does_not_meet_it(
    service: Served, quantifier: str | None, cities: object, found: bool
) -> None:
    condition = {"matchType": "property", "propertyId": "city", "propertyValue": cities, "required": True}
    query = name("Parents club Termez", type="club")
    query["conditions"] = [*query["conditions"], condition | ({"matchQuantifier": quantifier} if quantifier else {})]  # type: ignore[misc]
    assert ("club~termez" in [each["id"] for each in match(service, query)]) is found


@pytest.mark.parametrize(
    "path", [*examples("1.0-draft", "reconciliation-query-batch", "valid")], ids=lambda path: path.stem
)
def test_the_draft_s_queries_are_answered(service: Served, path: Path) -> None:
    answer = _post(service, "match", path.read_bytes())
    assert answer.status_code == 200
    check(answer.json(), "1.0-draft", "reconciliation-result-batch")


@pytest.mark.parametrize(
    "path", [*examples("1.0-draft", "reconciliation-query-batch", "invalid")], ids=lambda path: path.stem
)
def test_the_draft_s_invalid_queries_are_refused(service: Served, path: Path) -> None:
    assert _post(service, "match", path.read_bytes()).status_code == 400


@pytest.mark.parametrize("body", [b"", b"[]", b"\xff", b'{"queries": 1}', b'{"queries": [1]}', b"x" * 100])
def test_wrong_json_is_refused(service: Served, body: bytes) -> None:
    for path in ("match", "extend"):
        answer = _post(service, path, body)
        assert (answer.status_code, answer.headers["Access-Control-Allow-Origin"]) == (400, "*")


def _post(service: Served, path: str, body: bytes) -> httpx.Response:
    return service.request("POST", f"/reconcile/v1/{path}", content=body, headers={"Content-Type": "application/json"})


def test_the_draft_extends_and_proposes(service: Served) -> None:
    wanted = {"ids": ["club~termez", "nobody"], "properties": [{"id": "city"}, {"id": "nothing"}]}
    answer = service.request("POST", "/reconcile/v1/extend", json=wanted).json()
    check(answer, "1.0-draft", "data-extension-response")
    assert answer["rows"][0]["properties"][0] == {"id": "city", "values": [{"id": "place~termez", "name": "Termez"}]}
    assert [each["id"] for each in answer["rows"]] == ["club~termez", "nobody"]
    check(
        service.get("/reconcile/v1/extend/propose?type=place").json(), "1.0-draft", "data-extension-property-proposal"
    )


@pytest.mark.parametrize("path", ["", "/suggest/entity", "/preview", "/v1/match", "/v1/extend", "/nothing"])
def test_other_pages_may_ask_everything(service: Served, path: str) -> None:
    answer = service.request("OPTIONS", f"/reconcile{path}", headers={"Origin": "https://other.example"})
    assert (answer.status_code, answer.headers["Access-Control-Allow-Origin"]) == (204, "*")
    assert "Content-Type" in answer.headers["Access-Control-Allow-Headers"]
