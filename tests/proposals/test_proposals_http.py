"""Proposals over HTTP: a form comes and goes, is checked, kept, reviewed; and who must not gets nothing."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pyoxigraph as ox
import pytest

from graph.model.contributors import contributors_of
from graph.model.publication import open_publication
from graph.parts.proposals.proposal_store import proposals_of
from graph.pipeline.removal import withhold
from tests.endpoint.serving import Served, serving, write
from tests.proposals.proposing import Person, forms_of, touched
from tests.proposals.test_decisions import BASE, CLUB, FILES, RDFS

SETTINGS = f'base = "{BASE}"\n[proposals]\nseconds = 0\nper_minute = 10000\nper_minute_in_all = 10000\nsize_kb = 64\n'
HOSTILE = """<script>alert(1)</script>"'><img src=x onerror=alert(2)> {{ 7*7 }} %(x)s"""
SEVERAL = {"en": "several things are called so", "ru": "так называется несколько",
           "uz": "bir nechtasi shunday ataladi"}  # fmt: skip
FORM = f"/propose?iri={CLUB}"


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A publication of a club; some tests change it, each what it has made itself."""
    places = "".join(
        f'<{BASE}id/place/{n}> a <{BASE}ns#{kind}> , <{BASE}ns#Place> ; <{RDFS}label> "Nukus"@en .\n'
        for n, kind in enumerate(("City", "District", "District"))
    )
    places += "".join(f'<{BASE}id/place/x{n}> a <{BASE}ns#Place> ; <{RDFS}label> "Place {n}"@en .\n' for n in range(60))
    shape = f"""<{BASE}shape/c> <http://www.w3.org/ns/shacl#property> <{BASE}shape/p> .
        <{BASE}shape/p> <http://www.w3.org/ns/shacl#path> <{BASE}ns#place> ;
            <http://www.w3.org/ns/shacl#class> <{BASE}ns#Place> ."""
    more = "".join(f'<{BASE}id/{n}> a <{BASE}ns#Club> ; <{RDFS}label> "Club {n}"@en .\n' for n in "defghijkm")
    folder = write(tmp_path_factory.mktemp("proposed") / "publication",
                   FILES | {"hamkor.toml": SETTINGS, "data/more.ttl": more, "data/places.ttl": places,
                            "shapes/p.ttl": shape})  # fmt: skip
    with serving(folder) as running:
        yield running


@pytest.fixture
def person(served: Served) -> Person:
    """Somebody without a token."""
    return Person(served)


def token_of(served: Served, *graphs: str, reviews: bool = False) -> tuple[str, str]:
    contributors = contributors_of(open_publication(served.folder))
    found, token = contributors.create(graphs, name="R. Reviewer", contact="", days=1, reviews=reviews)
    return token, found.id


@pytest.fixture
def reviewer(served: Served) -> Person:
    """Somebody who has signed in to review."""
    person = Person(served)
    person.sign_in(token_of(served, reviews=True)[0])
    return person


def name_of(served: Served, address: str) -> str:
    found = proposals_of(open_publication(served.folder)).of_secret(address.rpartition("~")[2])
    assert found is not None
    return found.id


def proposed(person: Person, letter: str, after: str, **fields: str) -> tuple[str, str]:
    """Propose another name for a club; the secret address and the id."""
    form = person.form(f"/propose?iri={BASE}id/{letter}")
    address = person.sent(touched(form, f"Club {letter}", after) | fields)
    return address, name_of(person.served, address)


def says(served: Served, pattern: str) -> bool:
    query = f"PREFIX rdfs: <{RDFS}> ASK {{ {pattern} }}"
    return bool(served.client.get(f"{served.url}/sparql", params={"query": query}).json()["boolean"])


def test_a_form_that_is_saved_unchanged_proposes_nothing(person: Person) -> None:
    answer = person.checked(person.form(FORM))
    assert answer.status_code == 422
    assert "nothing is changed, and nothing said" in answer.text


