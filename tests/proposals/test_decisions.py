"""What becomes of proposals: they wait, are accepted once, declined, taken back; nothing is lost by a kill."""

from __future__ import annotations

import os
import shlex
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import ModuleType

import msgspec
import pytest
from click.testing import CliRunner

from endpoint.cli import main
from graph.model.errors import HamkorError, QueryLimitError, ReleaseError, StorageError
from graph.model.publication import PROPOSALS_FILE, WORK_FOLDER, Publication, open_publication
from graph.parts.proposals import decisions
from graph.parts.proposals.decisions import accept_proposal, check, decline_proposal, resume_proposals
from graph.parts.proposals.proposal_store import (
    Content,
    Decision,
    ProposalCheck,
    ProposalStore,
    ValueChange,
    proposals_of,
)
from graph.parts.proposals.proposed_rows import marks_of, patch_text, stale
from graph.pipeline import write as writing
from graph.pipeline.build import build
from graph.pipeline.removal import withhold
from graph.pipeline.write import Put, publish
from graph.releases.release import AT_ONCE, current_release
from graph.sources.batches import Chunk
from graph.validation.report import ValidationFailedError
from tests.conftest import copy
from tests.endpoint.serving import write

BASE, RDFS = "https://example.org/", "http://www.w3.org/2000/01/rdf-schema#"
CLUB, GRAPH, THEIRS = f"{BASE}id/a", f"{BASE}graph/a", f"{BASE}graph/ngo/b"
XSD = "http://www.w3.org/2001/XMLSchema#"
FILES = {
    "hamkor.toml": f'base = "{BASE}"\n',
    "shapes/s.ttl": f"""@prefix sh: <http://www.w3.org/ns/shacl#> . @prefix rdfs: <{RDFS}> . @prefix : <{BASE}ns#> .
        <{BASE}shape/c> a sh:NodeShape ; sh:targetClass :Club ; sh:property <{BASE}shape/l> , <{BASE}shape/n> .
        <{BASE}shape/l> sh:path rdfs:label ; sh:minCount 1 ; sh:message "A club has a name."@en .
        <{BASE}shape/n> sh:path :members ; sh:maxCount 1 ; sh:message "One number."@en .""",
    "data/a.ttl": f"""@prefix rdfs: <{RDFS}> . @prefix : <{BASE}ns#> .
        <{CLUB}> a :Club ; rdfs:label "A club"@en ; :members "014" .
        <{BASE}id/c> :of <{CLUB}> .""",
}
NAME = ValueChange(f"{RDFS}label", '"A club"@en', '"The club"@en', (GRAPH,))
MEMBERS = ValueChange(f"{BASE}ns#members", '"014"', '"15"', (GRAPH,))
PROPOSED = Content(
    "change", CLUB, "A club", (NAME, MEMBERS), "I was there", "https://e.example/list", release="r", language="ru"
)  # fmt: skip
BOTH = Decision("3fa94c", "R. Reviewer", (0, 1), "Somebody was there")


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A publication of a club, with a release; for copies."""
    folder = write(tmp_path_factory.mktemp("club") / "publication", FILES)
    build(open_publication(folder))
    return folder


@pytest.fixture
def own(built: Path, tmp_path: Path) -> Publication:
    """A copy of it; the test may do with it what it likes."""
    copy(built, tmp_path / "publication")
    return open_publication(tmp_path / "publication")


def proposed(own: Publication, content: Content = PROPOSED, address: str = "a@b.example") -> tuple[str, str]:
    return proposals_of(own).add(content, address, most=100, keep_days=30)


def says(own: Publication, statement: str) -> bool:
    return bool(current_release(own).store.query(f"PREFIX : <{BASE}ns#> PREFIX rdfs: <{RDFS}> ASK {{ {statement} }}"))


def test_what_is_accepted_is_one_release_with_its_provenance(own: Publication) -> None:
    before = current_release(own).id
    name, secret = proposed(own)
    decision = accept_proposal(own, name, BOTH, AT_ONCE)
    release = current_release(own)
    assert (release.manifest.parent, decision.release) == (before, release.id)
    assert says(own, f'<{CLUB}> rdfs:label "The club"@en ; :members "15"')
    assert not says(own, f'<{CLUB}> rdfs:label "A club"@en')
    assert says(own, f"""<{BASE}accepted/{name}> a <http://www.w3.org/ns/prov#Activity> ;
        <http://www.w3.org/ns/prov#influenced> <{CLUB}> ; <http://www.w3.org/ns/prov#startedAtTime> ?from ;
        <http://www.w3.org/ns/prov#endedAtTime> ?to ; <http://purl.org/dc/terms/description> "Somebody was there"@ru ;
        <http://purl.org/dc/terms/source> <https://e.example/list> ;
        <http://www.w3.org/ns/prov#wasAssociatedWith>/rdfs:label "R. Reviewer" """)  # fmt: skip
    found = proposals_of(own).of_secret(secret)
    assert found is not None
    assert (found.state, found.address) == ("accepted", "")


