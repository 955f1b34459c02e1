"""What the engines' dialect has for habits of other ones: Neo4j's Cypher, GQL and SQL."""

from __future__ import annotations

import re

__all__ = ["function_instead", "meaning_instead", "words_instead"]


def function_instead(name: str) -> str | None:
    """Return what to write for a function that the engines lack; ``None`` for one that is known nowhere.

    Example:
        >>> function_instead("tointeger")
        'CAST(x AS INT64)'
    """
    return _FUNCTIONS.get(name)


def words_instead(rest: str) -> str | None:
    """Return what to write for words that could not be read; ``rest`` is the statement from them on.

    Example:
        >>> words_instead("BETWEEN 1 AND 3 RETURN n")
        'x >= low AND x <= high'
    """
    return next((text for pattern, text in _WORDS if re.match(pattern, rest, re.IGNORECASE)), None)


def meaning_instead(body: str, statement: str) -> str | None:
    """Return the whole error where what was read has another meaning here.

    Args:
        body: What the engine said.
        statement: The statement as the analyst wrote it.
    """
    if match := _FIELD.search(body):
        value, kind = match.groups()
        parts = f" Write date_part('year', {value})." if kind.startswith(("DATE", "TIMESTAMP", "INTERVAL")) else ""
        return f"{value} is of type {kind}, which has no fields.{parts}"
    if _COMPREHENSION.search(statement) and ("not in scope" in body or "BITWISE_OR" in body):
        return (
            "Lists of what a pattern finds are made by collect: OPTIONAL MATCH (a)-->(b) WITH a, collect(b.name) AS l."
        )
    for pattern, message in _MEANINGS:
        if match := re.search(pattern, body):
            return message.format(*match.groups())
    return None


_FUNCTIONS = {
    "datetime": "timestamp('2024-05-01 12:00:00')",
    "day": "date_part('day', x)",
    "elementid": "id(x)",
    "endnode": "the name of the node: MATCH (a)-[r]->(b) RETURN b",
    "exp": "2.718281828459045 ^ x",
    "head": "list[1]",
    "last": "list[-1]",
    "localdatetime": "timestamp('2024-05-01 12:00:00')",
    "month": "date_part('month', x)",
    "now": "current_timestamp()",
    "percentilecont": "list_sort(collect(x)), or take the quantile of a DataFrame: conn.query_df(...)",
    "percentiledisc": "list_sort(collect(x)), or take the quantile of a DataFrame: conn.query_df(...)",
    "power": "x ^ y",
    "rand": "md5(CAST(n.id AS STRING)) to sort by for a sample",
    "random": "md5(CAST(n.id AS STRING)) to sort by for a sample",
    "reduce": "list_sum(list), or list_reduce(list, (a, b) -> a + b)",
    "replace": "regexp_replace(text, 'pattern', 'new', 'g')",
    "split": "string_split(text, ' ')",
    "startnode": "the name of the node: MATCH (a)-[r]->(b) RETURN a",
    "stdev": "sqrt(avg(x * x) - avg(x) ^ 2), or take that of a DataFrame: conn.query_df(...)",
    "stdevp": "sqrt(avg(x * x) - avg(x) ^ 2)",
    "tail": "list[2:]",
    "toboolean": "CAST(x AS BOOL)",
    "tofloat": "CAST(x AS DOUBLE)",
    "tointeger": "CAST(x AS INT64)",
    "year": "date_part('year', x)",
}
_WORDS = (
    (r"!=", "<> for 'not equal'"),
    (r"BETWEEN\b", "x >= low AND x <= high"),
    (r"(all)?shortestPaths?\b", "MATCH p = (a)-[* SHORTEST 1..5]->(b), or ALL SHORTEST"),
    (r"\((\(|\w*\)\s*[-<])", "EXISTS { MATCH (a)-->(b) } for a pattern as a condition"),
    (r":\s*\w", "label(n) = 'Label' for a label as a condition"),
    (r"\|\s*\w+\s*[){]", "(n:One:Two) for alternatives of labels"),
    (r"\|\s", "a + b to join texts"),
    (r"\(\s*\w+\.\w+\s*\)", "n.name IS NOT NULL for a property that is there"),
    (r"\{\s*\.\w", "{name: n.name} for some properties as one value, or RETURN n.*"),
    (r"\{\s*\d*\s*,?\s*\d*\s*\}", "[:TYPE*1..3] for a pattern that repeats"),
    (r"[+*]\s*\(", "[:TYPE*1..3] for a pattern that repeats"),
    (
        r"\{\s*(WITH|MATCH|OPTIONAL|RETURN|UNWIND)\b",
        "OPTIONAL MATCH (n)-->(m) WITH n, count(m) AS c in place of a subquery in CALL",
    ),
    (r"NULLS\s+(FIRST|LAST)\b", "ORDER BY n.age IS NULL, n.age for nulls at the end"),
    (r"WHERE\b", "WHERE behind the whole pattern: MATCH (n:Label)-->(m) WHERE n.age > 1"),
    (r"HAVING\b|GROUP\s+BY\b", "WITH n.city AS city, count(*) AS c WHERE c > 1 for groups and conditions on them"),
    (r'"', "names in backticks, texts in quotes: RETURN n.name AS `first name`"),
)
_FIELD = re.compile(r"^(.+) has data type (\S+(?:\(.*\))?) but \(NODE,REL,STRUCT,ANY\) was expected")
_COMPREHENSION = re.compile(r"\[\s*(\w+\s*=\s*)?\([^\[\]]*\)\s*(<-|--|-\[)")
_MEANINGS = (
    (
        r"Cannot compare types (?:SERIAL and DOUBLE|DOUBLE and SERIAL)",
        "A number computed from an INT32 property is compared with a DOUBLE, which the engine cannot do. "
        "Write CAST(n.age AS INT64) in the computation.",
    ),
    (r"Function (?:TO_)?DATE did not .*Actual:\s*\(\)", "date needs a text. Write current_date() for today."),
    (
        r"Function (?:TO_)?TIMESTAMP did not .*Actual:\s*\(\)",
        "timestamp needs a text. Write current_timestamp() for now.",
    ),
    (
        r"Function ID did not .*Actual:\s*\((\w+)",
        "A value of type {0} stands where a node or relationship is needed, in a pattern or in id(...).",
    ),
    (r"parsing interval\. Given: \"(.*)\"", "\"{0}\" is no interval. Write interval('3 days 2 hours')."),
    (
        r"Function PROPERTIES did not .*Actual:\s*\((?:NODE|REL)\)",
        "properties takes a list of nodes or relationships. Write RETURN n for one with all that it has, or n.*.",
    ),
)