def test_what_is_filled_in_is_shown_before_it_is_sent_and_is_nowhere_until_it_is_accepted(person: Person) -> None:
    served, form = person.served, person.form(f"/propose?iri={BASE}id/d")
    answer = person.checked(touched(form, "Club d", "The club of D") | {"reason": "It says so itself"})
    assert re.search(r"<del>.*?Club d.*?<ins>.*?The club of D", answer.text, re.S)
    assert "The rules of the data find no fault." in answer.text
    shown = next(each for each in forms_of(answer.text) if "ticket" in each)
    address = person.post("/propose", shown | {"action": "send"}).headers["Location"]
    page = person.get(address.removeprefix(served.url))
    assert "It waits for an answer." in page.text
    assert page.headers["Cache-Control"] == "no-store"
    assert not says(served, '?s ?p "The club of D"@en')
    assert b"The club of D" not in (served.folder / "stderr").read_bytes()


def test_what_is_sent_twice_is_one_proposal_unless_it_was_taken_back(person: Person) -> None:
    form = person.form(f"/propose?iri={CLUB}") | {"reason": "Sent twice."}
    shown = next(each for each in forms_of(person.checked(form).text) if "ticket" in each)
    places = [person.post("/propose", shown | {"action": "send"}).headers["Location"] for _ in range(2)]
    assert places[0] == places[1]
    person.post(places[0].removeprefix(person.served.url), {})
    again = person.post("/propose", shown | {"action": "send"})
    assert again.headers["Location"] != places[0]
    person.post(again.headers["Location"].removeprefix(person.served.url), {})


def test_what_cannot_be_read_is_listed_above_the_form_and_leads_to_its_field(person: Person) -> None:
    form = person.form("/propose?class=Club&ui=ru")
    number = next(name[2:] for name, value in form.items() if name.startswith("p.") and value.endswith("#place"))
    page = person.post("/propose?ui=ru", form | {f"v.{number}": "no such place", "reason": "x", "action": "check"}).text
    (box,) = re.findall(r'<div class="problem" role="alert" id="preview" tabindex="-1">.*?</div>', page, re.DOTALL)
    (to,) = re.findall(r'<a href="#(v-\d+)">', box)
    assert re.search(rf'id="{to}"[^>]* aria-invalid="true"', page)
    assert 'lang="en"' not in box


def test_what_was_not_shown_is_not_kept(person: Person) -> None:
    form = touched(person.form(f"/propose?iri={BASE}id/d"), "Club d", "Straight away")
    for fields in (form, form | {"checked": "0." + "0" * 32}):
        answer = person.post("/propose", fields | {"action": "send"})
        assert answer.status_code == 200
        assert "Before you send it" in answer.text


def test_faults_stand_beside_their_fields_in_the_reader_s_language(person: Person) -> None:
    form = person.form(f"/propose?iri={BASE}id/e&ui=ru")
    answer = person.post("/propose?ui=ru", touched(form, "Club e", "") | {"action": "check"})
    assert "A club has a name." in answer.text
    assert "Правила данных" in answer.text


def test_accepted_it_is_on_the_page_and_the_secret_address_says_so(person: Person, reviewer: Person) -> None:
    address, name = proposed(person, "f", "Club F", address="a@b.example")
    page = reviewer.get(f"/proposals/{name}").text
    assert "a@b.example" in page
    answer = reviewer.review(name, "accept", words="Right")
    assert answer.status_code == 303, answer.text
    assert says(person.served, f'<{BASE}id/f> rdfs:label "Club F"@en')
    assert "Club F" in person.get("/doc/f").text
    told = person.get(address).text
    assert "It was accepted on" in told
    assert "Right" in told
    assert "a@b.example" not in reviewer.get(f"/proposals/{name}").text


