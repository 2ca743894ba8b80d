"""Java's `.properties` files, as `java.util.Properties` reads them."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dekaf import ConfigError
from dekaf._java_properties import parse_properties, read_properties_file

READ: list[tuple[str, dict[str, str]]] = [
    ("", {}),
    ("a=b", {"a": "b"}),
    ("a = b \n c:d\r\ne f\rg", {"a": "b ", "c": "d", "e": "f", "g": ""}),
    ("# a=b\n  ! c=d\n\n \t\n", {}),
    ("a=\\\n   b\\\n\tc", {"a": "bc"}),
    ("a=b\\\\\nc=d", {"a": "b\\", "c": "d"}),
    ("a=b\\", {"a": "b"}),
    ("a\\ b\\=c\\:d=e=f:g", {"a b=c:d": "e=f:g"}),
    ("a=\\t\\n\\r\\f\\q\\\\", {"a": "\t\n\r\fq\\"}),
    ("a=\\u00e9\\u20AC\\uD83D\\uDE00", {"a": "é€😀"}),
    ("a=b # no comment", {"a": "b # no comment"}),
    ("a=1\na=2", {"a": "2"}),
    ("a==b", {"a": "=b"}),
    ("a : = b", {"a": "= b"}),
    ("=b", {"": "b"}),
    ("a=\\\n# not a comment", {"a": "# not a comment"}),
]


@pytest.mark.parametrize(("text", "found"), READ)
def test_read(text: str, found: dict[str, str]) -> None:
    assert parse_properties(text) == found


def test_a_malformed_escape_is_named_by_its_line() -> None:
    with pytest.raises(ConfigError, match=r"^line 2: \\u must be followed by four") as caught:
        parse_properties("a=b\npassword=s3cr3t\\u12")
    assert "s3cr3t" not in str(caught.value)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "latin-1"])
def test_encodings(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "client.properties"
    path.write_text("a=é", encoding)
    assert read_properties_file(str(path)) == {"a": "é"}


@given(st.text())
def test_anything_is_read_or_refused(text: str) -> None:
    try:
        found = parse_properties(text)
    except ConfigError:
        return
    assert all(isinstance(value, str) for value in found.values())
