"""Puts something else in the place of every secret: keys, hosts, links, signatures, messages.

The same secret always becomes the same word, so that what belongs together still does.
"""

from __future__ import annotations

import json
import re
from typing import Any, Final
from urllib.parse import parse_qsl, quote, unquote, urlsplit

from mock_p1.contract.operations import DOCUMENTED_HOSTS

SHORTEST_SECRET: Final = 4
"""A key shorter than this is a word that a text may hold by chance."""

SHORTEST_VALUE: Final = 8
"""Likewise for a value in a query."""

_LINK: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]{1,15}:(?:\\?/){2}[^\s\"'<>]+")
_FIELD: Final = (
    r"X-(?:Amz|Goog)-[\w-]+|AWSAccessKeyId|GoogleAccessId|Signature|Policy|Key-Pair-Id|sig|"
    r"(?:[\w-]*[_-])?token|(?:x-)?api[_-]?key|(?:client[_-]?)?secret(?:[_-]?key)?|"
    r"pass(?:word|wd|phrase)?|authorization|credentials?|session(?:[_-]?id)?|cookie"
)
_PARAMETER: Final = re.compile(
    rf"\b({_FIELD})(\s?[=:]\s?\"?(?:(?:Bearer|Basic)\s+)?)([^\s&\"'<>,;]{{4,}})",
    re.IGNORECASE,
)
_NAME: Final = re.compile(_FIELD, re.IGNORECASE)
_SCHEME: Final = re.compile(r"(?:Bearer|Basic)\s+", re.IGNORECASE)
_OPAQUE: Final = re.compile(
    r"(?<![A-Za-z0-9+/_-])(?=[A-Za-z+/_-]*[0-9])(?=[0-9+/_-]*[A-Za-z])"
    r"(?:A[KS]IA[A-Z0-9]{12,}|[A-Za-z0-9+/_-]{40,}={0,2})(?![A-Za-z0-9+/_-])"
)
_PUBLIC: Final = {urlsplit(host).netloc for host in DOCUMENTED_HOSTS}
_OURS: Final = re.compile(r"recorded-[a-z]+-[0-9]+")


class Pseudonyms:
    """What stands in the place of what; a text is to be learnt from before any is written."""

    def __init__(self, *, hide_messages: bool = False) -> None:
        """``hide_messages`` also puts ``message 1`` in the place of a message."""
        self.hide_messages = hide_messages
        self._names: dict[str, str] = {}
        self._counts: dict[str, int] = {}
        self._texts: dict[str, str] = {}
        self._links: dict[str, str] = {}

    def key(self, key: str, kind: str = "key") -> str:
        """Return what stands in the place of a key; ``kind`` is ``key`` or ``secret``."""
        return self._name(key, kind)

    def learn(self, *texts: str) -> None:
        """Take in what texts say of hosts and signatures: their links and the parts of these."""
        for text in texts:
            for found in _LINK.finditer(text):
                self._learn_link(found[0])
            for found in _PARAMETER.finditer(text):
                if not _OURS.search(found[3]):
                    self._name(found[3], "value")

    def learn_value(self, value: Any) -> None:  # noqa: ANN401 -- any JSON
        """Take in every text that a value of JSON holds."""
        match value:
            case str():
                self.learn(value)
            case dict():
                for key, each in value.items():
                    self.learn(key)
                    if isinstance(each, str) and _NAME.fullmatch(key):
                        self._learn_secret(key, _SCHEME.sub("", each.strip()))
                    self.learn_value(each)
            case list():
                for each in value:
                    self.learn_value(each)

    def _learn_secret(self, name: str, value: str) -> None:
        """Take in what a field of such a name holds."""
        if len(value) >= SHORTEST_SECRET and not _OURS.fullmatch(value):
            self._name(value, {"api_key": "key", "secret_key": "secret"}.get(name, "value"))

    def learn_host(self, netloc: str) -> None:
        """Take in a host, with its port or without."""
        if netloc and netloc not in self._names and netloc not in _PUBLIC:
            self._name(netloc, "host", ".invalid")
            host = netloc.rpartition("@")[2].partition(":")[0] if "[" not in netloc else ""
            if host and host != netloc:
                self._names.setdefault(host, self._names[netloc])

    def text(self, text: str) -> str:
        """Return a text without its secrets."""
        text = _LINK.sub(lambda found: self._link(found[0]), text)
        text = self._without_names(text)
        text = _PARAMETER.sub(
            lambda found: (
                found[0]
                if _OURS.fullmatch(found[3])
                else f"{found[1]}{found[2]}{self._name(found[3], 'value')}"
            ),
            text,
        )
        return _OPAQUE.sub(lambda found: self._name(found[0], "value"), text)

    def message(self, text: str) -> str:
        """Return a message without its secrets; with ``hide_messages``, a number in its place."""
        if not self.hide_messages:
            return self.text(text)
        return self._texts.setdefault(text, f"message {len(self._texts) + 1}")

    def value(self, value: Any, *, is_message: bool = False) -> Any:  # noqa: ANN401 -- any JSON
        """Return a value of JSON without the secrets in its texts."""
        match value:
            case str():
                return self.message(value) if is_message else self.text(value)
            case dict():
                return {
                    self.text(key): self.value(each, is_message=key == "message")
                    for key, each in value.items()
                }
            case list():
                return [self.value(each, is_message=is_message) for each in value]
        return value

    def _name(self, secret: str, kind: str, ending: str = "") -> str:
        if secret not in self._names:
            self._counts[kind] = self._counts.get(kind, 0) + 1
            self._names[secret] = f"recorded-{kind}-{self._counts[kind]}{ending}"
        return self._names[secret]

    def _learn_link(self, link: str) -> None:
        parts = _parts_of(link)
        if parts is None or ".invalid" in parts[0]:
            return
        self.learn_host(parts[0])
        for _, value in parse_qsl(parts[2].replace("&amp;", "&")):
            if len(value) >= SHORTEST_VALUE and not _OURS.fullmatch(value):
                self._name(value, "value")

    def _link(self, link: str) -> str:
        """Return the same link for the same place: its host by a name, its path by a number."""
        parts = _parts_of(link)
        if parts is None or parts[0].endswith(".invalid"):
            return link
        self.learn_host(parts[0])
        number = self._links.setdefault(f"{parts[0]}{parts[1]}", str(len(self._links) + 1))
        return f"https://{self._names.get(parts[0], parts[0])}/link-{number}"

    def _without_names(self, text: str) -> str:
        folded = text.lower()
        for secret, name in sorted(self._names.items(), key=lambda each: -len(each[0])):
            if len(secret) < SHORTEST_SECRET:
                continue
            flags = re.IGNORECASE if len(secret) >= SHORTEST_VALUE else re.NOFLAG
            # as it is, in JSON, in a URL
            forms = (secret, json.dumps(secret)[1:-1], quote(secret, safe=""), quote(secret))
            for form in dict.fromkeys(forms):
                if form.lower() in folded:
                    text = re.sub(re.escape(form), name, text, flags=flags)
        return text


def _parts_of(link: str) -> tuple[str, str, str] | None:
    """Return a link's host, path and query; None where it is no link after all."""
    plain = link.replace("\\/", "/").replace("\\u0026", "&")
    try:
        parts = urlsplit(plain)
    except ValueError:
        return (unquote(plain.partition("://")[2].partition("/")[0]), plain, "")
    return (parts.netloc, parts.path, parts.query) if parts.netloc else None