def test_a_part_of_it_can_be_accepted_and_the_rest_is_not(person: Person, reviewer: Person) -> None:
    form = person.form(f"/propose?iri={BASE}id/g")
    number = next(name[2:] for name, value in form.items() if name.startswith("p.") and value.endswith("#members"))
    address = person.sent(touched(form, "Club g", "Club G") | {f"v.{number}": "12"})
    name = name_of(person.served, address)
    assert reviewer.review(name, "accept", chosen="1").status_code == 303
    assert says(person.served, f'<{BASE}id/g> rdfs:label "Club g"@en ; <{BASE}ns#members> "12"')


def test_declined_it_says_why(person: Person, reviewer: Person) -> None:
    address, name = proposed(person, "h", "Club H")
    assert "nothing says why it is declined" in reviewer.review(name, "decline", words="").text
    assert reviewer.review(name, "decline", words="It is called so.").status_code == 303
    assert "It is called so." in person.get(address).text


def test_a_decision_that_is_sent_twice_is_one(person: Person, reviewer: Person) -> None:
    name = name_of(person.served, person.sent(person.form(FORM) | {"reason": "Twice decided."}))
    form = next(each for each in forms_of(reviewer.get(f"/proposals/{name}").text) if "csrf" in each)
    sent = [form | {"words": "No.", "action": action} for action in ("decline", "decline", "accept")]
    assert [reviewer.post(f"/proposals/{name}", each).status_code for each in sent] == [303, 303, 409]


def test_taken_back_nothing_of_it_is_left(person: Person, reviewer: Person) -> None:
    address, name = proposed(person, "h", "Club Z", reason="a secret of mine")
    assert person.post(address, {}).status_code == 303
    assert "You have taken it back" in person.get(address).text
    assert "a secret of mine" not in reviewer.get(f"/proposals/{name}").text
    assert person.post(address, {}).status_code in (503, 409)


def test_what_violates_the_shapes_is_not_accepted_and_says_why(person: Person, reviewer: Person) -> None:
    _, name = proposed(person, "i", "")
    answer = reviewer.review(name, "accept")
    assert answer.status_code == 409
    assert "the release would violate the shapes in 1 places" in answer.text
    assert says(person.served, f'<{BASE}id/i> rdfs:label "Club i"@en')


def test_what_has_changed_since_is_shown_again(person: Person, reviewer: Person) -> None:
    _, first = proposed(person, "j", "Club J")
    form = person.form(f"/propose?iri={BASE}id/j")
    _, second = proposed(person, "j", "Club Jay")
    assert reviewer.review(first, "accept").status_code == 303
    page = reviewer.get(f"/proposals/{second}").text
    assert "has changed since" in page
    assert reviewer.review(second, "accept", chosen="0").status_code == 409
    answer = person.checked(touched(form, "Club j", "Club X"))
    assert "a value has changed since you opened the form" in answer.text


def test_something_new_is_added_in_a_graph_of_its_own(person: Person, reviewer: Person) -> None:
    form = person.form("/propose?class=Club")
    number = next(name[2:] for name, value in form.items() if name.startswith("p.") and value.endswith("#label"))
    address = person.sent(form | {f"v.{number}": "Club of Nukus", f"l.{number}": "en", "reason": "It is new"})
    name = name_of(person.served, address)
    assert reviewer.review(name, "accept").status_code == 303
    assert says(person.served, f"""GRAPH <{BASE}graph/accepted> {{ ?club a <{BASE}ns#Club> ;
        rdfs:label "Club of Nukus"@en . ?activity <http://www.w3.org/ns/prov#generated> ?club
        FILTER STRSTARTS(STR(?club), "{BASE}added/club/club-of-nukus-") }}""")  # fmt: skip


