"""A contributor's own data in a browser without script: what is saved is a write as any other, and nothing is lost.

One server for all; each test has graphs of its own, below ``ngo/``.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import count, product

import httpx
import pytest

from graph.model.contributors import contributors_of
from graph.model.publication import open_publication
from graph.pipeline.removal import withhold
from graph.releases.release import current_release
from tests.endpoint.serving import Served, serving, write
from tests.proposals.proposing import Person, forms_of, touched
from tests.proposals.test_decisions import BASE, CLUB, FILES, RDFS
from tests.proposals.test_proposals_http import HOSTILE, token_of

SETTINGS = f'base = "{BASE}"\n[limits]\nwrites_per_minute = 100000\n[proposals]\nby = "nobody"\n'
SHAPES = f"""@prefix sh: <http://www.w3.org/ns/shacl#> . @prefix : <{BASE}ns#> .
    <{BASE}shape/c> sh:property <{BASE}shape/o> .
    <{BASE}shape/l> sh:message "У клуба есть название."@ru , "Klubning nomi bor."@uz .
    <{BASE}shape/p> a sh:NodeShape ; sh:targetClass :Place ; sh:property <{BASE}shape/q> .
    <{BASE}shape/q> sh:path <{RDFS}label> ; sh:datatype <http://www.w3.org/1999/02/22-rdf-syntax-ns#langString> .
    <{BASE}shape/o> sh:path :of ; sh:class :Club ; sh:message "That is a club."@en .
    <{BASE}shape/c> sh:property <{BASE}shape/in> .
    <{BASE}shape/d> a sh:NodeShape ; sh:targetClass <https://schema.org/City> ; sh:property <{BASE}shape/number> .
    <{BASE}shape/number> sh:path :number .
    <{BASE}shape/in> sh:path :in ; sh:class <https://schema.org/City> ."""
