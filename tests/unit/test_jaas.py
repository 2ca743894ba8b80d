"""`sasl.jaas.config`: what Kafka's Java client reads, and what an error may say."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dekaf import ConfigError
from dekaf._jaas import parse_jaas

PLAIN = "org.apache.kafka.common.security.plain.PlainLoginModule"

READ: list[tuple[str, dict[str, str]]] = [
    ("required;", {}),
    ('required username="alice" password="secret";', {"username": "alice", "password": "secret"}),
    ("required username='alice' password='secret';", {"username": "alice", "password": "secret"}),
    ("REQUIRED username=alice password=secret ;", {"username": "alice", "password": "secret"}),
    ('optional\n\tusername = "a"\r\n password= "b";\n', {"username": "a", "password": "b"}),
    ('required // c "\n username="a" /* p="x";\n */ p=\'y\';', {"username": "a", "p": "y"}),
    (r'required p="a\"b\\c\'d\n\t\101\60x\q";', {"p": "a\"b\\c'd\n\tA0xq"}),
    (r'required p="\477\8";', {"p": "'78"}),
    ('required p=\'it is "so"\' q="it\'s";', {"p": 'it is "so"', "q": "it's"}),
    ('required p="//no /*comment*/ ;=";', {"p": "//no /*comment*/ ;="}),
    ('required p="";', {"p": ""}),
    ('required p="pä€😀";', {"p": "pä€😀"}),
    ('required p="1" p="2";', {"p": "2"}),
    ("required debug=true a_b=$x.y-z1;", {"debug": "true", "a_b": "$x.y-z1"}),
]


@pytest.mark.parametrize(("text", "options"), READ)
def test_read(text: str, options: dict[str, str]) -> None:
    assert parse_jaas(f"{PLAIN} {text}") == (PLAIN, options)


REFUSED: list[tuple[str, str]] = [
    ("", "no login module is named"),
    (" // nothing", "no login module is named"),
    (";", "no login module is named"),
    ('"" required p="secret";', "no login module is named"),
    ("M", '"required" is missing'),
    ("M;", '"required" is missing'),
    ('M p="secret";', '"required" is missing'),
    ("M required", "the final semicolon is missing"),
    ('M required p="secret"', "the final semicolon is missing"),
    ("M required p", "option 1 has no value"),
    ("M required p secret;", "option 1 has no value"),
    ("M required p=;", "the value of option 1 is expected at character 14"),
    ("M required p=", "the value of option 1 is expected"),
    ("M required =secret;", "the name of an option is expected at character 12"),
    ("M required p=123;", "the number at character 14 needs quotation marks"),
    ("M required p=-x;", "the number at character 14 needs quotation marks"),
    ("M required p=/secret;", "the comment at character 14 is not closed, or a value with a slash"),
    ('M required p="secret;', "the quotation that begins at character 14 is not closed"),
    ('M required p="sec\nret";', "the quotation that begins at character 14 is not closed"),
    ("M required p='secret\\';", "the quotation that begins at character 14 is not closed"),
    ('M required p="sec"ret";', "the quotation that begins at character 22 is not closed"),
    ('M required p="sec"ret" x";', "option 2 has no value, or the quotation before it ends early"),
    ("M required p=secret!;", "character 20 needs quotation marks around it"),
    (r"M required p=\"secret\";", "the backslash at character 14 is outside of quotation marks"),
    ('M required p="secret"; N required;', "more than one login module"),
    ('M required p="secret"; x', "more than one login module"),
]


@pytest.mark.parametrize(("text", "match"), REFUSED)
def test_refused(text: str, match: str) -> None:
    with pytest.raises(ConfigError, match=match) as caught:
        parse_jaas(text)
    assert "secret" not in str(caught.value)


def quoted(text: str) -> str:
    """Write text as it must be written in quotation marks."""
    escapes = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\r": "\\r"}
    return '"' + "".join(escapes.get(each, each) for each in text) + '"'


@given(st.dictionaries(st.from_regex(r"[A-Za-z_][\w.]*", fullmatch=True), st.text()))
def test_what_is_quoted_is_read_as_it_was(options: dict[str, str]) -> None:
    options = {name: value for name, value in options.items() if name.isascii()}
    text = " ".join(f"{name}={quoted(value)}" for name, value in options.items())
    assert parse_jaas(f"{PLAIN} required {text};") == (PLAIN, options)


@given(st.text(alphabet="Mrequired p=\"';/*\\\n0-.x", max_size=40))
def test_anything_is_read_or_refused(text: str) -> None:
    for whole in (text, f"M required {text}", f"M required p={text};"):
        try:
            module, _ = parse_jaas(whole)
        except ConfigError:
            continue
        assert module
