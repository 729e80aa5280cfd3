"""The same orders by dlt, merged by key. Runs in an environment of its own."""

import os
import sys
import tempfile
from urllib.parse import parse_qs, quote, urlsplit

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

    made = dlt.destinations.postgres(credentials(url))
    dlt.pipeline("bench", destination=made, dataset_name="bench", pipelines_dir=FOLDER).run(orders())
    return rows


def credentials(url: str) -> str:
    """The same URL with the folder of the socket where dlt looks for a host."""
    parts = urlsplit(url.replace("postgresql+asyncpg", "postgresql"))
    asked = parse_qs(parts.query)
    if not asked:
        return parts.geturl()
    user = parts.netloc.rpartition("@")[0]
    return f"postgresql://{user}@{quote(asked['host'][0], safe='')}:{asked['port'][0]}{parts.path}"


if __name__ == "__main__":
    os.environ["RUNTIME__DLTHUB_TELEMETRY"] = "false"
    FOLDER = tempfile.mkdtemp(prefix="lianshu-bench-dlt-")
    feed.measured(lambda: load(sys.argv[1], int(sys.argv[2])), 2)
