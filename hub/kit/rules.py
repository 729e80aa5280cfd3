"""The written rules for plugins, each with its tier, its reason, and how to mend what breaks it."""

import ast
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from urllib.parse import urlsplit

from hub.kit.package import Package, Source

Check = Callable[[Package], Iterable[str]]

TIERS = ("bronze", "silver", "gold")
OURS = frozenset({"hub", "schema", "migrations"})
ALLOWED = ("hub.plugin",)
BLOCKING = (
    *("time.sleep", "requests", "urllib3", "urllib.request", "http.client", "socket", "subprocess", "ftplib"),
    *("sqlalchemy.create_engine", "psycopg.connect", "psycopg2", "pymysql", "os.system", "input"),
)
IN_A_THREAD = ("sqlalchemy.create_engine", "psycopg.connect", "psycopg2", "pymysql")
"""Databases may block where the file puts them into a thread."""
OWN_CLIENT = frozenset({"AsyncClient", "Client", "AsyncHTTPTransport", "HTTPTransport", "ClientSession"})
SECRET = re.compile(r"(^|_)(key|secret|password|passwd|token|credential)s?$")
ADDRESS = re.compile(r"(?:https?|wss?)://[^\s/{}]+")
LONGEST_FILE, LONGEST_FUNCTION = 400, 40


@dataclass(frozen=True, slots=True)
class Rule:
    """`broken` gives, for a plugin, every place where the rule is broken, in words."""

    id: str
    tier: str
    why: str
    mend: str
    broken: Check


def imported(package: Package) -> Iterator[str]:
    if "error" in package.seen:
        yield package.seen["error"]


def surface(package: Package) -> Iterator[str]:
    if "fault" in package.seen:
        yield package.seen["fault"]


def verbs(package: Package) -> Iterator[str]:
    if not package.seen.get("verbs"):
        yield "It has neither pull(), push() nor receive()."


def ours(package: Package) -> Iterator[str]:
    for source in package.sources:
        for line, name in source.imports():
            if name.partition(".")[0] in OURS and not name.startswith(ALLOWED):
                yield f"{place(source, line)} imports {name}"


def blocking(package: Package) -> Iterator[str]:
    for source in package.run:
        named = {one for _, one in source.imports()}
        threaded = IN_A_THREAD if "asyncio.to_thread" in {call for _, call in source.calls()} else ()
        for line, name in (*source.imports(), *((at, call) for at, call in source.calls() if call not in named)):
            if any(name == one or name.startswith(f"{one}.") for one in BLOCKING if one not in threaded):
                yield f"{place(source, line)}: {name}"


def own_client(package: Package) -> Iterator[str]:
    for source in package.run:
        for line, name in source.calls():
            if name.rpartition(".")[2] in OWN_CLIENT:
                yield f"{place(source, line)} makes a {name}"


def swallowed(package: Package) -> Iterator[str]:
    for source in package.sources:
        for node in ast.walk(source.tree):
            if isinstance(node, ast.ExceptHandler) and everything(node.type) and not raises(node):
                yield f"{place(source, node.lineno)} catches everything and goes on"


def everything(caught: ast.expr | None) -> bool:
    return caught is None or ast.unparse(caught) in ("Exception", "BaseException")


def raises(handler: ast.ExceptHandler) -> bool:
    return any(isinstance(node, ast.Raise) for node in ast.walk(handler))


def hosts(package: Package) -> Iterator[str]:
    for setting in package.seen.get("settings", ()):
        if setting["address"] and setting["name"] not in package.seen["hosts"]:
            yield f"The setting {setting['name']} holds an address"


def secrets(package: Package) -> Iterator[str]:
    for setting in package.seen.get("settings", ()):
        if SECRET.search(setting["name"]) and not setting["secret"]:
            yield f"The setting {setting['name']}"


def presets(package: Package) -> Iterator[str]:
    for name, refusal in package.seen.get("presets", {}).items():
        if refusal is not None:
            yield f"The settings of {name} are refused: {refusal}"


