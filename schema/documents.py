"""Papers of a practice, as data: cards, sheets and lists (三卡两表一清单)."""

import strawberry

from hub import models
from hub.services import documents as see_documents
from hub.services import grids as see_grids
from hub.services import parties as see_parties
from hub.services import resources as see_resources
from schema.changes import history
from schema.edges import connection, found, one
from schema.node import Identified, node
from schema.verbs import write


@node(
    models.Document,
    see_documents.visible,
    "code doc_kind title fields public practice issued_on created_at updated_at",
    natural="code",
)
class Document(Identified):
    party = one(
        "Party", see_parties.visible, models.Party.id, key=models.Document.party_id, description="About whom (对象)."
    )
    project = one(
        "Project",
        see_resources.projects,
        models.Project.id,
        key=models.Document.project_id,
        description="About which project (项目).",
    )
    grid = one("Grid", see_grids.visible, models.Grid.id, key=models.Document.grid_id, description="Where (网格).")
    history = history(models.Document.id)


@strawberry.type
class Query:
    document = found("Document", see_documents.visible, models.Document.code, description="One paper (单据).")
    documents = connection(
        "Document", see_documents.visible, order="-created_at", description="Cards, sheets and lists (三卡两表一清单)."
    )


@strawberry.type
class Mutation:
    create_document = write(see_documents.create_document, "Document")
    update_document = write(see_documents.update_document, "Document")
