"""code.py SOURCE: each block of a page that stands below a line `<!-- FILE -->` is that file of the repository, whole."""
import pathlib
import re
import sys

source = pathlib.Path(sys.argv[1])
found = failures = 0
for page in sorted(source.glob("docs/**/*.md")):
    for path, language, code in re.findall(r"(?ms)^<!-- (\S+) -->\n```(\w+)\n(.*?)^```$", page.read_text()):
        found += 1
        if code != (source / path).read_text():
            failures += 1
            print(f"FAIL: {page.relative_to(source)} does not show {path} as it is")
print(f"{found} blocks, {failures} failures")
sys.exit(failures > 0 or found < 3)