def test_a_comment_needs_no_change_and_a_wish_to_be_taken_out_comes_first(person: Person, reviewer: Person) -> None:
    person.sent(person.form(FORM) | {"reason": "It has moved to another house."})
    person.sent(person.form(FORM) | {"removal": "on", "reason": "My number"})
    page = reviewer.get("/proposals").text
    first = re.findall(r"<li><a href=\"/proposals/(\w+)\"", page)[0]
    assert "hamkor withhold" in (told := reviewer.get(f"/proposals/{first}").text)
    assert "take it out" in told


@pytest.mark.parametrize("language", ["en", "ru", "uz"])
def test_of_several_things_of_one_name_one_is_chosen_from_a_list_that_tells_them_apart(
    person: Person, language: str
) -> None:
    form = person.form(f"/propose?iri={BASE}id/m&ui={language}")
    number = next(name[2:] for name, value in form.items() if name.startswith("p.") and value.endswith("#place"))
    answer = person.post(f"/propose?ui={language}", form | {f"v.{number}": "Nukus", "action": "check"})
    assert SEVERAL[language] in answer.text
    options = dict(re.findall(r'<option value="([^"]*)"[^>]*>([^<]*)', answer.text))
    places = {f"&lt;{BASE}id/place/{n}&gt;": told for n, told in enumerate(("City", "District", "District"))}
    assert all(kind in options[value] for value, kind in places.items())
    assert options["Nukus"] == "Nukus"
    assert len({options[value] for value in places}) == 3
    shown = next(each for each in forms_of(answer.text) if "ticket" in each)
    chosen = touched(shown, "Nukus", f"<{BASE}id/place/1>")
    answer = person.post(f"/propose?ui={language}", chosen | {"action": "check"})
    assert re.search(r"<ins>.*?Nukus", answer.text, re.S)
    address = person.sent(next(each for each in forms_of(answer.text) if "ticket" in each))
    found = proposals_of(open_publication(person.served.folder)).of_secret(address.rpartition("~")[2])
    assert found is not None
    assert found.content is not None
    assert [each.added for each in found.content.changes] == [f"<{BASE}id/place/1>"]


def test_where_only_contributors_propose_nobody_gets_in_without_a_token(tmp_path: Path) -> None:
    folder = write(tmp_path / "own", FILES | {"hamkor.toml": SETTINGS + 'by = "contributors"\n'})
    with serving(folder) as running:
        person = Person(running)
        form = touched(person.form(FORM), "A club", "The club")
        good, token_id = token_of(running, "ngo/*")
        store = proposals_of(open_publication(folder))
        for fields in ({}, {"token": ""}, {"token": "hk_made_up"}, {"removal": "on"}, {"reason": "only a word"}):
            answer = person.checked(form | fields)
            assert answer.status_code == 422
            assert "a token of the publisher&#39;s is needed" in answer.text
            assert "The rules of the data" not in answer.text  # no shape was asked
        shown = next(each for each in forms_of(person.checked(form | {"token": good}).text) if "ticket" in each)
        assert shown["token"] == good
        for token in ("", "hk_made_up"):
            assert person.post("/propose", shown | {"token": token, "action": "send"}).status_code == 422
        assert store.counts() == {}
        assert person.post("/propose", shown | {"action": "send"}).status_code == 303
        without = shown | {"token": "", "source": "elsewhere", "action": "send"}
        assert person.post("/propose", without, Authorization=f"Bearer {good}").status_code == 303
        contributors_of(open_publication(folder)).revoke(token_id)
        assert person.post("/propose", shown | {"action": "send"}).status_code == 422
        assert store.counts() == {"waiting": 2}
        assert good.encode() not in (folder / "stderr").read_bytes()
        attempts = [person.checked(form | {"token": "hk_guess"}).status_code for _ in range(12)]
        assert attempts[-1] == 429


