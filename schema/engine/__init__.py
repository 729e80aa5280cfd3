"""The engine: GraphQL breadth-first, from cached plans.

    text ──> documents.py   parsed and validated once; what it costs (cost.py, schema/limits.py)
               │
               │  + viewer's form, shape of the arguments
               v
             planner.py ──> plan.py      levels: one statement for each edge and level
               │ fields.py     │           sql.py   from the same `visible` selects and edges as everywhere
               │ code.py       │           code.py  a generated function makes the dicts
               v               v
             engine.py ───> run.py       breadth first, on one snapshot; the answer is made from below

What cannot be planned, or has an error, the ordinary executor answers: the same, only slower. `hub explain` shows all
of it for one operation; docs/engine.md walks through an example.
"""
