"""Every address of a template, taken out while the source is read, so that no later step can mangle it."""

from collections.abc import Callable, Mapping
from urllib.parse import quote

from app.core.pieces import piece_of
from app.mail.chunks import MARK, Chunk, Chunks
from app.mail.language import Findings, inspect, literal
from app.mail.links import Link, classify, destination, is_web
from app.mail.source import Problem, TemplateSource

_REMEDY = (
    "Write https://…, mailto:…, tel:…, link:name, library:piece, answer:value or {{ links.unsubscribe }}."
)


class Hrefs:
    """Classifies addresses and numbers the tracked ones in the order they stand in the mail."""

    def __init__(
        self, source: TemplateSource, answers: Mapping[str, str], brand: Mapping[str, str], chunks: Chunks
    ) -> None:
        self.source = source
        self.answers = answers
        self.brand = brand
        self.chunks = chunks
        self.links: list[Link] = []
        self.specials: set[str] = set()
        self.answered: list[str] = []
        self.found = Findings()

    def add(self, value: str, line: int, where: str, report: Callable[[Problem], None]) -> str:
        """The mark that stands for this address."""
        url, name, topics = self.written(value.strip()), "", () if where else self.source.topics
        named = None
        if url.startswith("link:"):
            name = url[5:]
            named = self.source.links.get(name)
            if named is None:
                known = ", ".join(sorted(self.source.links)) or "none"
                report(
                    Problem(
                        line, "no_link", f"there is no link {name}", f"Under links: there is {known}.", where
                    )
                )
                return self.chunks.add(Chunk("link", '"#"', line))
            url, topics = named.to, named.topics or topics
        if piece_of(url) is not None:
            # Without topics of its own such a link has those of the piece, as they are when it is followed.
            topics = named.topics if named is not None else ()
        found = inspect("".join(self.codes(url)), where=where, line=line - 1)
        roots = frozenset(field.partition(".")[0] for field in found.fields)
        kind = classify(url, roots)
        if found.problems or (kind == "answer" and url[7:] not in self.answers):
            kind = "bad"
        if kind == "tracked" and not self.leads_somewhere(url):
            kind = "bad"
        if kind == "bad":
            report(Problem(line, "bad_link", f"{url or 'an empty href'} is no address", _REMEDY, where))
            return self.chunks.add(Chunk("link", '"#"', line))
        self.found.fields |= found.fields
        self.found.required |= found.required if name else {}
        return self.chunks.add(self.chunk(kind, url, name, topics, line))

    def chunk(self, kind: str, url: str, name: str, topics: tuple[str, ...], line: int) -> Chunk:
        if kind == "tracked":
            self.links.append(Link(len(self.links) + 1, name, url, topics))
            return Chunk("link", f"u{len(self.links)}", line)
        if kind == "special":
            field = url.strip("{} ")
            self.specials.add(field.partition(".")[2])
            return Chunk("link", field, line)
        if kind == "answer":
            self.answered.append(quote(url[7:], safe=""))
            return Chunk("link", f"a{len(self.answered) - 1}", line)
        if kind == "fixed":
            return Chunk("link", literal(url), line, shown=not url.startswith("#"))
        pieces = [literal(text) if not code else f"({code})" for text, code in _pieces(url)]
        return Chunk("link", f"({' ~ '.join(pieces)})|checked_url", line)

    def written(self, value: str) -> str:
        """An attribute's value with its marks written out again as `{{ … }}`."""

        def show(chunk: Chunk) -> str:
            return f"{{{{ {chunk.code} }}}}" if chunk.kind == "expr" else f"{{% {chunk.code} %}}"

        return MARK.sub(lambda found: show(self.chunks.absorb(found[0])), value)

    def codes(self, url: str) -> list[str]:
        return [f"{{{{ {code} }}}}" for _, code in _pieces(url) if code] + (["{% %}"] if "{%" in url else [])

    def leads_somewhere(self, url: str) -> bool:
        try:
            return bool(destination(url, self.brand))
        except ValueError:
            return False

    def is_picture(self, value: str) -> bool:
        """Whether a picture's address is on the web, or comes out of the sender's settings."""
        marks = [self.chunks.of(found).code for found in MARK.findall(value)]
        if marks:
            return all(code.startswith("brand.") for code in marks) and (
                len(value) == 1 or value.startswith("https://")
            )
        return is_web(value)


def _pieces(url: str) -> list[tuple[str, str]]:
    """Literal text and code in turn: (text, "") or ("", code)."""
    pieces: list[tuple[str, str]] = []
    for place, part in enumerate(url.split("{{")):
        code, closed, text = part.partition("}}")
        if place == 0 or not closed:
            pieces.append((part, ""))
        else:
            pieces += [("", code.strip()), (text, "")]
    return [piece for piece in pieces if piece[0] or piece[1]]