def test_of_what_is_withheld_nothing_is_kept_and_nothing_taken(tmp_path: Path) -> None:
    zebo = f"""<{BASE}id/z> a <{BASE}ns#Club> , <https://schema.org/Person> ; <{RDFS}label> "Zebo Karimova"@en ."""
    folder = write(tmp_path / "own", FILES | {"hamkor.toml": SETTINGS, "data/z.ttl": zebo})
    with serving(folder) as running:
        person = Person(running)
        form = person.form(f"/propose?iri={BASE}id/z")
        shown = next(
            each
            for each in forms_of(person.checked(touched(form, "Zebo Karimova", "Zebo K.")).text)
            if "ticket" in each
        )
        address = person.sent(form | {"removal": "on", "reason": "It is me"})
        withhold(open_publication(folder), [f"{BASE}id/z"], [])
        told = person.get(address)
        assert "What it spoke of has been taken out, and with it what you wrote." in told.text
        assert "It is me" not in told.text
        assert person.post("/propose", shown | {"action": "send"}).status_code == 410  # whichever release is served
        end = time.monotonic() + 10
        while person.get("/doc/z").status_code != 410 and time.monotonic() < end:
            time.sleep(0.1)
        assert person.get(f"/propose?iri={BASE}id/z").status_code == person.get("/doc/z").status_code == 410
        assert person.post("/propose", shown | {"action": "send"}).status_code == 410
        assert proposals_of(open_publication(folder)).counts() == {"erased": 1}


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"website": "https://spam.example"}, "leave the field empty"),
        ({"reason": "http://a http://b http://c http://d http://e http://f"}, "more than 5 web addresses"),
        ({"reason": "x" * 6_000}, "longer than 5000 characters"),
    ],
)
def test_what_programs_send_is_kept_away(person: Person, fields: dict[str, str], said: str) -> None:
    form = touched(person.form(f"/propose?iri={BASE}id/k"), "Club k", "Club K")
    answer = person.checked(form | fields)
    assert answer.status_code == 422
    assert said in answer.text


def test_what_is_too_large_or_no_form_is_refused(person: Person) -> None:
    assert person.post("/propose", {"reason": "x" * 70_000}).status_code == 413
    headers = {"Content-Type": "text/json"}
    answer = person.served.client.post(f"{person.served.url}/propose", content=b"{}", headers=headers)
    assert answer.status_code == 415


def chunked(size: int) -> Iterator[bytes]:
    yield from (b"reason=" + b"x" * 1000 for _ in range(size))


def test_a_body_without_a_length_is_bounded_too(person: Person) -> None:
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    answer = person.served.client.post(f"{person.served.url}/propose", content=chunked(5000), headers=headers)
    assert answer.status_code in (404, 413)


@pytest.mark.parametrize("name", ["%00", "http://[::1", "%25(x)s", "http://e/%zz%20", "x%0D%0Ay"])
@pytest.mark.parametrize("place", ["/propose?class=", "/propose?iri=", "/shapes/"])
def test_what_is_no_name_is_told_as_unknown(person: Person, place: str, name: str) -> None:
    assert person.get(place + name).status_code == 404


@pytest.mark.parametrize("where", ["thing", "class", "thing in nobody's words", "class of no prefix",
                                   "class that is none"])  # fmt: skip
def test_what_nobody_knows_has_no_form(person: Person, where: str) -> None:
    paths = {"thing": f"/propose?iri={BASE}id/none", "class": "/propose?class=None",
             "thing in nobody's words": "/propose?iri=%3Cscript%3E",
             "class of no prefix": "/propose?class=x:y",
             "class that is none": "/propose?class=%3Cscript%3E"}  # fmt: skip
    answer = person.get(paths[where])
    assert answer.status_code == 404
    assert "<script>" not in answer.text


def test_what_can_be_added_is_listed(person: Person) -> None:
    answer = person.get("/propose")
    assert (answer.status_code, 'href="/propose?class=Club"' in answer.text) == (200, True)


