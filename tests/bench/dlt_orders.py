"""The same orders by dlt, merged by key. Runs in an environment of its own."""

import os
import sys
import tempfile

import dlt  # type: ignore[import-not-found]  # installed where it runs

from tests.bench import feed


def load(url: str, port: int) -> int:
    """One load of everything."""
    rows = 0

    @dlt.resource(name="orders", write_disposition="merge", primary_key="key")  # type: ignore[untyped-decorator]
    def orders():  # type: ignore[no-untyped-def]
        nonlocal rows
        for page in feed.pages(port):
            rows += len(page)
            yield page

    made = dlt.destinations.postgres(url)
    dlt.pipeline("bench", destination=made, dataset_name="bench", pipelines_dir=FOLDER).run(orders())
    return rows


if __name__ == "__main__":
    os.environ["RUNTIME__DLTHUB_TELEMETRY"] = "false"
    FOLDER = tempfile.mkdtemp(prefix="lianshu-bench-dlt-")
    parsed = sys.argv[1].replace("postgresql+asyncpg", "postgresql")
    feed.measured(lambda: load(parsed, int(sys.argv[2])), 2)
