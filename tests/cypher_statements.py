"""A grammar that writes statements: harmless ones, hostile ones, and ones nobody has judged."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Sequence

__all__ = ["EFFECTS", "Writer"]

_WORDS = (
    *("add", "all", "alter", "and", "as", "asc", "attach", "begin", "by", "call", "case", "cast"),
    *("checkpoint", "column", "comment", "commit", "contains", "copy", "count", "create", "database"),
    *("delete", "desc", "detach", "distinct", "drop", "else", "end", "ends", "exists", "explain"),
    *("export", "extension", "foreach", "from", "group", "import", "in", "increment", "insert"),
    *("install", "is", "key", "limit", "load", "macro", "match", "maxvalue", "merge", "no", "not"),
    *("null", "on", "only", "optional", "or", "order", "primary", "profile", "project", "read", "rel"),
    *("remove", "rename", "return", "rollback", "sequence", "set", "shortest", "skip", "start", "starts"),
    *("table", "then", "to", "transaction", "type", "uninstall", "union", "unwind", "update", "use"),
    *("when", "where", "with", "write", "xor", "yield"),
)
_OUTLANDISH = ["größe", "名前", "ſet", "é", "na€me", "हिन्दी", "_x1", "K"]
_TEXTS = [
    "'; DROP TABLE Person'",
    '"CREATE (n)"',
    "'it\\'s // no comment'",
    '"/* \' */"',
    "'` \\\\'",
    "'SET n.age = 0; LOAD FROM \"x\"'",
    "'\\u0027'",
    "''",
]
_QUOTED = re.compile(r"""('(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"|`[^`]*`)""")
_GAPS = [
    " ",
    " ",
    " ",
    "\n",
    "\t ",
    "\r\n",
    " /**/ ",
    " /* ; SET n.age = 0 */ ",
    " // CREATE (n)\n",
    "\u00a0",
    "\u2003",
]
_ODD_GAPS = [*_GAPS, "\u180e", "\u3000", "\x1c", "\x0b", "\u2028", "/* ' */", "/*`*/", "//'\n", '//"\r\n']

# What each does when it is let through: SECRET stands for a file of the sandbox.
_STATEMENTS = [
    "CREATE NODE TABLE Z ( id INT64 , PRIMARY KEY ( id ) )",
    "CREATE REL TABLE Y ( FROM Person TO Person )",
    "CREATE SEQUENCE sq",
    "CREATE TYPE short AS INT8",
    "CREATE MACRO leak ( x ) AS x + 1",
    "DROP TABLE KNOWS",
    "ALTER TABLE Person ADD extra INT64",
    "ALTER TABLE Person DROP age",
    "ALTER TABLE Person RENAME TO Human",
    "COMMENT ON TABLE Person IS 'mine'",
    "COPY Person FROM 'people.csv'",
    "COPY ( MATCH (p:Person) RETURN p.id ) TO 'out.csv'",
    "COPY ( LOAD FROM 'secret.csv' RETURN * ) TO 'out.parquet'",
    "EXPORT DATABASE 'out'",
    "LOAD FROM 'secret.csv' RETURN *",
    "LOAD WITH HEADERS ( a STRING ) FROM 'secret.csv' RETURN *",
    "CALL threads = 1",
    "CALL timeout = 17",
    "CALL enable_zone_map = false",
    "CALL project_graph ( 'G' , [ 'Person' ] , [ 'KNOWS' ] )",
    "CALL read_csv_serial ( 'secret.csv' ) RETURN *",
    "CALL `read_csv_parallel` ( 'secret.csv' ) RETURN *",
    "ATTACH 'other.db' AS other ( dbtype kuzu )",
    "BEGIN TRANSACTION",
    "BEGIN TRANSACTION READ ONLY",
]
_CLAUSES = [
    "CREATE (:Person {id: n.id + 77})",
    "CREATE (n) -[:KNOWS]-> (n)",
    "MERGE (:Person {id: 78})",
    "MERGE (n) -[:KNOWS]-> (n) ON CREATE SET n.age = 1",
    "SET n.age = 0",
    "SET n.name = 'x' , n.age = NULL",
    "DETACH DELETE n",
    "LOAD FROM 'secret.csv' RETURN *",
    "LOAD WITH HEADERS ( a STRING ) FROM 'secret.csv' RETURN n , a",
    "CALL read_csv_serial ( 'secret.csv' ) RETURN *",
]
_OPENINGS = [
    "MATCH (n:Person)",
    "OPTIONAL MATCH (n:Person)",
    "MATCH (n:Person) WHERE n.age > 1 OR true",
    "MATCH (n:Person) WHERE n.name IS NULL OR n.id > 0",
    "MATCH (n:Person) WHERE n.name = 'x\\'' OR n.id IN [ 1 , 2 ]",
    "MATCH (n:Person) WITH n",
    "MATCH (n:Person) WITH *",
    "MATCH (n:Person) WITH n , n.age AS k",
    "MATCH (n:Person) -[r:KNOWS]-> ()",
    "UNWIND [ 1 ] AS x MATCH (n:Person)",
    "MATCH (n:Person) WHERE EXISTS { MATCH (n) -[:KNOWS]-> () } OR true",
    "MATCH (n:Person) WHERE CASE WHEN n.age > 1 THEN true ELSE true END",
]
EFFECTS = (*_STATEMENTS, *(f"{_OPENINGS[0]} {clause}" for clause in _CLAUSES))
"""Statements that change or disclose something when they are run as they are."""


class Writer:
    """Writes statements at random; one seed always writes the same ones."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)

    def harmless(self) -> str:
        """Write a statement that only reads the graph."""
        text = self._query()
        while self._chance(0.15):
            text += f" {self._case('UNION')} {self._either('', self._case('ALL'))} {self._query()}"
        if self._chance(0.1):
            text = f"{self._case(self._either('EXPLAIN', 'PROFILE'))} {text}"
        return self._gapped(text, _GAPS) + self._either("", "", ";", " ; ")

    def hostile(self) -> str:
        """Write a statement that would change or disclose something, or be more than one."""
        statement, clause = self._pick(_STATEMENTS), self._pick(_CLAUSES)
        text = self._pick_from(
            [
                lambda: statement,
                lambda: f"{self._pick(_OPENINGS)} {clause}",
                lambda: f"{self._pick(_OPENINGS)} {clause}",
                lambda: f"{self._either('EXPLAIN', 'PROFILE')} {self._pick(_OPENINGS)} {clause}",
                lambda: f"{self._query()} ; {statement}",
                lambda: f"{statement} ; {self._query()}",
                lambda: f"{self._query()} ; {self._pick(_OPENINGS)} {clause}",
                lambda: f"RETURN 1 AS a UNION ALL {clause}",
                lambda: f"MATCH (n:Person) WHERE {self._expression(2)} = {self._expression(1)} {clause}",
                lambda: f"MATCH (n:Person) WITH n , {self._expression(2)} AS {self._name()} {clause}",
            ]
        )
        return self._gapped(" ".join(map(self._shout, text.split(" "))), _ODD_GAPS) + self._either("", ";", " ;;")

    def spliced(self) -> str:
        """Write something out of pieces of both, broken and mended at random; nobody knows what it does."""
        pieces = self.harmless().split(" ")
        for _ in range(self._random.randint(1, 4)):
            at = self._random.randint(0, len(pieces))
            act = self._random.random()
            if act < 0.55:
                source = self._pick((*_CLAUSES, *_STATEMENTS, *_OPENINGS)).split(" ")
                first = self._random.randrange(len(source)) if self._chance(0.4) else 0
                pieces[at:at] = source[first : first + self._random.randint(1, 12)]
            elif act < 0.7:
                pieces[at:at] = [self._pick((*_ODD_GAPS, "'", '"', "`", ";", "{", "}", "(", ")", "*", "!", "AS", "."))]
            elif act < 0.85:
                del pieces[at : at + self._random.randint(1, 3)]
            else:
                other = self._pick(_OPENINGS).split(" ")
                pieces = other + pieces[at:]
        return self._gapped(" ".join(pieces), _ODD_GAPS)

    def _query(self) -> str:
        clauses = [self._reading() for _ in range(self._random.randint(1, 2))]
        if self._chance(0.3):
            clauses.append(f"{self._case('WITH')} n , {self._expression(2)} {self._case('AS')} {self._name()}")
        items = " , ".join(
            f"{self._expression(2)} {self._case('AS')} {self._name()}" for _ in range(self._random.randint(1, 3))
        )
        tail = self._either("", f"{self._case('SKIP')} 1", f"{self._case('LIMIT')} 2")
        return " ".join([*clauses, self._case("RETURN"), self._either("", self._case("DISTINCT")), items, tail])

    def _reading(self) -> str:
        pattern = f"( n : {self._label()} {self._either('', '{ id : 1 }', '{ age : $age }')} )"
        if self._chance(0.4):
            hop = self._either("", f"r : {self._type()}", f": {self._type()} * 1..2", "r")
            pattern += f" {self._either('-', '<-')}[ {hop} ]- ( {self._either('', 'm', ': Person')} )"
        where = f"{self._case('WHERE')} {self._condition(2)}" if self._chance(0.5) else ""
        return f"{self._either('', self._case('OPTIONAL'))} {self._case('MATCH')} {pattern} {where}"

    def _condition(self, depth: int) -> str:
        if depth == 0:
            return f"n.{self._property()} {self._either('=', '<>', '<', '>=')} {self._expression(0)}"
        return self._pick_from(
            [
                lambda: f"{self._condition(depth - 1)} {self._case('AND')} {self._condition(depth - 1)}",
                lambda: f"{self._case('NOT')} ( {self._condition(depth - 1)} )",
                lambda: f"n.{self._property()} {self._case('IS')} {self._case('NOT')} {self._case('NULL')}",
                lambda: f"n.name {self._case('STARTS')} {self._case('WITH')} {self._pick(_TEXTS)}",
                lambda: f"n.name {self._case('CONTAINS')} {self._pick(_TEXTS)}",
                lambda: f"n.age {self._case('IN')} [ 1 , $age ]",
                lambda: f"{self._case('EXISTS')} {{ {self._case('MATCH')} ( n ) -[ : {self._type()} ]-> ( ) }}",
                lambda: self._condition(0),
            ]
        )

    def _expression(self, depth: int) -> str:
        if depth == 0:
            return self._either(f"n.{self._property()}", self._pick(_TEXTS), "1", "1.5", "$age", "NULL", "n.age")
        return self._pick_from(
            [
                lambda: f"n.{self._property()}",
                lambda: self._pick(_TEXTS),
                lambda: f"{self._expression(depth - 1)} {self._either('+', '-', '*')} {self._expression(0)}",
                lambda: f"[ {self._expression(depth - 1)} , {self._expression(0)} ]",
                lambda: f"{{ {self._name()} : {self._expression(depth - 1)} }}",
                lambda: (
                    f"{self._case('CASE')} {self._case('WHEN')} {self._condition(0)} {self._case('THEN')} "
                    f"{self._expression(0)} {self._case('ELSE')} {self._expression(0)} {self._case('END')}"
                ),
                lambda: f"{self._either('upper', 'size', 'coalesce', 'offset')} ( {self._expression(0)} )",
                lambda: f"{self._either('count', 'collect')} ( {self._case('DISTINCT')} {self._expression(0)} )",
                lambda: "count ( * )",
                lambda: f"{self._case('COUNT')} {{ {self._case('MATCH')} ( n ) -[ ]- ( ) }}",
            ]
        )

    def _property(self) -> str:
        return self._name() if self._chance(0.3) else self._either("id", "age", "name")

    def _label(self) -> str:
        return self._name() if self._chance(0.3) else "Person"

    def _type(self) -> str:
        return self._name() if self._chance(0.3) else "KNOWS"

    def _name(self) -> str:
        """Return a name that reads like a keyword, or is strange in another way."""
        word = self._case(self._pick(_WORDS))
        return self._either(word, f"`{word}`", f"{word}_at", f"n{word}", self._pick(_OUTLANDISH), "`a``b; SET`")

    def _case(self, word: str) -> str:
        return self._either(word.upper(), word.lower(), word.capitalize())

    def _shout(self, word: str) -> str:
        if not word.isalpha() or not word.isupper() or self._chance(0.5):
            return word
        return "".join(self._either(letter.upper(), letter.lower()) for letter in word)

    def _gapped(self, text: str, gaps: Sequence[str]) -> str:
        """Put comments and other white space between words, never inside of texts and names."""
        parts = _QUOTED.split(text)
        parts[::2] = [
            re.sub(" ", lambda _: self._pick(gaps) if self._chance(0.5) else " ", part) for part in parts[::2]
        ]
        return "".join(parts)

    def _chance(self, probability: float) -> bool:
        return self._random.random() < probability

    def _either(self, *options: str) -> str:
        return self._pick(options)

    def _pick(self, options: Sequence[str]) -> str:
        return options[self._random.randrange(len(options))]

    def _pick_from(self, options: Sequence[Callable[[], str]]) -> str:
        return options[self._random.randrange(len(options))]()
