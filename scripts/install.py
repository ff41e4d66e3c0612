"""Runs ``pip install`` with the given arguments and shows one moving line instead of pip's log.

The log is printed when pip fails. Needs nothing but pip, since it runs before anything is installed.
"""

import subprocess
import sys
import time

SHOWN = {"Collecting", "Downloading", "Building", "Installing"}
"""First words of pip's lines that tell of progress."""


def main(arguments: list[str]) -> int:
    """Pip's exit status. Progress goes to standard output: in place on a terminal, else a line every 20 seconds."""
    command = [
        sys.executable,
        "-m",
        "pip",
        "install",
        "--disable-pip-version-check",
        "--progress-bar",
        "off",
        *arguments,
    ]
    log: list[str] = []
    counts = {"Collecting": 0, "Downloading": 0}
    started = shown = time.monotonic()
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as pip:
        assert pip.stdout is not None
        for line in pip.stdout:
            log.append(line)
            words = line.split()
            if words and words[0] in counts:
                counts[words[0]] += 1
            now = time.monotonic()
            interactive = sys.stdout.isatty()
            if words and words[0] in SHOWN and now - shown > (0.1 if interactive else 20):
                shown = now
                text = (
                    f"      {now - started:4.0f} s  {counts['Collecting']} packages found  {' '.join(words[:2])[:60]}"
                )
                print(f"\r{text:<100}" if interactive else text, end="" if interactive else "\n", flush=True)
    if pip.returncode:
        print("\n" + "".join(log[-60:]), file=sys.stderr)
        print("pip failed; its last lines are above.", file=sys.stderr)
    else:
        last = log[-1].strip() if log else ""
        summary = (
            f"{len(last.split()) - 2} packages installed"
            if last.startswith("Successfully installed")
            else "nothing to do"
        )
        print(f"{chr(13) if sys.stdout.isatty() else ''}      {time.monotonic() - started:4.0f} s  {summary:<90}")
    return pip.returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