def test_the_next_build_says_what_was_accepted(own: Publication) -> None:
    name, _ = proposed(own)
    accept_proposal(own, name, BOTH, AT_ONCE)
    published = current_release(own)
    assert [each.name for each in own.patches()] == [f"0001-{name}.rdfp"]
    assert build(own).id == published.id  # nothing has changed
    (own.root / "data" / "b.ttl").write_text(f"<{BASE}id/d> <{BASE}ns#of> <{CLUB}> .")
    build(own)
    assert says(own, f'<{CLUB}> rdfs:label "The club"@en ; :members "15"')
    (own.root / "data" / "b.ttl").unlink()
    assert build(own).manifest.digest == published.manifest.digest


def test_signs_that_move_a_terminal_are_shown_to_whoever_reviews_and_not_sent(own: Publication) -> None:
    evil = "\x1b[2J\x1b]0;x\x07\u202e"
    change = ValueChange(f"{RDFS}label", "", f'"{evil}"', (GRAPH,))
    name, _ = proposed(own, Content("comment", CLUB, evil, (change,), evil, evil), evil)
    for command in (["list"], ["show", name]):
        done = CliRunner().invoke(main, ["--publication", str(own.root), "proposals", *command])
        assert done.exit_code == 0
        assert not {*evil} & {"\x1b", "\x07", "\u202e"} & {*done.output}
    done = CliRunner().invoke(main, ["--publication", str(own.root), "proposals", "list", "--page", "9" * 30])
    assert (done.exit_code, "Invalid value for '--page'" in done.output) == (2, True)


def test_a_command_that_is_copied_into_a_shell_names_the_thing_and_nothing_else(own: Publication) -> None:
    thing = "https://example.org/a;$(touch${IFS}x)&'"
    name, _ = proposed(own, Content("removal", thing))
    done = CliRunner().invoke(main, ["--publication", str(own.root), "proposals", "show", name])
    command = done.output.partition("to take it out: ")[2].strip()
    assert shlex.split(command) == ["hamkor", "withhold", thing]


def test_a_part_of_it_can_be_accepted(own: Publication) -> None:
    name, _ = proposed(own)
    accept_proposal(own, name, msgspec.structs.replace(BOTH, chosen=(1,)), AT_ONCE)
    assert says(own, f'<{CLUB}> rdfs:label "A club"@en ; :members "15"')


def test_what_others_wrote_is_changed_where_they_wrote_it_and_needs_no_patch(own: Publication) -> None:
    line = f'<{BASE}id/b> <{RDFS}label> "B"@en .\n'.encode()
    publish(own, [Put(THEIRS, (Chunk(THEIRS, line),)), Put(f"{BASE}graph/accepted", ())])
    change = ValueChange(f"{RDFS}label", '"B"@en', '"C"@en', (THEIRS,))
    name, _ = proposed(own, Content("change", f"{BASE}id/b", changes=(change,)))
    accept_proposal(own, name, msgspec.structs.replace(BOTH, chosen=(0,)), AT_ONCE)
    assert not own.patches()
    build(own)
    assert says(own, f'GRAPH <{THEIRS}> {{ <{BASE}id/b> rdfs:label "C"@en }}')