def test_a_row_of_another_thing_or_graph_changes_nothing(person: Person) -> None:
    """What a form may change is what it was given: keys of values and properties of the shapes, and no graph."""
    form = person.form(f"/propose?iri={BASE}id/k")
    key = next(value for name, value in person.form(FORM).items() if name.startswith("k."))
    for extra in (
        {"v.900": "x", "k.900": key},
        {"v.900": "x", "p.900": f"{BASE}ns#other"},
        {"v.900": "x", "p.900": "http://www.w3.org/1999/02/22-rdf-syntax-ns#type"},
        {"v.900": "x", "p.900": "http://e/ <http://e/graph>"},
    ):
        answer = person.checked(form | extra)
        assert "Before you send it" not in answer.text
    aimed = dict.fromkeys(("graph", "graphs", "g.1"), f"{BASE}graph/shapes")
    address = person.sent(touched(form, "Club k", "Club K") | aimed)
    found = proposals_of(open_publication(person.served.folder)).of_secret(address.rpartition("~")[2])
    assert found is not None
    assert found.content is not None
    assert {graph for each in found.content.changes for graph in each.graphs} == {f"{BASE}graph/more"}


def place_row(form: dict[str, str]) -> str:
    """The number of the row for a place, of which there are more than a list has."""
    return next(name[2:] for name, value in form.items() if value == f"{BASE}ns#place" and name.startswith("p."))


@pytest.mark.parametrize(
    ("typed", "said", "offered"),
    [("plac", "choose what is meant", 20), ("Place 59", "", 0), ("Nukus", "several things are called so", 3),
     ("zzz", "nothing that is known here is called so", 0)],
)  # fmt: skip
def test_a_part_of_a_name_comes_back_with_what_it_may_mean_and_all_else_that_was_written(
    person: Person, typed: str, said: str, offered: int
) -> None:
    form = person.form(FORM)
    row = place_row(form)
    fields = form | {f"v.{row}": typed, "reason": "I live there", "action": "find"}
    answer = person.post("/propose", fields)
    assert answer.status_code == 200
    assert said in answer.text
    assert "Before you send it" not in answer.text
    assert "nothing is changed" not in answer.text
    back = next(each for each in forms_of(answer.text) if "ticket" in each)
    assert (back[f"v.{place_row(back)}"], back["reason"]) == (typed, "I live there")
    assert len(re.findall(rf'<option value="&lt;{BASE}id/place/', answer.text)) == offered


def test_what_is_chosen_of_many_can_be_chosen_anew(person: Person) -> None:
    form = person.form(FORM)
    row = place_row(form)
    answer = person.checked(form | {f"v.{row}": f"<{BASE}id/place/x7>"})
    assert "<ins>" in answer.text
    assert re.search(rf'<option value="&lt;{BASE}id/place/x7&gt;" selected>Place 7<', answer.text)
    back = next(each for each in forms_of(answer.text) if "ticket" in each)
    assert back[f"v.{place_row(back)}"] == f"<{BASE}id/place/x7>"


def test_the_form_of_a_class_is_one_shape_that_needs_no_other(served: Served) -> None:
    answer = served.client.get(f"{served.url}/shapes/Club", headers={"Accept": "text/turtle, */*;q=0.1"})
    assert answer.headers["Content-Type"].startswith("text/turtle")
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    said = list(ox.parse(answer.content, ox.RdfFormat.TURTLE))
    known, predicates = {each.subject for each in said}, {each.predicate.value.rpartition("#")[2] for each in said}
    assert not predicates & {"node", "imports", "sparql", "targetClass"}
    assert all(each.object in known for each in said if isinstance(each.object, ox.BlankNode))
    types = {each.object.value for each in said if each.subject == ox.NamedNode(f"{BASE}ns#Club")
             and each.predicate.value.endswith("#type")}  # fmt: skip
    assert types == {"http://www.w3.org/ns/shacl#NodeShape", f"{RDFS}Class"}
    again = served.client.get(f"{served.url}/shapes/Club", headers={"If-None-Match": answer.headers["ETag"]})
    assert again.status_code == 304


