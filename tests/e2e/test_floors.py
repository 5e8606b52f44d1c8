"""The floors of ARCHITECTURE.md: what the build cannot see, because every header is on the include path."""
import re

import pytest

from edge import ROOT

LIB = ROOT / "lib"
# Where a library may be named; everybody else goes through that folder.
HOMES = {"libssh/": {"ssh"}, "openssl/": {"crypto", "net"}, "boost/beast": {"net"}, "soci/": {"store"},
         "yaml-cpp/": {"config"}, "httplib": {"control"}, "spdlog/": {"base"}, "CLI/": {"docs"},
         "security/pam": {"agent"}}


def includes():
    for path in sorted(LIB.rglob("*.[ch]pp")):
        for name in re.findall(r'^#include [<"]([^>"]+)[>"]', path.read_text(), re.M):
            yield path.relative_to(LIB), name


def floors():
    """Every folder with the folders that CMakeLists.txt lets it use, directly or through another."""
    direct = {}
    for name, uses in re.findall(r"edge_library\((\w+) USES ([^)]*)\)", (ROOT / "CMakeLists.txt").read_text()):
        direct[name] = set(re.findall(r"\bedge_(\w+)", uses))

    def below(name):
        return direct[name].union(*(below(used) for used in direct[name]))
    return {name: below(name) for name in direct}


def test_a_folder_includes_only_the_folders_below_it():
    known, seen = floors(), 0
    for path, name in includes():
        folder, used = path.parts[0], name.split("/")[0]
        if used in known and "/" in name:
            assert used == folder or used in known[folder], f"lib/{path} includes {name}"
            seen += 1
    assert seen > 300


@pytest.mark.parametrize("library", HOMES)
def test_a_library_is_named_in_its_own_folder_only(library):
    named = {str(path) for path, name in includes() if name.startswith(library) and path.parts[0] not in HOMES[library]}
    assert named == set()
    assert any(name.startswith(library) and path.parts[0] in HOMES[library] for path, name in includes())


def test_a_type_that_others_can_see_is_defined_once():
    """Two of one name in one namespace are one to the linker: whichever it takes destroys both."""
    seen = {}
    for path in sorted([*LIB.rglob("*.[ch]pp"), *(ROOT / "cmd").rglob("*.[ch]pp")]):
        spaces = []
        for line in path.read_text().splitlines():
            if opened := re.match(r"namespace ?([\w:]*) \{", line):
                spaces.append(opened[1] or path.name)  # without a name: the file's own
            elif line.startswith("}  // namespace"):
                spaces.pop()
            elif defined := re.match(r"(?:struct|class|enum class) (\w+)\b[^;:]*(?:: [^;]*)?\{", line):
                seen.setdefault("::".join([*spaces, defined[1]]), []).append(str(path.relative_to(ROOT)))
    assert {name: where for name, where in seen.items() if len(where) > 1} == {}
    assert len(seen) > 200