def test_what_violates_the_shapes_goes_on_waiting_and_leaves_nothing(own: Publication) -> None:
    content = Content("change", CLUB, changes=(ValueChange(f"{RDFS}label", '"A club"@en', "", (GRAPH,)),))
    name, _ = proposed(own, content)
    before = current_release(own).id
    with pytest.raises(ValidationFailedError):
        accept_proposal(own, name, msgspec.structs.replace(BOTH, chosen=(0,)), AT_ONCE)
    found = proposals_of(own).get(name)
    assert found is not None
    assert (found.state, found.address, own.patches(), current_release(own).id) == (
        "waiting",
        "a@b.example",
        (),
        before,
    )


def test_what_has_changed_since_is_told_and_not_accepted(own: Publication) -> None:
    name, _ = proposed(own)
    first = proposed(own, msgspec.structs.replace(PROPOSED, changes=(NAME,)))[0]
    accept_proposal(own, first, msgspec.structs.replace(BOTH, chosen=(0,)), AT_ONCE)
    assert stale(current_release(own), CLUB, PROPOSED.changes) == [0]
    with pytest.raises(ReleaseError, match="has changed since"):
        accept_proposal(own, name, BOTH, AT_ONCE)
    accept_proposal(own, name, msgspec.structs.replace(BOTH, chosen=(1,)), AT_ONCE)
    assert says(own, f'<{CLUB}> rdfs:label "The club"@en ; :members "15"')


@pytest.mark.parametrize("chosen", [(), (2,), (-1,)])
def test_nothing_is_accepted_of_nothing(own: Publication, chosen: tuple[int, ...]) -> None:
    name, _ = proposed(own)
    with pytest.raises(ReleaseError, match="no change is chosen"):
        accept_proposal(own, name, msgspec.structs.replace(BOTH, chosen=chosen), AT_ONCE)


def test_nothing_is_decided_twice(own: Publication) -> None:
    name, secret = proposed(own)
    accept_proposal(own, name, BOTH, AT_ONCE)
    release = current_release(own).id
    for again in (
        lambda: accept_proposal(own, name, BOTH, AT_ONCE),
        lambda: decline_proposal(own, name, Decision(words="no")),
        lambda: proposals_of(own).withdraw(secret),
    ):
        with pytest.raises(HamkorError):
            again()
    assert current_release(own).id == release


def test_what_is_declined_says_why_and_keeps_no_address(own: Publication) -> None:
    name, secret = proposed(own)
    with pytest.raises(ReleaseError, match="nothing says why"):
        decline_proposal(own, name, Decision())
    decline_proposal(own, name, Decision(words="The list is of 2013."))
    found = proposals_of(own).of_secret(secret)
    assert found is not None
    assert found.decision is not None
    assert (found.state, found.address, found.decision.words) == ("declined", "", "The list is of 2013.")


def file_of(own: Publication) -> bytes:
    folder = own.root / WORK_FOLDER
    return b"".join(path.read_bytes() for path in folder.glob(f"{PROPOSALS_FILE}*"))


def test_nothing_is_kept_of_what_is_taken_back_nor_of_addresses_and_secrets(own: Publication) -> None:
    name, secret = proposed(own)
    other, _ = proposed(own, msgspec.structs.replace(PROPOSED, reason="another reason"), "c@d.example")
    kept = file_of(own)
    assert b"I was there" in kept
    assert secret.encode() not in kept
    proposals_of(own).withdraw(secret)
    decline_proposal(own, other, Decision(words="no"))
    assert not [each for each in (b"I was there", b"a@b.example", b"c@d.example") if each in file_of(own)]
    assert oct((own.root / WORK_FOLDER / PROPOSALS_FILE).stat().st_mode & 0o777) == "0o600"
    found = proposals_of(own).get(name)
    assert found is not None
    assert (found.state, found.content) == ("withdrawn", None)


