"""completion.py XYLEM: every command and option that --help lists stands in the bash completion and on the man page."""
import re
import subprocess
import sys

from harness import Report, Xylem

report = Report()
xylem = Xylem(sys.argv[1], None)


def text(*arguments):
    result = xylem.run(*arguments, ranks=0)
    report.check(result.code == 0 and not result.err, f"{arguments}: exit {result.code}: {result.everything}")
    return result.out.decode()


def completed(*words):
    """What bash offers for the last of the words."""
    script = f"{completion}\nCOMP_WORDS=({' '.join(repr(word) for word in words)}); COMP_CWORD={len(words) - 1}; _xylem; printf '%s\\n' \"${{COMPREPLY[@]}}\""
    done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, timeout=30)
    report.check(done.returncode == 0 and not done.stderr, f"{words}: {done.stderr}")
    return set(done.stdout.split())


completion = text("--completion")
page = text("--man").replace("\\-", "-")
names = re.findall(r"(?m)^  ([a-z]\S*) ", text("--help"))
report.check(len(names) >= 6 and "reduce" in names, f"commands of --help: {names}")
report.check(completed("xylem", "") == {*names, "--help", "--version"}, f"bash offers {completed('xylem', '')}")
for name in names:
    options = set(re.findall(r"(?m)^  (?:-\w \[ )?(--[a-z][a-z-]*)", text(name, "--help")))
    report.check("--help" in options, f"{name}: options of --help: {options}")
    report.check(completed("xylem", name, "-") == options, f"{name}: bash offers {completed('xylem', name, '-')}, --help {options}")
    section = page.split(f'.SS "xylem {name} ')[1].split(".SS")[0].split(".SH")[0]
    documented = set(re.findall(r"(?m)^\.B .*?(--[a-z][a-z-]*)", section))
    report.check(documented == options, f"{name}: the man page has {documented}, --help {options}")
report.finish()
