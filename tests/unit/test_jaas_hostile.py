"""Hostile `sasl.jaas.config`: any text is read or refused, and no error shows a password."""

import random
from collections.abc import Callable, Iterator

import pytest

from dekaf import ConfigError, ProducerConfig
from dekaf._jaas import parse_jaas

CANARY = "canary-Tr0ub4dor"
PLAIN = "org.apache.kafka.common.security.plain.PlainLoginModule"

# What a text is put together of: of the grammar, and of what looks like it.
WORDS = [PLAIN, "M", "required", "REQUIRED", "optional", "username", "password", "tokenauth", "a-b"]
QUOTES = ['"', "'", '\\"', "\\'", "\\\\", "\\", '""', "''", "\u201c", "`"]
SIGNS = ["=", ";", "==", ";;", ",", ":", "{", "}", "#", "@", "!", "+", "%"]
SPACES = [" ", "\t", "\n", "\r\n", "\0", "\x0b", "\u00a0", "\u2028", "\ufeff"]
COMMENTS = ["//", "/*", "*/", "/**/", "/", f"/* {CANARY} */", f"// {CANARY}\n"]
ODDITIES = ["0", "-1", ".5", "\\101", "\\777", "\\u0041", "\ud800", "\U0001f600", "$", "_", "é"]
SECRETS = [CANARY, f'"{CANARY}"', f"'{CANARY}'", f'"{CANARY}', f'password="{CANARY}"']
VALUES = [*SECRETS, f'"\\{CANARY}"', f'"{CANARY}\\"', f'"{CANARY}\n"', f"password={CANARY}"]
KINDS = [WORDS, QUOTES, SIGNS, SPACES, COMMENTS, ODDITIES, VALUES]
BEGINNINGS = [
    "",
    f"{PLAIN} required ",
    f'{PLAIN} required username="u" ',
    f"M required {CANARY}=",
    f"{CANARY} required ",
]
ENDS = ["", ";", f' password="{CANARY}";', f'"{CANARY}";', " "]


def soup(seed: int, count: int) -> Iterator[str]:
    """Yield texts of the grammar's parts, in any order."""
    chance = random.Random(seed)  # noqa: S311 - the same texts every time
    for _ in range(count):
        parts = [chance.choice(chance.choice(KINDS)) for _ in range(chance.randrange(10))]
        body = chance.choice(["", " "]).join(parts)
        yield chance.choice(BEGINNINGS) + body + chance.choice(ENDS)


def refusals(read: Callable[[str], object], seed: int, count: int) -> int:
    """Read texts, and count those that are refused as they should be."""
    refused = 0
    for n, text in enumerate(soup(seed, count)):
        try:
            read(text)
        except ConfigError as error:
            refused += 1
            shown = f"{error!r} {error} {error.__cause__!r} {error.__context__!r}"
            assert CANARY not in shown, f"seed {seed}, number {n}, text {text!r}: {shown}"
        except Exception as error:
            raise AssertionError(f"seed {seed}, number {n}, text {text!r}") from error
    return refused


def test_any_text_is_read_or_refused() -> None:
    assert 0 < refusals(parse_jaas, seed=1, count=20_000) < 20_000


def test_properties_show_as_little() -> None:
    def read(text: str) -> object:
        return ProducerConfig.from_properties(
            {
                "bootstrap.servers": "a:1",
                "security.protocol": "SASL_SSL",
                "sasl.mechanism": "PLAIN",
                "sasl.jaas.config": text,
            }
        )

    assert 0 < refusals(read, seed=2, count=2_000) < 2_000


LONG = 100_000
"""How often a part is repeated: in quadratic time, this would take many minutes."""


@pytest.mark.parametrize(
    "text",
    [
        "/*" * LONG,
        "/* " + "*" * LONG,
        "//" * LONG,
        '"' + "\\" * (2 * LONG),
        '"' + "a" * LONG,
        '"' + '\\"' * LONG,
        "'\"" * LONG,
        "a" * LONG,
        "a-" * LONG + "!",
        " " * LONG + "!",
        "M required " + 'a="b" ' * LONG,
        "M required " + "a=b " * LONG + "=",
        "M required a=" + "\\" * LONG,
        "M required;" + " /**/" * LONG + "x",
    ],
    ids=range(14),
)
def test_time_grows_with_the_text(text: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parse_jaas(text)
    assert len(str(caught.value)) < 300


@pytest.mark.parametrize(
    "password",
    [
        "p=q;r s",
        'a"b',
        "a'b",
        "a\\b",
        "\\",
        '"',
        "// no comment",
        "/* none */",
        "#!{}[]()<>,:@%^&*|~`?",
        " leading and trailing ",
        "tab\tnewline\nreturn\r",
        "\0\x01\x7f\x85\xa0",
        "pä€😀\u2028",
        "\\101 \\n \\u0041",
        "required;",
        "0123",
        "",
    ],
)
def test_passwords_are_read_back_exactly(password: str) -> None:
    """In both quotation marks, with what must be escaped, and with all that may be."""
    octal = "".join(f"\\{ord(each):03o}" if ord(each) < 256 else each for each in password)
    for mark in "\"'":
        escapes = {"\\": "\\\\", mark: f"\\{mark}", "\n": "\\n", "\r": "\\r"}
        plain = "".join(escapes.get(each, each) for each in password)
        for written in (plain, octal):
            for equals in ("=", " = ", "/**/=\n"):
                text = f"{PLAIN} required username=u password{equals}{mark}{written}{mark};"
                assert parse_jaas(text)[1] == {"username": "u", "password": password}
