"""``hamkor token``: who may write which graphs over HTTP."""

from __future__ import annotations

from datetime import UTC, datetime

import click

from endpoint.commands.options import Options, publication_option
from graph.contributors import contributors_of

DAYS = 365


@click.group("token")
@publication_option
def command(_: Options) -> None:
    """Let contributors write their own graphs over HTTP, and take that back.

    Only a hash of a token is kept, in .hamkor/contributors.json. A running service sees a new or a revoked token at
    once.

    \b
      hamkor token create --graph 'ngo-x/*' --name 'NGO X' --contact mailto:data@ngo-x.example
      hamkor token list
      hamkor token revoke 3fa94c
    """  # noqa: D301  click reads \b as the sign itself


@command.command("create")
@click.option(
    "--graph", "graphs", multiple=True, required=True,
    help="Which graphs: a name below <base>graph/, in which * stands for anything; or an IRI. '*' alone: all.",
)  # fmt: skip
@click.option("--name", default="", help="Who it is; shown in the provenance of what they write.")
@click.option("--contact", default="", help="A mailto: or web address; shown there, too.")
@click.option(
    "--days", type=click.FloatRange(min=0, min_open=True), default=DAYS, show_default=True,
    help="How many days it is valid.",
)  # fmt: skip
@publication_option
def create(options: Options, graphs: tuple[str, ...], name: str, contact: str, days: float) -> None:
    """Make a token. It is printed once, as the last word, and kept nowhere.

    \b
      hamkor token create --graph 'ngo-x/*' --name 'NGO X' --contact mailto:data@ngo-x.example
    """  # noqa: D301  click reads \b as the sign itself
    found = contributors_of(options.publication()).create(graphs, name=name, contact=contact, days=days)
    contributor, token = found
    click.echo(
        f"{contributor.id} may write {', '.join(contributor.graphs)} until {contributor.expires:%Y-%m-%d}: {token}"
    )


@command.command("list")
@publication_option
def list_tokens(options: Options) -> None:
    """Show the tokens, without what is secret of them."""
    for each in contributors_of(options.publication()).all():
        state = "until" if each.expires > datetime.now(UTC) else "expired"
        click.echo("\t".join([
            each.id, ", ".join(each.graphs), f"{state} {each.expires:%Y-%m-%d}", each.name, each.contact
        ]))  # fmt: skip


@command.command("revoke")
@click.argument("token_id", metavar="ID")
@publication_option
def revoke(options: Options, token_id: str) -> None:
    """Take a token away by its ID, the first word of its line in the list."""
    contributor = contributors_of(options.publication()).revoke(token_id)
    click.echo(f"{contributor.id} may write nothing any more")