HIDDEN = Content("change", f"{BASE}id/p", "A neighbour")
ASKED = ValueChange(f"{RDFS}label", '"Ask Maya Ganieva"', "", (GRAPH,))
NEIGHBOUR = ValueChange(f"{BASE}ns#near", "", f"<{BASE}id/p>", (GRAPH,))


@pytest.mark.parametrize(
    ("content", "is_gone"),
    [
        (HIDDEN, True),
        (msgspec.structs.replace(PROPOSED, changes=(NEIGHBOUR,)), True),
        (msgspec.structs.replace(PROPOSED, changes=(ASKED,)), True),
        (msgspec.structs.replace(PROPOSED, reason="GANIEVA, Maya says so"), True),
        (msgspec.structs.replace(PROPOSED, reason=f"see <{BASE}id/p>."), True),
        (msgspec.structs.replace(PROPOSED, source="+998 (90) 123-45-67"), True),
        (PROPOSED, False),
    ],
    ids=["of it", "leads to it", "a value", "a reason", "its address", "a number", "another"],
)
def test_what_is_withheld_is_erased_from_proposals(own: Publication, content: Content, is_gone: bool) -> None:
    (own.root / "data" / "p.ttl").write_text(f"""@prefix schema: <https://schema.org/> .
        <{BASE}id/p> a schema:Person ; schema:name "Maya Ganieva" ; schema:telephone "998901234567" .""")
    build(own)
    name, secret = proposed(own, content)
    done, _ = proposed(own, content)
    decline_proposal(own, done, Decision(words="no"))
    withhold(own, [f"{BASE}id/p"], [])
    found, decided = proposals_of(own).of_secret(secret), proposals_of(own).get(done)
    assert found is not None
    assert decided is not None
    assert (found.state, found.content is None, decided.content is None) == (
        "erased" if is_gone else "waiting", is_gone, is_gone,
    )  # fmt: skip
    kept = file_of(own)
    signs = (b"anieva", b"GANIEVA", b"id/p", b"123-45", b"a@b.example", b"neighbour")
    assert is_gone == (not [each for each in signs if each in kept])
    with suppress(ReleaseError):
        accept_proposal(own, name, BOTH, AT_ONCE)
    assert (store := proposals_of(own).get(name)) is not None
    assert (store.state == "erased") == is_gone


def test_what_is_withheld_comes_back_by_no_patch(own: Publication) -> None:
    name, _ = proposed(own)
    accept_proposal(own, name, msgspec.structs.replace(BOTH, words="The club is theirs"), AT_ONCE)
    command = ["--publication", str(own.root), "withhold", CLUB]
    done = CliRunner().invoke(main, command, catch_exceptions=False)
    assert done.exit_code == 0, done.output
    assert f"patches/0001-{name}.rdfp still holds 5 lines of what is withheld" in done.stderr
    (own.root / "data" / "b.ttl").write_text(f"<{BASE}id/d> <{BASE}ns#of> <{BASE}id/e> .")
    release = build(own)
    assert CLUB.encode() not in b"".join(chunk.triples for chunk in release.read_all())


def test_a_comment_is_dealt_with_without_a_release(own: Publication) -> None:
    before = current_release(own).id
    name, _ = proposed(own, Content("comment", CLUB, reason="It has moved."))
    assert accept_proposal(own, name, Decision(words="Thank you"), AT_ONCE).release == before
    assert current_release(own).id == before


def test_wishes_to_be_taken_out_come_first_and_are_always_let_in(own: Publication) -> None:
    store = proposals_of(own)
    first = store.add(PROPOSED, most=1, keep_days=1)[0]
    with pytest.raises(QueryLimitError):
        store.add(PROPOSED, most=1, keep_days=1)
    urgent = store.add(Content("removal", CLUB), most=1, keep_days=1)[0]
    assert [each.id for each in store.queue()] == [urgent, first]


