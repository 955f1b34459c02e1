"""Names of a proposed graph, and what the names of columns say about references."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

from sqlglot.dialects.dialect import Dialect

from graph_olap_server.domain.names import element_name_problem

__all__ = ["Names", "abbreviates", "column_name", "label_of", "name_score", "quoted", "reference_stem", "singular"]

_GENERIC = frozenset({"id", "key", "code", "no", "nr", "num", "number", "uuid", "guid", "pk", "name"})
_SUFFIXES = ("id", "key", "code", "no", "nr", "num", "number", "uuid", "guid", "fk", "ref")
_LONGEST = 64
_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_]*", re.ASCII)
_WORDS = (
    "ALL ANALYSE ANALYZE AND ANY ARRAY AS ASC ASYMMETRIC BOTH CASE CAST CHECK COLLATE COLUMN CONSTRAINT CREATE DEFAULT "
    "DEFERRABLE DESC DESCRIBE DISTINCT DO ELSE END EXCEPT EXISTS FALSE FETCH FOR FOREIGN FROM GRANT GROUP HAVING IN "
    "INITIALLY INTERSECT INTO LATERAL LEADING LIMIT NOT NULL OFFSET ON ONLY OR ORDER PIVOT PLACING PRIMARY QUALIFY "
    "REFERENCES RETURNING SELECT SHOW SOME SUMMARIZE SYMMETRIC TABLE THEN TO TRAILING TRUE UNION UNIQUE UNPIVOT USER "
    "USING VARIADIC WHEN WHERE WINDOW WITH"
)
_SQL_WORDS = frozenset(_WORDS.split())


class Names:
    """Hands out names that nothing else has, in any case."""

    def __init__(self, taken: Iterable[str] = ()) -> None:
        self._taken = {name.lower() for name in taken}

    def take(self, *wishes: str) -> str:
        """Return the first wish that is free, else the last one with a number."""
        for wish in wishes:
            if wish.lower() not in self._taken:
                self._taken.add(wish.lower())
                return wish
        for number in range(2, len(self._taken) + 3):
            name = f"{wishes[-1][: _LONGEST - 5]}_{number}"
            if name.lower() not in self._taken:
                break
        self._taken.add(name.lower())
        return name


def quoted(name: str, dialect: str) -> str:
    """Spell a name in SQL, with quotes only where they are needed."""
    keywords = Dialect.get_or_raise(dialect).tokenizer_class.KEYWORDS
    if _PLAIN.fullmatch(name) and name.upper() not in _SQL_WORDS and name.upper() not in keywords:
        return name
    return '"' + name.replace('"', '""') + '"'


def label_of(table: str) -> str:
    """Return a node label for a table.

    Example:
        >>> label_of("order_items"), label_of("Länder"), label_of("2024 sales"), label_of("status")
        ('OrderItem', 'Lander', 'T2024Sale', 'Status')
    """
    words = _ascii(singular(table)).split("_")
    return _allowed("".join(word[:1].upper() + word[1:] for word in words), "T")


def column_name(column: str) -> str:
    """Return a property name for a column: the column's own name where the rules allow it.

    Example:
        >>> column_name("first name"), column_name("order"), column_name("id"), column_name("名前")
        ('first_name', 'order_', 'id', 'column')
    """
    return column if element_name_problem(column) is None else _allowed(_ascii(column) or "column", "c_")


def reference_stem(column: str) -> str:
    """Return what a reference is called, without ``_id`` and the like.

    Example:
        >>> reference_stem("customer_id"), reference_stem("managerId"), reference_stem("origin")
        ('CUSTOMER', 'MANAGER', 'ORIGIN')
    """
    words = _words(column)
    if len(words) > 1 and words[-1] in _SUFFIXES:
        words = words[:-1]
    return _ascii("_".join(words)).upper() or "REFERENCE"


def singular(name: str) -> str:
    """Return the singular of an English table name, roughly; other names come back as they are.

    Example:
        >>> [singular(name) for name in ("cities", "boxes", "airports", "address", "status", "people")]
        ['city', 'box', 'airport', 'address', 'status', 'people']
    """
    lower = name.lower()
    if lower.endswith("ies") and len(name) > 4:
        return name[:-3] + "y"
    if lower.endswith(("ches", "shes", "sses", "xes", "zes")):
        return name[:-2]
    if lower.endswith("s") and not lower.endswith(("ss", "us", "is")) and len(name) > 2:
        return name[:-1]
    return name


def name_score(column: str, table: str, key: str) -> int:
    """Say how much a column's name speaks for a reference to a table's key: 2 strongly, 1 a little, 0 nothing.

    Example:
        >>> name_score("customer_id", "customers", "id"), name_score("manager_id", "employees", "id")
        (2, 1)
        >>> name_score("carrier", "airlines", "carrier"), name_score("origin", "airports", "faa")
        (2, 0)
    """
    words, one, key_words = _words(column), _words(singular(table)), _words(key)
    column_text, table_text, key_text = "_".join(words), "_".join(one), "_".join(key_words)
    ends = {table_text, f"{table_text}_{key_text}", f"{table_text}_id", f"{''.join(one)}id", "_".join(_words(table))}
    if key_text not in _GENERIC:
        ends.add(key_text)
    if column_text in ends or any(column_text.endswith(f"_{end}") for end in ends - {table_text}):
        return 2
    return 1 if len(words) > 1 and words[-1] in (*_SUFFIXES, "by", key_text) else 0


def abbreviates(column: str, table: str) -> bool:
    """Return whether a column's name begins with a short form of a table's.

    Example:
        >>> [abbreviates(name, "customers") for name in ("cust_id", "cstm_no", "ref_id", "id")]
        [True, True, False, False]
    """
    stem = next((word for word in _words(column) if word not in _SUFFIXES), "")
    words = _words(singular(table))
    return len(stem) >= 3 and any(word[0] == stem[0] and _in_order(stem, word) for word in words)


def _in_order(letters: str, word: str) -> bool:
    rest = iter(word)
    return all(letter in rest for letter in letters)


def _words(name: str) -> list[str]:
    parted = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name)
    return [word for word in re.split(r"[\W_]+", parted.lower()) if word]


def _ascii(name: str) -> str:
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    return re.sub(r"[^A-Za-z0-9]+", "_", plain).strip("_")


def _allowed(name: str, prefix: str) -> str:
    if not name[:1].isalpha():
        name = f"{prefix}{name}"
    name = name[: _LONGEST - 1]
    return name if element_name_problem(name) is None else f"{name}_"
