"""The static check of analysts' SQL (rule V11): exactly one query that reads tables and yields the declared columns.

Everything is decided on tokens and the parsed tree, never by looking for words: a column named ``copy`` or a string
``'DROP TABLE'`` is harmless. The warehouse's own connection is the wall; this check is what explains it beforehand.
"""

from __future__ import annotations

import difflib
from collections.abc import Sequence

import sqlglot
from sqlglot import Token, TokenType, exp
from sqlglot.errors import ParseError, TokenError

from graph_olap_server.warehouse.sql_sources import function_name, refusal

__all__ = ["SqlProblem", "check_select", "trimmed"]


class SqlProblem(Exception):
    """The SQL cannot be part of a mapping.

    Attributes:
        message: One or two sentences for the analyst.
        position: Offset of the fault in the SQL as given, from 0, where one is known.
    """

    def __init__(self, message: str, position: int | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.position = position


def check_select(sql: str, dialect: str, columns: Sequence[str]) -> str:
    """Check that a text is one read-only query and return it without outer comments and semicolons.

    Args:
        sql: The analyst's text.
        dialect: sqlglot's name of the warehouse's dialect.
        columns: Declared column names; each must be in the select list when that is explicit.

    Returns:
        The query, unchanged from its first to its last token, so that text may safely follow on a new line.

    Raises:
        SqlProblem: The text is anything else.

    Example:
        >>> check_select("SELECT id FROM t; -- all of them", "duckdb", ["id"])
        'SELECT id FROM t'
    """
    tokens = _tokens(sql, dialect)
    if tokens[0].token_type not in _STARTS:
        raise SqlProblem(
            f"The SQL must be one query (SELECT, WITH ... SELECT, VALUES, TABLE or FROM); it starts with "
            f"{tokens[0].text.upper()}.",
            tokens[0].start,
        )
    for token in tokens:
        if token.token_type == TokenType.SEMICOLON:
            raise SqlProblem("The SQL must be one query; a second statement follows the semicolon.", token.start)
    query = sql[tokens[0].start : tokens[-1].end + 1]
    tree = _parse(query, dialect, tokens[0].start)
    _refuse_other_than_reading(tree, query, dialect, tokens[0].start)
    _check_columns(tree, columns)
    return query


def trimmed(sql: str, dialect: str) -> str:
    """Return a text from its first to its last token: without outer comments and trailing semicolons.

    Raises:
        SqlProblem: The text is empty, or a quote or comment is not closed.
    """
    tokens = _tokens(sql, dialect)
    return sql[tokens[0].start : tokens[-1].end + 1]


_STARTS = frozenset(
    {TokenType.SELECT, TokenType.WITH, TokenType.VALUES, TokenType.TABLE, TokenType.FROM, TokenType.L_PAREN}
)

_FORBIDDEN: dict[type[exp.Expr], str] = {
    exp.Into: "SELECT ... INTO",
    exp.Insert: "INSERT",
    exp.Update: "UPDATE",
    exp.Delete: "DELETE",
    exp.Merge: "MERGE",
    exp.Create: "CREATE",
    exp.Drop: "DROP",
    exp.Alter: "ALTER",
    exp.TruncateTable: "TRUNCATE",
    exp.Copy: "COPY",
    exp.Command: "a command",
    exp.Pragma: "PRAGMA",
    exp.Attach: "ATTACH",
    exp.Detach: "DETACH",
    exp.Set: "SET",
    exp.Use: "USE",
    exp.Lock: "FOR UPDATE",
    exp.Describe: "DESCRIBE",
    exp.Summarize: "SUMMARIZE",
    exp.Show: "SHOW",
}


def _tokens(sql: str, dialect: str) -> list[Token]:
    try:
        tokens = sqlglot.tokenize(sql, dialect=dialect)
    except TokenError as error:
        raise SqlProblem("The SQL has a quote or a comment that is not closed.") from error
    while tokens and tokens[-1].token_type == TokenType.SEMICOLON:
        tokens.pop()
    if not tokens:
        raise SqlProblem("The SQL is empty. Write one query, for example SELECT id FROM my_table.")
    return tokens


def _parse(query: str, dialect: str, offset: int) -> exp.Expr:
    try:
        trees = sqlglot.parse(query, dialect=dialect)
    except ParseError as error:
        detail = error.errors[0] if error.errors else {}
        near, line, column = detail.get("highlight"), detail.get("line"), detail.get("col")
        # sqlglot counts columns to the end of the token.
        position = _offset(query, line, column, len(near or "")) if line and column else None
        shown = f" near {near!r}" if near else ""
        where = f" (line {line}, column {max(column - len(near or '') + 1, 1)})" if line and column else ""
        raise SqlProblem(
            f"The SQL cannot be read{shown}{where}. Check the syntax.", None if position is None else position + offset
        ) from error
    except RecursionError:
        raise SqlProblem("The SQL is nested too deeply. Split it into WITH clauses.") from None
    tree = trees[0]
    if len(trees) != 1 or not isinstance(tree, exp.Query | exp.Values):
        name = type(tree).__name__.upper()
        raise SqlProblem(f"The SQL must be one query; {name} is a statement of another kind.", offset)
    return tree


def _offset(query: str, line: int, column: int, length: int) -> int:
    start = sum(len(text) for text in query.splitlines(keepends=True)[: line - 1])
    return max(start + column - length, 0)


def _refuse_other_than_reading(tree: exp.Expr, query: str, dialect: str, offset: int) -> None:
    for node in tree.walk():
        for kind, name in _FORBIDDEN.items():
            if isinstance(node, kind):
                raise SqlProblem(f"The SQL may only read; it contains {name}.")
        if isinstance(node, exp.CTE) and not isinstance(node.this, exp.Query | exp.Values):
            raise SqlProblem(f"WITH {node.alias} AS (...) must hold a query.")
        if isinstance(node, exp.Placeholder | exp.Parameter | exp.SessionParameter):
            raise SqlProblem("The SQL contains a parameter; write the value itself.")
        if isinstance(node, exp.Table | exp.Func) and (refused := refusal(node, query, dialect)) is not None:
            raise SqlProblem(refused.message, None if refused.position is None else refused.position + offset)


def _check_columns(tree: exp.Expr, columns: Sequence[str]) -> None:
    names = _select_list(tree)
    if names is None:
        return
    known = {name.lower() for name in names}
    for column in columns:
        if column.lower() not in known:
            near = difflib.get_close_matches(column.lower(), sorted(known), 1)
            hint = next(
                (f"Did you mean {name}?" for name in names if near and name.lower() == near[0]),
                f"Add it, or name an expression with AS {column}.",
            )
            listed = ", ".join(name for name in names if name) or "no named columns"
            raise SqlProblem(f"Column {column} is not in the select list ({listed}). {hint}")


def _select_list(tree: exp.Expr) -> list[str] | None:
    """Return the names of an explicit select list, ``None`` when the columns cannot be told from the text."""
    if isinstance(tree, exp.Subquery):
        return _select_list(tree.this) if isinstance(tree.this, exp.Query) else None
    if isinstance(tree, exp.SetOperation):
        left = _select_list(tree.this)
        if not tree.args.get("by_name"):
            return left
        right = _select_list(tree.expression)
        return None if left is None or right is None else [*left, *right]
    if not isinstance(tree, exp.Select):
        return None
    names: list[str] = []
    for projection in tree.expressions:
        if projection.is_star or isinstance(projection, exp.Explode | exp.Unnest | exp.Columns):
            return None
        names.append(projection.output_name or _implicit_name(projection))
    return names or None


def _implicit_name(projection: exp.Expr) -> str:
    """Name what databases name by themselves, such as ``current_date``."""
    return function_name(projection) if isinstance(projection, exp.Func) and not projection.args.get("this") else ""
