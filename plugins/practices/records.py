"""A practice file as records: what it consists of, each with its line."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from hub.plugin import Record
from plugins.practices.checks import leads_to
from plugins.practices.files import Where, Written
from plugins.practices.form import Feature, PracticeFile, Scheme, Workflow


def records(file: PracticeFile, written: Written) -> Iterator[Record]:
    """Everything that the file says."""
    practice = file.practice.code

    def record(kind: str, code: str, fields: Mapping[str, Any], *where: str | int) -> Record:
        return Record(kind, code, {"code": code, **fields}, where=f"{written.path.name}:{written.line(where)}")

    named = ("practice", "code")
    if file.practice.ended:
        yield replace(record("practice", practice, {}, *named), deleted=True)
        return
    demo = file.demo.model_dump(mode="json", by_alias=True, exclude_defaults=True) if file.demo else {}
    yield record("practice", practice, file.practice.model_dump(exclude={"code", "ended"}) | {"demo": demo}, *named)
    for at, scheme in enumerate(file.schemes):
        for kind, code, fields, where in _scheme(practice, scheme):
            yield record(kind, code, fields, "schemes", at, *where)
    for at, workflow in enumerate(file.workflows):
        for kind, code, fields, where in _workflow(practice, workflow):
            yield record(kind, code, fields, "workflows", at, *where)
    for at, series in enumerate(file.series):
        fields = series.model_dump(exclude={"code", "kind"}) | {"practice": practice, "series_kind": series.kind}
        yield record("series", f"{practice}.{series.code}", fields, "series", at)
    for at, rota in enumerate(file.rotas):
        fields = rota.model_dump(exclude={"code"}) | {"practice": practice}
        yield record("rota", f"{practice}.{rota.code}", fields, "rotas", at)
    for at, duty in enumerate(file.catalogue):
        fields = duty.model_dump(exclude={"code"}) | {"practice": practice}
        yield record("catalogue_entry", f"{practice}.{duty.code}", fields, "catalogue", at)
    for at, feature in enumerate(file.features):
        for kind, code, fields, where in _feature(practice, feature):
            yield record(kind, code, fields, "features", at, *where)
    for at, indicator in enumerate(file.indicators):
        fields = indicator.model_dump(exclude={"code"}) | {"practice": practice}
        yield record("indicator", f"{practice}.{indicator.code}", fields, "indicators", at)


Made = tuple[str, str, Mapping[str, Any], Where]


def _scheme(practice: str, scheme: Scheme) -> Iterator[Made]:
    code, count = f"{practice}.{scheme.code}", len(scheme.items)
    fields = {"practice": practice, "scheme_kind": scheme.kind, "name": scheme.name, "description": scheme.description}
    expected = scheme.expected if scheme.expected is not None else count
    yield "scheme", code, fields | {"expected": expected, "complete": count >= expected > 0}, ()
    for at, item in enumerate(scheme.items):
        values = {"scheme": code, "position": at + 1, **item.model_dump()}
        yield "scheme_item", f"{code}.{at + 1}", values, ("items", at)


def _workflow(practice: str, workflow: Workflow) -> Iterator[Made]:
    code = f"{practice}.{workflow.code}"
    fields = {"practice": practice, "name": workflow.name, "subject": workflow.subject}
    yield "workflow", code, fields | {"description": workflow.description}, ()
    for at, step in enumerate(workflow.steps):
        values = {
            "workflow": code,
            "position": at + 1,
            **step.model_dump(include={"name", "phase", "days"}),
            "actions": step.actions or [],
            "taken_by": step.by or [],
            "leads_to": [f"{code}.{key}" for key in leads_to(workflow.steps, at)],
        }
        yield "workflow_step", f"{code}.{step.key}", values, ("steps", at)
    for at, rung in enumerate(workflow.overdue):
        values = {"workflow": code, "days": rung.days, "rung": rung.do}
        yield "escalation", f"{code}.{rung.do.lower()}.{rung.days}", values, ("overdue", at)


def _feature(practice: str, feature: Feature) -> Iterator[Made]:
    acts = [act.model_dump(by_alias=True, exclude_defaults=True) for act in feature.scenario]
    code = f"{practice}.{feature.row}"
    fields = {"practice": practice, "row": feature.row, "title": feature.title}
    yield "feature", code, fields | {"scenario": {"steps": acts} if acts else {}}, ()
    for at, figure in enumerate(feature.figures):
        values = figure.model_dump(exclude={"name", "title"}) | {"name": figure.title, "practice": practice}
        yield "figure", f"{code}.{figure.name}", values | {"feature": code}, ("figures", at)
