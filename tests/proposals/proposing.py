"""People who propose and review over HTTP: they get forms, fill them in and send them, as a browser without script."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from html.parser import HTMLParser

import httpx

from tests.endpoint.serving import BROWSER, Served


class FormParser(HTMLParser):
    """Reads the forms of a page: what a browser would send of each if nobody touched it."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.forms: list[list[tuple[str, str]]] = []
        self._area: str | None = None
        self._text = ""
        self._select: str | None = None
        self._chosen: str | None = None
        self._first: str | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        named = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.forms.append([])
        elif tag == "input" and "name" in named and self.forms:
            if named.get("type") not in ("checkbox", "radio") or "checked" in named:
                value = named.get("value", "on" if named.get("type") == "checkbox" else "")
                self.forms[-1].append((named["name"], value))
        elif tag == "textarea":
            self._area, self._text = named.get("name"), ""
        elif tag == "select":
            self._select, self._chosen, self._first = named.get("name"), None, None
        elif tag == "option" and self._select is not None:
            self._first = self._first if self._first is not None else named.get("value", "")
            if "selected" in named:
                self._chosen = named.get("value", "")

    def handle_data(self, data: str) -> None:
        self._text += data

    def handle_endtag(self, tag: str) -> None:
        if tag == "textarea" and self._area is not None:
            text = self._text.removeprefix("\n").replace("\r\n", "\n").replace("\n", "\r\n")
            self.forms[-1].append((self._area, text))
            self._area = None
        elif tag == "select" and self._select is not None:
            self.forms[-1].append((self._select, self._chosen if self._chosen is not None else self._first or ""))
            self._select = None


def forms_of(page: str) -> list[dict[str, str]]:
    """The forms of a page that are posted, as they would be sent."""
    parser = FormParser()
    parser.feed(page)
    parser.close()
    return [dict(each) for each in parser.forms]


@dataclass
class Person:
    """Somebody with a browser."""

    served: Served
    cookies: dict[str, str] = field(default_factory=dict)

    def get(self, path: str, **headers: str) -> httpx.Response:
        """Get a page."""
        named = {"Accept": BROWSER} | headers | ({"Cookie": self._cookie()} if self.cookies else {})
        return self.served.client.get(self.served.url + path, headers=named)

    def post(self, path: str, fields: dict[str, str] | list[tuple[str, str]], **headers: str) -> httpx.Response:
        """Send a form."""
        named = {"Accept": BROWSER, "Origin": self.served.url} | {k.replace("_", "-"): v for k, v in headers.items()}
        if self.cookies:
            named.setdefault("Cookie", self._cookie())
        data: dict[str, object] = {}
        for name, value in fields.items() if isinstance(fields, dict) else fields:
            data.setdefault(name, []).append(value)  # type: ignore[attr-defined]
        answer = self.served.client.post(self.served.url + path, data=data, headers=named)
        for each in answer.headers.get_list("set-cookie"):
            name, _, value = each.partition(";")[0].partition("=")
            self.cookies[name] = value
        self.served.client.cookies.clear()  # several people share one client
        return answer

    def _cookie(self) -> str:
        return "; ".join(f"{name}={value}" for name, value in self.cookies.items())

    def form(self, path: str) -> dict[str, str]:
        """Get the form of a page of things."""
        answer = self.get(path)
        assert answer.status_code == 200, answer.text
        return next(each for each in forms_of(answer.text) if "ticket" in each)

    def checked(self, fields: dict[str, str]) -> httpx.Response:
        """Let a form be checked."""
        return self.post("/propose", fields | {"action": "check"})

    def sent(self, fields: dict[str, str]) -> str:
        """Let a form be checked, and send it; return the path of its secret address."""
        answer = self.checked(fields)
        assert answer.status_code == 200, answer.text
        shown = next(each for each in forms_of(answer.text) if "ticket" in each)
        answer = self.post("/propose", shown | {"action": "send"})
        assert answer.status_code == 303, answer.text
        return answer.headers["Location"].removeprefix(self.served.url)

    def sign_in(self, token: str) -> None:
        """Sign in to review."""
        assert self.post("/proposals", {"action": "sign-in", "token": token}).status_code == 303

    def review(self, name: str, action: str, **fields: str) -> httpx.Response:
        """Decide about a proposal, as the page has it; ``chosen`` is a number, or several with commas."""
        page = self.get(f"/proposals/{name}").text
        form = next(each for each in forms_of(page) if "csrf" in each)
        chosen = fields.pop("chosen", ",".join(re.findall(r'name="chosen" value="(\d+)"[^>]* checked', page)))
        pairs = [(k, v) for k, v in (form | fields).items() if k != "chosen"]
        pairs += [("chosen", each) for each in chosen.split(",") if each]
        return self.post(f"/proposals/{name}", [*pairs, ("action", action)])


def touched(fields: dict[str, str], before: str, after: str) -> dict[str, str]:
    """A form with another value in the place of one."""
    name = next(name for name, value in fields.items() if value == before)
    return fields | {name: after}
