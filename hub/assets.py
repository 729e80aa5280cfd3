"""The browser files of the graph's IDE: not in git, brought by npm, checked by hash, served from here.

python -m hub.assets                 says by its exit code whether they are there
python -m hub.assets node_modules    copies them to hub/static/vendor, under the path they have in their packages
"""

import shutil
import sys
from base64 import b64encode
from hashlib import sha384
from pathlib import Path

from hub.errors import Misconfigured

VENDOR = Path(__file__).parent / "static" / "vendor"

FILES = {
    "react/umd/react.production.min.js": "tMH8h3BGESGckSAVGZ82T9n90ztNXxvdwvdM6UoR56cYcf+0iGXBliJ29D+wZ/x8",
    "react-dom/umd/react-dom.production.min.js": "bm7MnzvK++ykSwVJ2tynSE5TRdN+xL418osEVF2DE/L/gfWHj91J2Sphe582B1Bh",
    "js-cookie/dist/js.cookie.min.js": "/vxhYfM1LENRhdpZ8dwEsQn/X4VhpbEZSiU4m/FwR+PVpzar4fkEOw8FP9Y+OfQN",
    "graphiql/graphiql.min.css": "Mq3vbRBY71jfjQAt/DcjxUIYY33ksal4cgdRt9U/hNPvHBCaT2JfJ/PTRiPKf0aM",
    "graphiql/graphiql.min.js": "HbRVEFG0JGJZeAHCJ9Xm2+tpknBQ7QZmNlO/DgZtkZ0aJSypT96YYGRNod99l9Ie",
    "@graphiql/plugin-explorer/dist/style.css": "5DFJlDPW2tSATRbM8kzoP1j194jexLswuNmClWoRr2Q0x7R68JIQzPHZ02Faktwi",
    "@graphiql/plugin-explorer/dist/index.umd.js": "2oonKe47vfHIZnmB6ZZ10vl7T0Y+qrHQF2cmNTaFDuPshpKqpUMGMc9jgj9MLDZ9",
}


def wrong(folder: Path = VENDOR) -> list[str]:
    """The files that are missing or are not what their hash says."""
    return [path for path, digest in FILES.items() if _digest(folder / path) != digest]


def _digest(file: Path) -> str | None:
    return b64encode(sha384(file.read_bytes()).digest()).decode() if file.is_file() else None


def bring(packages: Path, folder: Path = VENDOR) -> None:
    """Copy the files and the licences of their packages. Raises Misconfigured if npm brought something else."""
    if bad := wrong(packages):
        raise Misconfigured(f"{packages} lacks {', '.join(bad)}, or has another version. Run: npm ci --ignore-scripts")
    shutil.rmtree(folder, ignore_errors=True)
    for path in FILES:
        package = Path(*Path(path).parts[: 2 if path.startswith("@") else 1])
        licences = [
            found.relative_to(packages) for found in (packages / package).glob("[Ll][Ii][Cc][Ee][Nn][SsCc][Ee]*")
        ]
        for wanted in (Path(path), *licences):
            (folder / wanted).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(packages / wanted, folder / wanted)


if __name__ == "__main__":
    if len(sys.argv) == 1:
        sys.exit(bool(wrong()))
    bring(Path(sys.argv[1]))
