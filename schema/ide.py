"""The page at the graph's address: GraphiQL where its files are there, else the schema to read. It asks no one else."""

import re
import secrets
from html import escape
from pathlib import Path
from string import Template

from starlette.responses import HTMLResponse

from hub import assets

PAGES = Path(__file__).parent / "pages"
DEFINED = re.compile(r"^(?:type|interface|enum|input|scalar|union) (\w+)", re.MULTILINE)


def page(sdl: str) -> HTMLResponse:
    """The IDE, or the documentation with a word on what is missing."""
    missing = assets.wrong(assets.VENDOR)
    nonce = secrets.token_urlsafe(16)
    html = documentation(sdl) if missing else _template("graphiql.html").substitute(nonce=nonce, **_hashes())
    return HTMLResponse(html, headers={"content-security-policy": policy(nonce)})


def policy(nonce: str) -> str:
    """Nothing from elsewhere, and no script but ours."""
    return (
        f"default-src 'self'; script-src 'self' 'nonce-{nonce}'; style-src 'self' 'unsafe-inline'; "
        "img-src 'self' data:; font-src 'self' data:; frame-ancestors 'none'; base-uri 'none'; object-src 'none'"
    )


def documentation(sdl: str) -> str:
    """The schema as a page: every name of a type leads to its definition."""
    names = DEFINED.findall(sdl)
    link = Template('<a href="#$name">$name</a>')
    known = re.compile(rf"(?<=[ \[:])({'|'.join(map(re.escape, names))})\b(?=[\]!\n ]*)")
    lines: list[str] = []
    prose = False
    for line in sdl.splitlines():
        text = escape(line, quote=False)
        quotes = line.count('"""')
        if prose or quotes:
            lines.append(_template_text("prose", text))
            prose ^= quotes == 1
        elif (defined := DEFINED.match(line)) is not None:
            lines.append(_template_text("heading", text, defined.group(1)))
        else:
            lines.append(known.sub(lambda match: link.substitute(name=match.group(1)), text))
    index = " ".join(link.substitute(name=name) for name in sorted(names))
    return _template("documentation.html").substitute(index=index, sdl="\n".join(lines))


FRAGMENTS = {"prose": Template("<i>$text</i>"), "heading": Template('<b id="$name">$text</b>')}


def _template_text(fragment: str, text: str, name: str = "") -> str:
    return FRAGMENTS[fragment].substitute(text=text, name=name)


def _template(name: str) -> Template:
    return Template((PAGES / name).read_text(encoding="utf-8"))


def _hashes() -> dict[str, str]:
    """The integrity of each file, under a name that a template can hold."""
    return {re.sub(r"\W+", "_", path).strip("_"): f"sha384-{digest}" for path, digest in assets.FILES.items()}