def test_what_was_decided_long_ago_is_not_kept(own: Publication) -> None:
    store = proposals_of(own)
    name, _ = proposed(own)
    decline_proposal(own, name, Decision(words="no"))
    with sqlite3.connect(store.folder / PROPOSALS_FILE) as table:
        table.execute("UPDATE proposals SET decided = ?", ((datetime.now(UTC) - timedelta(days=31)).isoformat(),))
    proposed(own)
    assert store.get(name) is None


def test_the_queue_of_ten_thousand_opens_in_a_tenth_of_a_second(own: Publication) -> None:
    store = proposals_of(own)
    proposed(own)
    content = msgspec.json.encode(PROPOSED)
    with sqlite3.connect(store.folder / PROPOSALS_FILE) as table:
        table.executemany(
            "INSERT INTO proposals (id, secret, state, is_urgent, thing, made, content) "
            "VALUES (?, ?, 'waiting', 0, 'x', '2026-01-01T00:00:00+00:00', ?)",
            ((f"n{number}", f"s{number}", content) for number in range(10_000)),
        )
    began = time.process_time()
    assert len(store.queue()) == 50
    assert store.counts()["waiting"] == 10_001
    assert time.process_time() - began < 0.1


def test_a_full_disk_is_told_and_nothing_is_half(small_disk: Path) -> None:
    store, sent = ProposalStore(small_disk), 0
    content = msgspec.structs.replace(PROPOSED, reason="x" * 60_000)
    with suppress(StorageError):
        while sent < 400:
            store.add(content, most=1000, keep_days=1)
            sent += 1
    assert 0 < sent < 400
    with pytest.raises(StorageError, match="the proposal could not be kept") as caught:
        store.add(content, most=1000, keep_days=1)
    assert caught.value.is_full
    assert store.counts() == {"waiting": sent}


def test_shapes_say_what_is_new_and_nothing_of_the_rest(own: Publication) -> None:
    second = ValueChange(MEMBERS.predicate, "", '"16"', (GRAPH,))
    found = check(ProposalCheck(str(own.root), CLUB, (NAME, second)))
    assert [(each.path, each.messages) for each in found.results] == [(f"{BASE}ns#members", {"en": "One number."})]
    assert found.violations == 1
    assert check(ProposalCheck(str(own.root), CLUB, (NAME,))).results == ()


@pytest.mark.parametrize(
    ("content", "marks"),
    [
        (PROPOSED, ()),
        (msgspec.structs.replace(PROPOSED, reason="call +998 90 123-45-67"), ("number",)),
        (msgspec.structs.replace(PROPOSED, reason="write to a@b.example"), ("number",)),
        (msgspec.structs.replace(PROPOSED, reason="see https://a.example and www.b.example"), ("links",)),
        (Content("removal", CLUB), ("removal",)),
        (Content("change", CLUB, changes=(ValueChange("http://e/p", "", "<tel:+998901234>", (GRAPH,)),)), ("number",)),
        (Content("change", CLUB, changes=(ValueChange("http://e/p", "", '"x"', (f"{BASE}graph/p",)),)), ("person",)),
    ],
)  # fmt: skip
def test_what_speaks_of_persons_and_numbers_is_marked(
    own: Publication, content: Content, marks: tuple[str, ...]
) -> None:
    assert marks_of(current_release(own).store, BASE, content, [f"{BASE}graph/p"]) == marks


def test_a_proposal_can_be_read_as_a_patch(own: Publication) -> None:
    name, _ = proposed(own)
    found = proposals_of(own).get(name)
    assert found is not None
    assert patch_text(found, [1]) == (
        f'H id <urn:x-hamkor:proposal:{name}> .\nTX .\nD <{CLUB}> <{BASE}ns#members> "014" <{GRAPH}> .\n'
        f'A <{CLUB}> <{BASE}ns#members> "15" <{GRAPH}> .\nTC .\n'
    )