@pytest.mark.parametrize(
    ("path", "accept", "status", "kind"),
    [
        ("Club", "application/ld+json", 200, "application/ld+json"), ("Club", "*/*", 200, "text/turtle"),
        ("Club.nt", "text/turtle", 200, "application/n-triples"), ("Club", "image/png", 406, ""),
        ("None", "*/*", 404, ""), ("Club.xyz", "*/*", 404, ""), ("x:y", "*/*", 404, ""), ("%3Cx%3E", "*/*", 404, ""),
    ],
)  # fmt: skip
def test_a_form_as_a_shape_is_had_in_each_format_and_of_what_has_none_not(
    served: Served, path: str, accept: str, status: int, kind: str
) -> None:
    answer = served.client.get(f"{served.url}/shapes/{path}", headers={"Accept": accept})
    assert answer.status_code == status
    assert answer.headers["Content-Type"].startswith(kind)


def test_scripts_stay_texts_everywhere(person: Person, reviewer: Person) -> None:
    form = touched(person.form(f"/propose?iri={BASE}id/k"), "Club k", HOSTILE)
    fields = form | {"reason": HOSTILE, "source": "javascript:alert(3)", "address": HOSTILE}
    answer = person.checked(fields)
    address = person.sent(fields)
    pages = [answer.text, person.get(address).text]
    pages += [reviewer.get(f"/proposals/{name_of(person.served, address)}").text, reviewer.get("/proposals").text]
    for page in pages:
        assert "<script>alert" not in page
        assert "<img src=x" not in page
        assert 'href="javascript' not in page
    policy = reviewer.get("/proposals").headers["Content-Security-Policy"]
    assert "script-src" not in policy
    assert "default-src 'none'" in policy


REVIEWED = (
    ("GET", "/proposals"), ("GET", "/proposals?state=accepted"), ("GET", "/proposals/{name}"),
    ("POST", "/proposals/{name}"), ("GET", "/proposals/none"), ("POST", "/proposals/none"),
)  # fmt: skip


SIGN_IN = (("GET", "/proposals"), ("GET", "/proposals?state=accepted"))
"""Where one signs in."""


@pytest.mark.parametrize("who", ["nobody", "contributor", "bearer", "revoked", "made up"])
@pytest.mark.parametrize(("method", "path"), REVIEWED)
def test_only_who_has_signed_in_to_review_gets_in(served: Served, method: str, path: str, who: str) -> None:
    person = Person(served)
    _, name = proposed(person, "k", "Club matrix", reason="nobody's business")
    headers = dict[str, str]()
    if who == "contributor":
        answer = person.post("/proposals", {"action": "sign-in", "token": token_of(served, "*")[0]})
        assert answer.status_code == 403
        assert not person.cookies
    elif who == "bearer":
        headers["Authorization"] = f"Bearer {token_of(served, reviews=True)[0]}"
    elif who == "revoked":
        token, token_id = token_of(served, reviews=True)
        person.sign_in(token)
        contributors_of(open_publication(served.folder)).revoke(token_id)
    elif who == "made up":
        person.cookies["hamkor-session"] = "x" * 43
    target = path.format(name=name)
    if method == "GET":
        cookie = "; ".join(f"{k}={v}" for k, v in person.cookies.items())
        found = served.client.get(served.url + target, headers=headers | {"Accept": "text/html", "Cookie": cookie})
    else:
        found = person.post(target, [("action", "accept"), ("chosen", "0")], **headers)
    assert found.status_code == (200 if (method, path) in SIGN_IN else 403)
    assert "nobody&#39;s business" not in found.text
    assert "Club matrix" not in found.text
    stored = proposals_of(open_publication(served.folder)).get(name)
    assert stored is not None
    assert stored.state == "waiting"


