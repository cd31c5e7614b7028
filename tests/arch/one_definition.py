"""one_definition.py SOURCE: no two layers define a class of one name in one namespace. Linkers take either, and what was compiled
for the other goes wrong: the one definition rule, which no compiler checks."""
import collections
import pathlib
import re
import sys

TOKEN = re.compile(r'//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\])\'|\b(namespace)\s*([\w:]*)\s*\{'
                   r"|(?<!enum )\b(?:struct|class|union)\s+(?:\[\[\w+\]\]\s*)?(\w+)(?:\s+final)?(?:\s*:[^:;{}()][^;{}()]*)?\s*\{|([{}])", re.DOTALL)


def classes(text):
    """The classes that a source defines for all: (namespace, name), without those in other classes or nameless namespaces."""
    scopes = []
    for token in TOKEN.finditer(text):
        if token[1]:
            scopes.append(token[2] or "(nameless)")
        elif token[3]:
            if None not in scopes and "(nameless)" not in scopes:
                yield "::".join(scopes), token[3]
            scopes.append(None)
        elif token[4] == "{":
            scopes.append(None)
        elif token[4] == "}" and scopes:
            scopes.pop()


def main():
    root = pathlib.Path(sys.argv[1])
    places = collections.defaultdict(set)
    for folder in ("include", "src"):
        for path in sorted((root / folder).rglob("*.[ch]pp")):
            for name in classes(path.read_text(encoding="utf-8")):
                places[name].add(str(path.relative_to(root)))
    twice = {name: files for name, files in places.items() if len(files) > 1}
    for (namespace, name), files in sorted(twice.items()):
        print(f"{namespace}::{name} is defined in {', '.join(sorted(files))}: give one of them another name")
    if len(places) < 100:
        sys.exit(f"only {len(places)} classes were found")
    print(f"{len(places)} classes, {len(twice)} of them defined twice")
    sys.exit(1 if twice else 0)


main()