LABEL, MEMBERS = f"{RDFS}label", f"{BASE}ns#members"
NUMBERS = count(1)


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A publication of a club, at which nobody proposes, and contributors keep their own data."""
    files = FILES | {"hamkor.toml": SETTINGS, "shapes/o.ttl": SHAPES}
    with serving(write(tmp_path_factory.mktemp("mine") / "publication", files)) as running:
        yield running


@dataclass
class Contributor(Person):
    """Somebody with a token, who has signed in, and a graph of their own."""

    graph: str = ""
    token: str = ""

    def thing(self, name: str = "1") -> str:
        """The IRI of a thing in it."""
        return f"{BASE}x/{self.graph.rpartition('/')[2]}/{name}"

    def club(self, name: str, label: str, more: str = "") -> str:
        """A club, as Turtle."""
        return f'<{self.thing(name)}> a <{BASE}ns#Club> ; <{LABEL}> "{label}"@en {more} .\n'

    def path(self, page: str = "thing", **query: str) -> str:
        """The path of a page about the graph."""
        return f"/my-data/{page}?" + str(httpx.QueryParams({"graph": self.graph, **query}))

    def put(self, turtle: str, graph: str = "") -> str:
        """Write the graph by PUT; return the id of the release."""
        place = "/graph/" + (graph or self.graph).removeprefix(f"{BASE}graph/")
        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": "text/turtle"}
        answer = self.served.client.put(self.served.url + place, content=turtle, headers=headers)
        assert answer.status_code < 300, answer.text
        return str(answer.headers["X-Hamkor-Release"])

    def opened(self, page: str = "thing", **query: str) -> dict[str, str]:
        """The form of a page, as it would be sent."""
        answer = self.get(self.path(page, **query))
        assert answer.status_code == 200, answer.text
        return form_in(answer)

    def save(self, form: dict[str, str], action: str = "save", page: str = "thing", **headers: str) -> httpx.Response:
        """Send a form."""
        return self.post(f"/my-data/{page}", form | {"action": action}, **headers)


def form_in(answer: httpx.Response) -> dict[str, str]:
    return next(each for each in forms_of(answer.text) if "state" in each)


@pytest.fixture
def ngo(served: Served) -> Contributor:
    """A contributor with a graph that is not there yet, and may write those below ``ngo/``."""
    token, _ = token_of(served, "ngo/*")
    person = Contributor(served, graph=f"{BASE}graph/ngo/{next(NUMBERS)}", token=token)
    assert person.post("/my-data", {"action": "sign-in", "token": token}).status_code == 303
    return person


def fresh(form: dict[str, str], predicate: str, value: str, language: str | None = None) -> dict[str, str]:
    """A form with a further value of a property."""
    number = next(name[2:] for name, found in form.items() if name.startswith("p.") and found == predicate)
    tag = {f"l.{number}": language} if language is not None else {}
    return form | {f"v.{number}": value} | tag


def lines(ngo: Contributor) -> list[str]:
    release = current_release(open_publication(ngo.served.folder))
    if all(each.iri != ngo.graph for each in release.manifest.graphs):
        return []
    return sorted(line.decode() for chunk in release.read_graph(ngo.graph) for line in chunk.lines())


def test_a_graph_is_begun_and_the_first_thing_in_it_published_under_a_name_of_its_own(ngo: Contributor) -> None:
    name = ngo.graph.removeprefix(f"{BASE}graph/")
    home = forms_of(ngo.get("/my-data").text)
    begun = ngo.post("/my-data", home[-1] | {"name": name, "action": "begin"})
    assert begun.status_code == 303
    page = ngo.get(begun.headers["Location"].removeprefix(ngo.served.url)).text
    assert "Nothing is in it yet." in page
    assert 'value="Club"' in page
    answer = ngo.save(fresh(ngo.opened(**{"class": "Club"}), LABEL, "Клуб в Нукусе", "ru"))
    assert answer.status_code == 303, answer.text
    iri = f"{BASE}added/ngo/club/klub-v-nukuse"
    assert lines(ngo) == [f'<{iri}> <http://www.w3.org/1999/02/22-rdf-syntax-ns#type> <{BASE}ns#Club> .',
                          f'<{iri}> <{LABEL}> "Клуб в Нукусе"@ru .']  # fmt: skip
    release = current_release(open_publication(ngo.served.folder))
    entry = next(each for each in release.manifest.graphs if each.iri == ngo.graph)
    assert entry.contribution is not None
    assert entry.contribution.name == "R. Reviewer"
    told = ngo.get(answer.headers["Location"].removeprefix(ngo.served.url)).text
    assert f"Saved and published: release {release.id}." in told
    second = ngo.save(fresh(ngo.opened(**{"class": "Club"}), LABEL, "Клуб в Нукусе", "ru"))
    assert f"{iri}-2" in httpx.URL(second.headers["Location"]).params["iri"]
    assert "Клуб в Нукусе" in ngo.get(ngo.path("graph", q="нукус")).text


def place_of(answer: httpx.Response) -> str:
    assert answer.status_code == 303, answer.text
    return httpx.URL(answer.headers["Location"]).params["iri"]


def test_a_form_that_is_sent_twice_at_once_is_saved_once(ngo: Contributor) -> None:
    def sent_twice(form: dict[str, str]) -> str:
        with ThreadPoolExecutor(2) as pool:
            (one,) = {place_of(each) for each in pool.map(ngo.save, [form, form])}
        return one

    iri = sent_twice(fresh(ngo.opened(**{"class": "Club"}), LABEL, "Club 1", "en"))
    assert sent_twice(touched(ngo.opened(iri=iri), "Club 1", "Club 2")) == iri
    assert [each for each in lines(ngo) if LABEL in each] == [f'<{iri}> <{LABEL}> "Club 2"@en .']


def test_a_form_that_comes_once_more_from_the_page_before_adds_nothing_and_with_other_words_it_does(
    ngo: Contributor,
) -> None:
    form = fresh(ngo.opened(**{"class": "Club"}), LABEL, "Club 1", "en")
    shown = form_in(ngo.save(form, action="check"))
    saved = place_of(ngo.save(shown))
    assert place_of(ngo.save(shown)) == place_of(ngo.save(form)) == saved
    assert len(lines(ngo)) == 2
    assert place_of(ngo.save(fresh(form, LABEL, "Club 2", "en"))) != saved
    assert (
        ngo.save(
            {"graph": ngo.graph, "iri": saved, "state": "", **ngo.opened("delete", iri=saved)}, page="delete"
        ).status_code
        == 303
    )
    assert place_of(ngo.save(form)) == saved
    assert len(lines(ngo)) == 4


@pytest.mark.parametrize("name", ["%00", "http://[::1", "<x>", "_:b", "x y", "%(x)s"])
def test_what_is_no_name_of_a_class_or_thing_is_told_as_unknown(ngo: Contributor, name: str) -> None:
    assert [ngo.get(ngo.path(**{key: name})).status_code for key in ("class", "iri")] == [404, 404]
    form = ngo.opened(**{"class": "Club"})
    assert ngo.save(form | {"class": name}).status_code == 404


def test_a_thing_without_a_name_is_saved_under_one(ngo: Contributor) -> None:
    form = ngo.opened(**{"class": "https://schema.org/City"})
    number = next(name[2:] for name in form if name.startswith("p."))
    iri = place_of(ngo.save(form | {f"v.{number}": "5"}))
    assert ngo.get(ngo.path(iri=iri)).status_code == 200


@pytest.mark.parametrize(
    ("name", "status"),
    [("ngo/x y", 400), ("other/x", 403), ("a", 403), ("shapes", 403), ("https://e.example/g", 403), ("", 403),
     ("ngo/../a", 403)],
)  # fmt: skip
def test_only_a_graph_of_a_good_name_that_the_token_is_for_is_begun(ngo: Contributor, name: str, status: int) -> None:
    answer = ngo.post("/my-data", forms_of(ngo.get("/my-data").text)[-1] | {"name": name, "action": "begin"})
    assert answer.status_code in (status, 400)
    assert "<script>" not in answer.text
    assert 'role="alert"' in answer.text


@pytest.mark.parametrize("language", ["en", "ru", "uz"])
def test_a_name_is_taken_to_be_in_the_language_in_which_one_reads(ngo: Contributor, language: str) -> None:
    form = form_in(ngo.get(ngo.path(ui=language, **{"class": "Place"})))
    number = next(name[2:] for name, found in form.items() if name.startswith("p.") and found == LABEL)
    assert form[f"l.{number}"] == language


def test_a_thing_is_changed_value_by_value_and_the_rest_stays_as_it_is_written(ngo: Contributor) -> None:
    ngo.put(ngo.club("1", "Club 1", f'; <{MEMBERS}> "014" ; <{BASE}ns#odd> "05"^^<http://www.w3.org/2001/XMLSchema#integer>')
            + ngo.club("2", "Club 2"))  # fmt: skip
    before = lines(ngo)
    form = ngo.opened(iri=ngo.thing())
    unchanged = ngo.save(form)
    assert (unchanged.status_code, "nothing is changed" in unchanged.text) == (422, True)
    answer = ngo.save(touched(form, "Club 1", "The club"))
    assert answer.status_code == 303, answer.text
    assert lines(ngo) == sorted(each.replace('"Club 1"', '"The club"') for each in before)


@pytest.mark.parametrize(
    ("ui", "said", "action"),
    [("en", "A club has a name.", "save"), ("ru", "У клуба есть название.", "save"),
     ("uz", "Klubning nomi bor.", "check")],
)  # fmt: skip
def test_a_fault_stands_beside_its_field_in_the_reader_s_language_and_nothing_is_published(
    ngo: Contributor, ui: str, said: str, action: str
) -> None:
    release = ngo.put(ngo.club("1", "Club 1"))
    form = touched(ngo.opened(iri=ngo.thing(), ui=ui), "Club 1", "")
    answer = ngo.post(f"/my-data/thing?ui={ui}", fresh(form, MEMBERS, "kept") | {"action": action})
    assert answer.status_code == (422 if action == "save" else 200)
    field = re.search(r'<div class="field"(?:(?!<div class="field").)*' + re.escape(said), answer.text, re.S)
    assert field is not None
    assert 'value="kept"' in answer.text
    assert current_release(open_publication(ngo.served.folder)).id == release


def test_who_saves_second_sees_what_has_changed_and_loses_nothing(ngo: Contributor) -> None:
    ngo.put(ngo.club("1", "Club 1", f'; <{MEMBERS}> "14"'))
    first, second = ngo.opened(iri=ngo.thing()), ngo.opened(iri=ngo.thing())
    assert ngo.save(touched(first, "Club 1", "The first")).status_code == 303
    mine = touched(touched(second, "Club 1", "The second"), "14", "15")
    answer = ngo.save(mine)
    assert answer.status_code == 412
    assert "it has changed meanwhile" in answer.text
    assert "meanwhile it has become The first" in answer.text
    assert 'value="The second"' in answer.text
    assert 'value="15"' in answer.text
    assert '"The first"@en' in str(lines(ngo))
    assert ngo.save(form_in(answer)).status_code == 303
    assert ('"The second"@en' in str(lines(ngo)), '"15"' in str(lines(ngo)), '"The first"' in str(lines(ngo))) == (
        True, True, False,
    )  # fmt: skip


def test_what_nobody_has_touched_takes_what_it_has_become(ngo: Contributor) -> None:
    note = f'; <{BASE}ns#note> "two\\r\\n lines" ; <{MEMBERS}> "14"'
    ngo.put(ngo.club("1", "Club 1", note))
    form = ngo.opened(iri=ngo.thing())
    ngo.put(ngo.club("1", "Club one", f'; <{MEMBERS}> "14"'))
    answer = ngo.save(touched(form, "14", "15"))
    assert answer.status_code == 412
    assert 'value="Club 1"' not in answer.text
    assert "two" not in answer.text
    assert ngo.save(form_in(answer)).status_code == 303
    assert ('"Club one"@en' in str(lines(ngo)), '"15"' in str(lines(ngo)), '"Club 1"' in str(lines(ngo))) == (
        True, True, False,
    )  # fmt: skip


def test_that_another_thing_of_the_graph_has_changed_keeps_nobody_from_saving(ngo: Contributor) -> None:
    ngo.put(ngo.club("1", "Club 1") + ngo.club("2", "Club 2"))
    form = ngo.opened(iri=ngo.thing())
    ngo.put(ngo.club("1", "Club 1") + ngo.club("2", "Club two"))
    assert ngo.save(touched(form, "Club 1", "Club one")).status_code == 303
    assert ('"Club one"' in str(lines(ngo)), '"Club two"' in str(lines(ngo))) == (True, True)


def test_what_was_taken_out_meanwhile_is_added_anew_if_one_wants(ngo: Contributor) -> None:
    ngo.put(ngo.club("1", "Club 1") + ngo.club("2", "Club 2"))
    form = touched(ngo.opened(iri=ngo.thing()), "Club 1", "Club one")
    ngo.put(ngo.club("2", "Club 2"))
    answer = ngo.save(form)
    assert answer.status_code == 412
    assert "it was taken out meanwhile" in answer.text
    assert ngo.save(form_in(answer)).status_code == 303
    assert f'<{ngo.thing()}> <{LABEL}> "Club one"@en .' in lines(ngo)


def test_a_session_that_has_ended_costs_nothing_of_what_was_written(ngo: Contributor) -> None:
    ngo.put(ngo.club("1", "Club 1"))
    form, before = touched(ngo.opened(iri=ngo.thing()), "Club 1", "Club one"), lines(ngo)
    ngo.cookies.clear()
    answer = ngo.save(form)
    assert answer.status_code == 403
    carried = next(each for each in forms_of(answer.text) if "token" in each)
    assert "csrf" not in carried
    again = ngo.post("/my-data/thing", carried | {"token": ngo.token})
    assert "you are signed in again" in again.text
    assert lines(ngo) == before
    assert ngo.save(form_in(again)).status_code == 303
    assert '"Club one"@en' in str(lines(ngo))


def test_a_thing_goes_with_its_statements_and_who_refers_to_it_is_told_first(ngo: Contributor) -> None:
    node = f'; <{BASE}ns#address> [ <{BASE}ns#street> "Main Street" ]'
    ngo.put(ngo.club("1", "Club 1", node) + ngo.club("2", "Club 2", f"; <{BASE}ns#of> <{ngo.thing()}>"))
    page = ngo.get(ngo.path("delete", iri=ngo.thing()))
    assert "What refers to it" in page.text
    assert "Club 2" in page.text
    answer = ngo.save(form_in(page), page="delete")
    assert answer.status_code == 422
    assert "That is a club." in answer.text
    assert ngo.save(ngo.opened("delete", iri=ngo.thing("2")), page="delete").status_code == 303
    stale, answer = form_in(page), ngo.save(ngo.opened("delete", iri=ngo.thing()), page="delete")
    assert (answer.status_code, lines(ngo)) == (303, [])
    assert ngo.save(stale, page="delete").status_code == 404
    assert ngo.save(ngo.opened("delete"), page="delete").status_code == 303
    assert ngo.get(ngo.path("delete")).status_code == 404


def test_what_has_changed_since_it_was_seen_is_not_taken_out(ngo: Contributor) -> None:
    ngo.put(ngo.club("1", "Club 1"))
    seen, whole = ngo.opened("delete", iri=ngo.thing()), ngo.opened("delete")
    ngo.put(ngo.club("1", "Club one"))
    for form in (seen, whole):
        answer = ngo.save(form, page="delete")
        assert (answer.status_code, "has changed meanwhile" in answer.text) == (412, True)
    assert ngo.save(form_in(answer), page="delete").status_code == 303


def test_every_change_is_in_the_history_and_can_be_undone_as_a_new_release(ngo: Contributor) -> None:
    first = ngo.put(ngo.club("1", "Club 1"))
    second = ngo.put(ngo.club("1", "Club one") + ngo.club("2", "Club 2"))
    page = ngo.get(ngo.path("history")).text.partition("<ol")[2]
    assert page.index(second) < page.index(first)
    state = ngo.get(ngo.path("history", release=first))
    assert re.search(r"<del>.*?Club one.*?<ins>.*?Club 1", state.text, re.S)
    assert ngo.save(form_in(state), page="history").status_code == 303
    assert [each for each in lines(ngo) if "label" in each] == [f'<{ngo.thing()}> <{LABEL}> "Club 1"@en .']
    release = current_release(open_publication(ngo.served.folder))
    assert release.id not in (first, second)
    stale = ngo.save(form_in(state), page="history")
    assert (stale.status_code, "has changed meanwhile" in stale.text) == (412, True)
    assert "This is how it is now." in ngo.get(ngo.path("history", release=release.id)).text
    assert ngo.get(ngo.path("history", release="2014-01-01T000000Z-00000000")).status_code == 404


def test_one_goes_back_to_there_being_no_graph_and_from_that_to_its_last_state(ngo: Contributor) -> None:
    ngo.put(ngo.club("1", "Club 1"))
    undo = re.search(r'class="button" href="([^"]+)"', ngo.get(ngo.path("history")).text)
    assert undo is not None
    nothing = ngo.get(undo[1].replace("&amp;", "&"))
    assert "there was no such graph" in nothing.text
    assert ngo.save(form_in(nothing), page="history").status_code == 303
    assert lines(ngo) == []
    undo = re.search(r'class="button" href="([^"]+)"', ngo.get(ngo.path("history")).text)
    assert undo is not None
    assert ngo.save(form_in(ngo.get(undo[1].replace("&amp;", "&"))), page="history").status_code == 303
    assert f'<{ngo.thing()}> <{LABEL}> "Club 1"@en .' in lines(ngo)


# Who gets in, and how far.

PAGES = ("graph", "thing", "delete", "history")
ROUTES = [("GET", "/my-data"), *((method, f"/my-data/{page}") for method in ("GET", "POST") for page in PAGES)]


@pytest.mark.parametrize("who", ["nobody", "reviewer", "bearer", "expired", "revoked", "made up"])
def test_only_who_has_signed_in_with_a_token_that_writes_gets_in(served: Served, ngo: Contributor, who: str) -> None:
    ngo.put(ngo.club("1", "Club secret to nobody"))
    before, form = lines(ngo), touched(ngo.opened(iri=ngo.thing()), "Club secret to nobody", "Mine")
    person, headers = Contributor(served, graph=ngo.graph), dict[str, str]()
    contributors = contributors_of(open_publication(served.folder))
    if who == "reviewer":
        token, _ = token_of(served, reviews=True)
        assert person.post("/my-data", {"action": "sign-in", "token": token}).status_code == 403
        person.sign_in(token)  # at /proposals, whose cookie is shown here by hand
    elif who == "bearer":
        headers["Authorization"] = f"Bearer {ngo.token}"
    elif who in ("expired", "revoked"):
        days = 1 if who == "revoked" else 1e-9  # over before anybody signs in, on any machine
        found, token = contributors.create(["ngo/*"], name="X", contact="", days=days)
        person.post("/my-data", {"action": "sign-in", "token": token})
        if who == "revoked":
            assert "Sign out" in person.get("/my-data").text
            contributors.revoke(found.id)
    elif who == "made up":
        person.cookies["hamkor-session"] = "x" * 43
    for method, route in ROUTES:
        sent = {**form, "release": current_release(open_publication(served.folder)).id, "action": "save"}
        target = route + "?" + str(httpx.QueryParams({"graph": ngo.graph, "iri": ngo.thing()}))
        answer = person.post(route, sent, **headers) if method == "POST" else person.get(target, **headers)
        # where one signs in is a page; nothing is posted to the list of things
        wanted = {("GET", "/my-data"): 200, ("POST", "/my-data/graph"): 405}.get((method, route), 403)
        assert answer.status_code == wanted, (method, route)
        assert method == "POST" or "Club secret to nobody" not in answer.text
    assert lines(ngo) == before


OF_OTHERS = (f"{BASE}graph/a", f"{BASE}graph/other/1", f"{BASE}graph/shapes", f"{BASE}graph/catalog",
             "https://e.example/g", "", "x", f"{BASE}graph/ngo/../a")  # fmt: skip


def test_no_page_reaches_a_graph_of_others(ngo: Contributor) -> None:
    release = ngo.put(ngo.club("1", "Club 1"))
    forms = {
        "thing": touched(ngo.opened(iri=ngo.thing()), "Club 1", "Aimed"),
        "delete": ngo.opened("delete", iri=ngo.thing()),
        "history": ngo.opened("delete") | {"release": release},
    }
    for graph, page in product(OF_OTHERS, PAGES):
        query = httpx.QueryParams({"graph": graph, "iri": CLUB, "class": "Club"})
        assert ngo.get(f"/my-data/{page}?{query}").status_code in (400, 403, 404), (graph, page)
        if page in forms:
            answer = ngo.save(forms[page] | {"graph": graph}, page=page)
            assert answer.status_code in (400, 403, 404), (graph, page)
    assert current_release(open_publication(ngo.served.folder)).id == release


def test_fields_that_aim_at_another_thing_or_graph_change_nothing_there(ngo: Contributor) -> None:
    ngo.put(ngo.club("1", "Club 1"))
    form = ngo.opened(iri=ngo.thing())
    theirs = ngo.save(fresh(form, MEMBERS, "7") | {"iri": CLUB, "kind": f"{BASE}ns#Club", "state": ""})
    assert theirs.status_code == 422
    assert "This is described in another graph" in theirs.text
    aimed = dict.fromkeys(("graphs", "g.1", "root", "contributor", "expected"), f"{BASE}graph/a")
    extra = {"v.900": "x", "p.900": "http://e/ <http://e/graph>", "v.901": f"<{BASE}ns#Other>",
             "p.901": "http://www.w3.org/1999/02/22-rdf-syntax-ns#type"}  # fmt: skip
    assert ngo.save(touched(form, "Club 1", "Club one") | extra).status_code == 422
    assert ngo.save(touched(form, "Club 1", "Club one") | aimed).status_code == 303
    assert [each for each in lines(ngo) if "one" in each] == [f'<{ngo.thing()}> <{LABEL}> "Club one"@en .']


@pytest.mark.parametrize("page", ["thing", "delete", "history"])
def test_a_form_from_elsewhere_writes_nothing(ngo: Contributor, page: str) -> None:
    release = ngo.put(ngo.club("1", "Club 1"))
    form = {
        "thing": touched(ngo.opened(iri=ngo.thing()), "Club 1", "Forged"),
        "delete": ngo.opened("delete", iri=ngo.thing()),
        "history": ngo.opened("delete") | {"release": release},
    }[page]
    other = Contributor(ngo.served, graph=ngo.graph, token=ngo.token)
    other.post("/my-data", {"action": "sign-in", "token": ngo.token})
    without = {name: value for name, value in form.items() if name != "csrf"}
    refused = [
        ngo.save(without, page=page),
        ngo.save(form | {"csrf": "x"}, page=page),
        ngo.save(form, page=page, Origin="https://evil.example"),
        ngo.save(form, page=page, Origin="null"),
        ngo.save(form, page=page, Sec_Fetch_Site="cross-site"),
        other.save(form, page=page),
    ]
    assert [each.status_code for each in refused] == [403] * len(refused)
    assert current_release(open_publication(ngo.served.folder)).id == release


def test_at_the_door_forms_from_elsewhere_do_nothing_either(ngo: Contributor) -> None:
    evil = {"Origin": "https://evil.example"}
    home = next(each for each in forms_of(ngo.get("/my-data").text) if "csrf" in each)
    refused = [
        ngo.post("/my-data", {"action": "sign-in", "token": ngo.token}, **evil),
        ngo.post("/my-data", {"action": "sign-out"}),
        ngo.post("/my-data", {"action": "begin", "name": "ngo/x"}),
        ngo.post("/my-data", home | {"action": "sign-out"}, **evil),
    ]
    assert [each.status_code for each in refused] == [403] * len(refused)
    kept = dict(ngo.cookies)
    assert ngo.post("/my-data", home | {"action": "sign-out"}).status_code == 303
    ngo.cookies = kept
    assert "Sign out" not in ngo.get("/my-data").text


def test_the_cookie_goes_to_my_data_and_uploads_and_to_proposals_where_the_token_reviews_too(served: Served) -> None:
    for reviews, places in ((False, ["/my-data", "/upload"]), (True, ["/my-data", "/proposals", "/upload"])):
        token, _ = token_of(served, "ngo/*", reviews=reviews)
        answer = Person(served).post("/my-data", {"action": "sign-in", "token": token})
        cookies = [set(each.split("; ")) for each in answer.headers.get_list("set-cookie")]
        assert sorted(part[5:] for each in cookies for part in each if part.startswith("Path=")) == places
        assert all({"HttpOnly", "SameSite=Strict", "Max-Age=3600"} <= each for each in cookies)
        assert token not in str(cookies)


def test_who_signs_in_goes_on_where_they_wanted_to_be_and_nowhere_else(ngo: Contributor) -> None:
    ngo.put(ngo.club("1", "Club 1"))
    kept, ngo.cookies = dict(ngo.cookies), {}
    form = next(each for each in forms_of(ngo.get(ngo.path(iri=ngo.thing())).text) if "token" in each)
    answer = ngo.post("/my-data", form | {"token": ngo.token, "action": "sign-in"})
    assert answer.headers["Location"] == ngo.served.url + ngo.path(iri=ngo.thing())
    for to in ("//evil.example/", "https://evil.example/", "my-data/../graph/a?x", "my-data/thing?\r\nX: y", "graph/a"):
        answer = ngo.post("/my-data", form | {"token": ngo.token, "action": "sign-in", "to": to})
        assert answer.headers["Location"] == f"{ngo.served.url}/my-data"
    ngo.cookies = kept


def test_scripts_stay_texts_on_every_page(ngo: Contributor) -> None:
    ngo.put(ngo.club("1", "Club 1"))
    form = touched(ngo.opened(iri=ngo.thing()), "Club 1", HOSTILE)
    saved = ngo.save(fresh(form, MEMBERS, HOSTILE))
    assert saved.status_code == 303, saved.text
    release = current_release(open_publication(ngo.served.folder)).id
    reflected = str(
        httpx.QueryParams({"graph": ngo.graph, "q": HOSTILE, "class": HOSTILE, "page": HOSTILE, "saved": HOSTILE})
    )
    ngo.cookies, kept = {}, dict(ngo.cookies)
    carried = ngo.save(form)
    ngo.cookies = kept
    pages = [
        carried, ngo.save(form | {"state": HOSTILE}), ngo.save(touched(form, HOSTILE, "") | {"kind": HOSTILE}),
        ngo.get(ngo.path("graph")), ngo.get(f"/my-data/graph?{reflected}"), ngo.get(ngo.path(iri=ngo.thing())),
        ngo.get(ngo.path("delete", iri=ngo.thing())), ngo.get(ngo.path("history", release=release)),
        ngo.get(ngo.path("history", release=HOSTILE)), ngo.get(ngo.path(iri=HOSTILE)),
        ngo.get(ngo.path(**{"class": HOSTILE})),
        ngo.get("/my-data?" + reflected), ngo.get(f"/my-data/thing?graph={HOSTILE}"),
    ]  # fmt: skip
    for page in pages:
        assert "<script>alert" not in page.text
        assert "<img src=x" not in page.text
        assert page.headers["Cache-Control"] == "no-store"
        assert "ETag" not in page.headers
        assert "default-src 'none'" in page.headers["Content-Security-Policy"]


def test_what_is_too_large_or_no_form_is_refused(ngo: Contributor) -> None:
    ngo.put(ngo.club("1", "Club 1"))
    form = ngo.opened(iri=ngo.thing())
    for page in ("thing", "delete", "history"):
        assert ngo.save(form | {"more": "x" * (2 << 20)}, page=page).status_code == 413
        headers = {"Content-Type": "application/json", "Cookie": "; ".join(f"{k}={v}" for k, v in ngo.cookies.items())}
        answer = ngo.served.client.post(f"{ngo.served.url}/my-data/{page}", content=b"{}", headers=headers)
        assert answer.status_code == 415
    rows = {f"v.{n}": "x" for n in range(5000)} | {f"p.{n}": MEMBERS for n in range(5000)}
    assert ngo.save(form | rows).status_code == 413


@pytest.mark.parametrize(
    "headers",
    [{"X-Remote-User": "ngo"}, {"X-Original-URL": "/my-data/graph"}, {"X-HTTP-Method-Override": "DELETE"},
     {"Forwarded": "host=evil.example"}, {"Release": "2014-01-01T000000Z-00000000"}],
    ids=lambda each: next(iter(each)),
)  # fmt: skip
def test_header_fields_open_no_door(ngo: Contributor, headers: dict[str, str]) -> None:
    place = ngo.served.url + ngo.path("graph")
    answer = ngo.served.client.get(place, headers=headers | {"Accept": "text/html"})
    assert answer.status_code in (400, 403, 404)
    assert ngo.graph not in answer.text


def test_a_place_is_described_along_in_the_contributor_s_own_graph_and_space(ngo: Contributor) -> None:
    ngo.put(ngo.club("1", "A club of ours"))
    form = ngo.opened(iri=ngo.thing())
    number = next(name for name, value in form.items() if name.startswith("new.") and value == f"{BASE}ns#in")[:-3]
    place = {f"{number}.name": "Nukus", f"{number}.language": "en", f"{number}.at": "42,46 59,6"}
    assert "write latitude and longitude" in ngo.save(form | place | {f"{number}.at": "nowhere"}).text
    assert ngo.save(form | place).status_code == 303
    said = "".join(lines(ngo))
    (iri,) = re.findall(rf"<{ngo.thing()}> <{BASE}ns#in> <([^>]*)>", said)
    assert iri == f"{BASE}added/ngo/city/nukus"
    assert f'<{iri}> <https://schema.org/latitude> "42.46"' in said
    assert f'<{iri}> <{LABEL}> "Nukus"@en' in said


# What comes last changes what the server lets in.


def test_of_what_is_withheld_nothing_is_shown_taken_or_brought_back(ngo: Contributor) -> None:
    ngo.put(ngo.club("1", "Zebo Karimova") + ngo.club("2", "Club 2"))
    form, release = ngo.opened(iri=ngo.thing("2")), current_release(open_publication(ngo.served.folder)).id
    withhold(open_publication(ngo.served.folder), [ngo.thing()], [])
    end = time.monotonic() + 60
    while ngo.get(ngo.path(iri=ngo.thing())).status_code != 410 and time.monotonic() < end:
        time.sleep(0.1)
    assert ngo.get(ngo.path("delete", iri=ngo.thing())).status_code == 410
    for page in (
        ngo.get(ngo.path("graph")),
        ngo.get(ngo.path("history")),
        ngo.get(ngo.path("history", release=release)),
    ):
        assert "Zebo" not in page.text
        assert ngo.thing() not in page.text
    answer = ngo.save(fresh(touched(form, "Club 2", "Club two"), f"{BASE}ns#of", f"<{ngo.thing()}>"))
    assert answer.status_code == 403
    assert 'value="Club two"' in answer.text
    assert not [each for each in lines(ngo) if ngo.thing() in each]


def test_attempts_with_bad_tokens_are_counted(ngo: Contributor) -> None:
    person = Person(ngo.served)
    statuses = [person.post("/my-data", {"action": "sign-in", "token": f"hk_{n}"}).status_code for n in range(12)]
    assert {*statuses} <= {403, 429}
    assert statuses[-1] == 429
    assert person.post("/my-data", {"action": "sign-in", "token": ngo.token}).status_code == 303
    assert ngo.token.encode() not in (ngo.served.folder / "stderr").read_bytes()


@pytest.mark.parametrize("saved", ["2", "-", "T", "2026-11-30T000000Z-00000000"])
def test_nothing_is_said_to_be_saved_that_was_not(saved: str, ngo: Contributor) -> None:
    ngo.put(ngo.club("1", "Club 1"))
    page = ngo.get(ngo.path("graph", saved=saved))
    assert (page.status_code, "Saved and published" in page.text) == (200, False)