def test_the_cookie_is_short_lived_and_no_script_s_and_no_other_site_s(served: Served) -> None:
    token, _ = token_of(served, reviews=True)
    answer = Person(served).post("/proposals", {"action": "sign-in", "token": token})
    cookie = answer.headers["Set-Cookie"]
    assert {"HttpOnly", "SameSite=Strict", "Max-Age=3600", "Path=/proposals"} <= {*cookie.split("; ")}
    assert token not in cookie
    forwarded = Person(served).post("/proposals", {"action": "sign-in", "token": token},
                                    X_Forwarded_Proto="https", Origin=served.url.replace("http", "https"))  # fmt: skip
    assert "Secure" in forwarded.headers["Set-Cookie"].split("; ")


def test_a_form_from_elsewhere_decides_nothing(person: Person, reviewer: Person) -> None:
    _, name = proposed(person, "k", "Club forged")
    form = next(each for each in forms_of(reviewer.get(f"/proposals/{name}").text) if "csrf" in each)
    good = {"action": "accept", "chosen": "0"}
    refused: list[httpx.Response] = [
        reviewer.post(f"/proposals/{name}", good),
        reviewer.post(f"/proposals/{name}", good | {"csrf": "x"}),
        reviewer.post(f"/proposals/{name}", good | {"csrf": form["csrf"]}, Origin="https://evil.example"),
        reviewer.post(f"/proposals/{name}", good | {"csrf": form["csrf"]}, Origin="null"),
        reviewer.post(f"/proposals/{name}", good | {"csrf": form["csrf"]}, Sec_Fetch_Site="cross-site"),
        person.post("/propose", {"reason": "x"}, Origin="https://evil.example"),
        reviewer.post("/proposals", {"action": "sign-out"}),
    ]
    assert [each.status_code for each in refused] == [403] * len(refused)
    assert reviewer.get("/proposals").status_code == 200
    other = Person(person.served)
    other.sign_in(token_of(person.served, reviews=True)[0])
    assert other.post(f"/proposals/{name}", good | {"csrf": form["csrf"]}).status_code == 403


def test_who_signs_out_is_out(reviewer: Person) -> None:
    kept = dict(reviewer.cookies)
    form = next(each for each in forms_of(reviewer.get("/proposals").text) if "csrf" in each)
    assert reviewer.post("/proposals", form | {"action": "sign-out"}).status_code == 303
    reviewer.cookies = kept
    assert "Sign out" not in reviewer.get("/proposals").text


@pytest.mark.parametrize("secret", ["", "x", "%00", "../proposals", "x" * 5000])
def test_an_address_that_nobody_has_got_shows_nothing(person: Person, secret: str) -> None:
    assert person.get(f"/proposal/~{secret}").status_code in (403, 404)


def test_no_page_of_proposals_is_kept_or_found(person: Person, reviewer: Person) -> None:
    address, name = proposed(person, "k", "Club unseen")
    pages = [person.get(FORM), person.get(address), reviewer.get("/proposals"), reviewer.get(f"/proposals/{name}")]
    for answer in pages:
        assert answer.headers["Cache-Control"] == "no-store"
        assert answer.headers["X-Robots-Tag"] == "noindex"
        assert "ETag" not in answer.headers


def test_pages_lead_to_the_form_and_where_proposals_are_not_taken_nothing_does(person: Person, tmp_path: Path) -> None:
    assert "/propose?iri=" in person.get("/doc/a").text
    assert "/propose?class=Club" in person.get("/class/Club").text
    folder = write(tmp_path / "closed", FILES | {"hamkor.toml": f'base = "{BASE}"\n[proposals]\nby = "nobody"\n'})
    with serving(folder) as closed:
        other = Person(closed)
        assert "/propose" not in other.get("/doc/a").text + other.get("/class/Club").text
        assert (other.get(FORM).status_code, other.post("/propose", {"reason": "x"}).status_code) == (404, 404)