def described(package: Package) -> Iterator[str]:
    for setting in package.seen.get("settings", ()):
        if lacking := [part for part in ("title", "description") if not setting[part]]:
            yield f"The setting {setting['name']} has no {' and no '.join(lacking)}"


def strict_settings(package: Package) -> Iterator[str]:
    if package.seen.get("extra", "forbid") != "forbid":
        yield 'Config lacks model_config = ConfigDict(extra="forbid")'


def version_range(package: Package) -> Iterator[str]:
    if not package.seen.get("hub"):
        yield "`hub` is empty"


def addresses(package: Package) -> Iterator[str]:
    named = {host for setting in package.seen.get("settings", ()) for host in setting["hosts"]}
    named |= {host.lower() for host in package.seen.get("fixed_hosts", ())}
    named |= set(package.seen.get("preset_hosts", ()))
    for source in package.run:
        prose = set(docstrings(source))
        for node in ast.walk(source.tree):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in prose:
                for address in ADDRESS.findall(node.value):
                    if urlsplit(address).hostname not in named:
                        yield f"{place(source, node.lineno)} names {address}"


def docstrings(source: Source) -> Iterator[int]:
    """The identities of the nodes that are docstrings."""
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            yield id(node.value)


def docs(package: Package) -> Iterator[str]:
    for source in package.sources:
        if source.tree.body and not ast.get_docstring(source.tree):
            yield f"{source.path.name} does not say what it is"
        for node in source.tree.body:
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_") and not ast.get_docstring(node):
                yield f"{place(source, node.lineno)}: the class {node.name}"
    yield from (f"The verb {verb}()" for verb, doc in package.seen.get("verbs", {}).items() if not doc)


def readme(package: Package) -> Iterator[str]:
    name = package.seen.get("name", package.module)
    if name not in package.readme:
        yield f"No README.md in its folder or its project speaks of {name}"


def contract(package: Package) -> Iterator[str]:
    under = {
        word.id if isinstance(word, ast.Name) else word.attr
        for source in package.tests
        for node in ast.walk(source.tree)
        if isinstance(node, ast.ClassDef) and any("PluginContract" in ast.unparse(base) for base in node.bases)
        for word in ast.walk(node)
        if isinstance(word, ast.Name | ast.Attribute)
    }
    if package.seen.get("class", "") not in under:
        yield "No test class inherits hub.testing.PluginContract for it"


def quiet(package: Package) -> Iterator[str]:
    for source in package.sources:
        for line, name in (*source.imports(), *source.calls()):
            if name in ("print", "logging", "structlog") or name.startswith(("logging.", "structlog.")):
                yield f"{place(source, line)}: {name}"


def stateless(package: Package) -> Iterator[str]:
    for source in package.sources:
        for node in ast.walk(source.tree):
            if isinstance(node, ast.Global):
                yield f"{place(source, node.lineno)} changes the global {', '.join(node.names)}"
        for line, name in source.calls():
            if name.rpartition(".")[2] in ("write_text", "write_bytes") or name in ("os.environ.update", "os.putenv"):
                yield f"{place(source, line)} keeps something: {name}"


def manifest(package: Package) -> Iterator[str]:
    project = package.manifest.get("project", {})
    if lacking := [part for part in ("name", "version", "description", "license") if not project.get(part)]:
        yield f"pyproject.toml has no {', '.join(lacking)}" if project else "There is no pyproject.toml with [project]"


def entry_point(package: Package) -> Iterator[str]:
    yield from absent(package, "lianshu.plugins")


def simulator(package: Package) -> Iterator[str]:
    if package.seen.get("hosts") or package.seen.get("fixed_hosts"):
        yield from absent(package, "lianshu.simulators")


def absent(package: Package, group: str) -> Iterator[str]:
    named = package.manifest.get("project", {}).get("entry-points", {}).get(group, {})
    target = str(named.get(package.seen.get("name", ""), ""))
    if not (target.partition(":")[0] + ".").startswith(f"{package.module}."):
        yield f"pyproject.toml names nothing of it in the group {group}"