WORK = """
import sys
from graph.model.publication import open_publication
from graph.parts.proposals.decisions import accept_proposal
from graph.parts.proposals.proposal_store import Decision
from graph.releases.release import Patience
from pathlib import Path
print("begun", flush=True)
accept_proposal(open_publication(Path(sys.argv[1])), sys.argv[2], Decision("x", "R", (0, 1)), Patience(20))
"""


def test_a_kill_while_it_is_accepted_loses_nothing_and_makes_nothing_twice(own: Publication) -> None:
    name, _ = proposed(own)
    root = Path(__file__).resolve().parents[2]
    work = subprocess.Popen([sys.executable, "-c", WORK, str(own.root), name], cwd=root, stdout=subprocess.PIPE)
    assert work.stdout is not None
    work.stdout.readline()
    time.sleep(0.2)
    os.kill(work.pid, signal.SIGKILL)
    work.wait()
    work.stdout.close()
    build(own)
    resume_proposals(own, AT_ONCE)
    found = proposals_of(own).get(name)
    assert found is not None
    if found.state == "waiting":
        accept_proposal(own, name, BOTH, AT_ONCE)
    assert says(own, f'<{CLUB}> rdfs:label "The club"@en ; :members "15"')
    assert len(own.patches()) == 1
    build(own)
    assert says(own, f'<{CLUB}> rdfs:label "The club"@en ; :members "15"')


@pytest.mark.parametrize(
    ("where", "step"), [(decisions, "_provenance"), (writing, "write_patch"), (decisions, "publish")]
)
def test_who_comes_after_a_kill_at_any_step_goes_on(
    own: Publication, where: ModuleType, step: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The exception is none of ours, so nothing is cleared up: as if the process had died there."""
    name, _ = proposed(own)
    kept = getattr(where, step)

    def dies(*arguments: object, **more: object) -> object:
        if step != "_provenance":
            kept(*arguments, **more)
        raise KeyboardInterrupt

    with monkeypatch.context() as broken:
        broken.setattr(where, step, dies)
        with pytest.raises(KeyboardInterrupt):
            accept_proposal(own, name, BOTH, AT_ONCE)
    found = proposals_of(own).get(name)
    assert found is not None
    assert found.state == "accepting"
    build(open_publication(own.root))
    assert resume_proposals(own, AT_ONCE) == [name]
    assert says(own, f'<{CLUB}> rdfs:label "The club"@en ; :members "15"')
    assert len(own.patches()) == 1


def test_what_speaks_of_a_value_that_goes_stays_marked_as_overtaken_unless_it_is_a_side_of_a_disagreement(
    own: Publication,
) -> None:
    """A value that another graph says, too, does not go, and a statement of another value is none of it."""
    rdf = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
    said = "".join(
        f"<{BASE}id/s{n}> a <{rdf}Statement> ; <{rdf}subject> <{CLUB}> ; <{rdf}predicate> <{BASE}ns#members> ;"
        f' <{rdf}object> "{value}" .\n'
        for n, value in enumerate(("014", "014", "15"))
    )
    said += f"<{BASE}id/d> <{BASE}ns#claim> <{BASE}id/s1> .\n"
    (own.root / "data" / "s.ttl").write_text(said)
    (own.root / "data" / "t.ttl").write_text(f'<{CLUB}> <{RDFS}label> "A club"@en .')
    build(own)
    name, _ = proposed(own)
    accept_proposal(own, name, BOTH, AT_ONCE)
    store = current_release(own).store
    found = store.query(f"SELECT ?s {{ ?s <http://www.w3.org/ns/prov#wasInvalidatedBy> <{BASE}accepted/{name}> }}")
    assert [each["s"].value for each in found] == [f"{BASE}id/s0"]  # type: ignore[union-attr, index]
    assert says(own, f'<{BASE}id/s0> <{rdf}object> "014"')
