"""Fetches what the web UI has from others, and puts it where it is kept: files, licences, a list of them.

A maintainer runs this once for each new version, and commits what comes out: `python frontend/vendor.py`.
It needs npm. Neither an installation nor a test does: both take the files as they are.
"""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from tempfile import TemporaryDirectory

HERE = Path(__file__).resolve().parent
SHIPPED = HERE.parent / "engine/adapters/http/ui/static/vendor"
FOR_TESTS = HERE.parent / "tests/ui/vendor"

FONTS = "@fontsource-variable"
AS_THEY_ARE = {
    "cytoscape/dist/cytoscape.esm.min.mjs": SHIPPED / "cytoscape.js",
    f"{FONTS}/inter/files/inter-latin-wght-normal.woff2": SHIPPED / "inter.woff2",
    f"{FONTS}/jetbrains-mono/files/jetbrains-mono-latin-wght-normal.woff2": SHIPPED / "mono.woff2",
    "axe-core/axe.min.js": FOR_TESTS / "axe.js",
}
TOOLS = {"esbuild"}
"""Used here, and not shipped."""
ESBUILD = ("--bundle", "--format=esm", "--minify", "--legal-comments=none", "--target=es2022")


def vendor() -> None:
    with TemporaryDirectory(prefix="picomesh-vendor-") as folder:
        work = Path(folder)
        for name in ("package.json", "editor.js"):
            shutil.copy(HERE / name, work)
        subprocess.run(["npm", "install", "--no-audit", "--no-fund", "--omit=dev"], cwd=work, check=True)
        _copy(work / "node_modules")
        bundle = f"--outfile={SHIPPED / 'codemirror.js'}"
        subprocess.run(["npx", "esbuild", "editor.js", *ESBUILD, bundle], cwd=work, check=True)


def _copy(packages: Path) -> None:
    for folder in (SHIPPED, FOR_TESTS):
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
    for source, target in AS_THEY_ARE.items():
        shutil.copyfile(packages / source, target)
    about = sorted(packages.glob("**/package.json"))
    wanted = [one.parent for one in about if _is_package(one, packages)]
    for folder, names in ((SHIPPED, _shipped(wanted)), (FOR_TESTS, [packages / "axe-core"])):
        _keep_licences(folder, names, packages)


def _is_package(about: Path, packages: Path) -> bool:
    """One that npm installed, and no package.json inside of one."""
    words = about.parent.relative_to(packages).parts
    return len(words) == (2 if words and words[0].startswith("@") else 1) and words[0] != ".bin"


def _shipped(wanted: list[Path]) -> list[Path]:
    return [one for one in wanted if one.name not in TOOLS | {"axe-core"} and one.parent.name != "@esbuild"]


def _keep_licences(folder: Path, packages: list[Path], top: Path) -> None:
    rows, texts = [], []
    for package in packages:
        about = json.loads((package / "package.json").read_text("utf-8"))
        licence = next((one for one in sorted(package.glob("LICEN*"))), None)
        if licence is None:
            raise SystemExit(f"{package.relative_to(top)} has no text of its licence")
        rows.append(f"| {about['name']} | {about['version']} | {about['license']} |")
        texts.append(f"{about['name']} {about['version']}\n\n{licence.read_text('utf-8').strip()}\n")
    head = "Files by others, fetched by `frontend/vendor.py`; their licences are in LICENSES.txt.\n\n"
    table = "| package | version | licence |\n|---|---|---|\n"
    (folder / "README.md").write_text(head + table + "\n".join(rows) + "\n")
    (folder / "LICENSES.txt").write_text(f"\n{'-' * 72}\n\n".join(texts))


if __name__ == "__main__":
    vendor()