def typed(package: Package) -> Iterator[str]:
    for source, function in functions(package):
        arguments = [*function.args.posonlyargs, *function.args.args, *function.args.kwonlyargs]
        bare = [one.arg for one in arguments if one.annotation is None and one.arg not in ("self", "cls")]
        if bare or function.returns is None:
            yield f"{place(source, function.lineno)} {function.name}: {', '.join(bare) or 'what it returns'}"


def size(package: Package) -> Iterator[str]:
    for source in package.sources:
        if (lines := len(source.text.splitlines())) > LONGEST_FILE:
            yield f"{source.path.name} has {lines} lines"
    for source, function in functions(package):
        if (lines := (function.end_lineno or 0) - function.lineno + 1) > LONGEST_FUNCTION:
            yield f"{place(source, function.lineno)} {function.name} has {lines} lines"


def functions(package: Package) -> Iterator[tuple[Source, ast.FunctionDef | ast.AsyncFunctionDef]]:
    for source in package.sources:
        for node in ast.walk(source.tree):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                yield source, node


def place(source: Source, line: int) -> str:
    return f"{source.path.name}:{line}"


RULES = (
    Rule("imports", "bronze", "What cannot be imported is not run.", "Mend the error.", imported),
    Rule("surface", "bronze", "The hub shows it as broken otherwise.", "See hub/plugin.py.", surface),
    Rule("verbs", "bronze", "A plugin that does nothing is none.", "Define pull(), push() or receive().", verbs),
    Rule("ours", "bronze", "Everything else of ours changes unasked.", "Import hub.plugin and nothing else.", ours),
    Rule("blocking", "bronze", "What blocks holds up the whole hub.", "Use self.http, asyncio.to_thread.", blocking),
    Rule("client", "bronze", "Only the hub's client waits and is bounded.", "Use self.http.", own_client),
    Rule(
        "errors", "bronze", "A swallowed error is lost data.", "Catch what you expect; raise a SourceError.", swallowed
    ),
    Rule("hosts", "bronze", "HTTP reaches declared hosts only.", "Name the setting in `hosts`.", hosts),
    Rule("secrets", "bronze", "What is no SecretStr is shown to all admins.", "Make it a SecretStr.", secrets),
    Rule("presets", "bronze", "A ready-made source must work at once.", "Correct the settings.", presets),
    Rule(
        "settings", "silver", "Titles and descriptions are the form.", "Field(title=..., description=...).", described
    ),
    Rule("strict", "silver", "A mistyped setting must be told.", "Forbid what is unknown.", strict_settings),
    Rule("range", "silver", "It must say for which hub it is.", 'hub = ">=0.1,<1"', version_range),
    Rule(
        "addresses", "silver", "Admins must see whom it asks.", "Declare in fixed_hosts, or make a setting.", addresses
    ),
    Rule("docs", "silver", "A stranger reads it next.", "Say in a line what it is, in a docstring.", docs),
    Rule("readme", "silver", "An admin reads it first.", "Say in README.md what it is for.", readme),
    Rule("contract", "silver", "What is not under the contract loses data.", "Inherit it, in two lines.", contract),
    Rule("quiet", "silver", "The hub does the logging.", "Raise, or give a BadRecord.", quiet),
    Rule("state", "silver", "The hub keeps what is to be kept.", "Put it into the cursor.", stateless),
    Rule("manifest", "silver", "Without it nobody knows what it is.", "Fill [project] in pyproject.toml.", manifest),
    Rule("entry", "gold", "So it is found once it is installed.", "Add it to pyproject.toml.", entry_point),
    Rule("simulator", "gold", "Who has no access must be able to work.", "Write build(), name it there.", simulator),
    Rule("typed", "gold", "Types are checked before anything runs.", "Annotate it.", typed),
    Rule("size", "gold", "What is short is read.", "Files to 400 lines, functions to 40.", size),
)
