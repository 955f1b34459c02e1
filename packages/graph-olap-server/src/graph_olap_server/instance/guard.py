"""The query guard: lets one reading statement through and refuses everything else, in words.

It judges by position, never by words anywhere: after a complete operand (a name, a value, a closing bracket) the next
word can only be an operator or a clause, and only there is ``SET`` a clause; as a property, label, alias, map key,
variable or function it is a name like any other. The engine's read-only transaction is the second line; it stops
writes to the graph, and the guard also stops what that transaction lets pass: files, settings, procedures, further
statements.
"""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from graph_olap_server.domain.errors import PlatformError, cypher_error
from graph_olap_server.instance.statement_limits import check_limits
from graph_olap_server.instance.tokens import (
    Token,
    TokenError,
    TokenKind,
    by_statement,
    parameter_names,
    strip_comments,
    tokenise,
)

__all__ = ["READ_ONLY_PROCEDURES", "GuardedStatement", "check_statement"]

READ_ONLY_PROCEDURES = frozenset(
    {
        "CATALOG_VERSION",
        "DB_VERSION",
        "QUERY_FTS_INDEX",
        "QUERY_VECTOR_INDEX",
        "SHOW_CONNECTION",
        "SHOW_INDEXES",
        "SHOW_TABLES",
        "TABLE_INFO",
    }
)
"""Procedures that CALL may name: they list what is in the graph and touch neither data, files nor settings."""


@dataclass(frozen=True, slots=True)
class GuardedStatement:
    """A statement that may run.

    Attributes:
        text: The statement without comments and closing semicolon; positions are those of the original.
        parameters: Names of the parameters that it uses.
        kind: ``read``, or ``explain`` or ``profile`` when it asks for a plan.
    """

    text: str
    parameters: frozenset[str]
    kind: Literal["read", "explain", "profile"]


@by_statement
def check_statement(text: str) -> GuardedStatement:
    """Check that a text is exactly one reading statement.

    Raises:
        PlatformError: ``RYUGRAPH_ERROR`` of kind ``syntax``, ``write_not_allowed`` or ``statement_not_allowed``, with
            the position of the word that is refused.

    Example:
        >>> check_statement("MATCH (n:Set {created: $day}) RETURN n.delete AS load;").parameters
        frozenset({'day'})
    """
    try:
        tokens = tokenise(text)
    except TokenError as error:
        raise cypher_error("syntax", str(error), text, error.position) from None
    tokens = _one_statement(tokens, text)
    prefix = tokens[0].keyword
    kind: Literal["read", "explain", "profile"] = "read"
    if prefix in ("EXPLAIN", "PROFILE"):
        kind = "explain" if prefix == "EXPLAIN" else "profile"
        skip = 2 if prefix == "EXPLAIN" and len(tokens) > 1 and tokens[1].keyword == "LOGICAL" else 1
        tokens = tokens[skip:]
        if not tokens:
            raise cypher_error("syntax", f"{prefix} needs a query after it.", text, len(text.rstrip()))
    _Walk(tokens, text).run()
    check_limits(tokens, text)
    return GuardedStatement(strip_comments(text[: tokens[-1].end]), parameter_names(tokens), kind)


_READING = frozenset({"MATCH", "OPTIONAL", "WITH", "UNWIND", "RETURN", "CALL"})

_WRITING = {
    "CREATE": "CREATE adds to the graph",
    "MERGE": "MERGE adds to the graph",
    "SET": "SET changes the graph",
    "DELETE": "DELETE changes the graph",
    "DETACH": "DETACH DELETE changes the graph",
    "REMOVE": "REMOVE changes the graph",
    "DROP": "DROP changes the schema",
    "ALTER": "ALTER changes the schema",
    "COMMENT": "COMMENT ON changes the schema",
    "IMPORT": "IMPORT DATABASE replaces the graph",
    "INSERT": "INSERT adds to the graph",
    "FOREACH": "FOREACH changes the graph",
}
_FOREIGN = {
    "LOAD": "LOAD reads files",
    "COPY": "COPY reads or writes files",
    "EXPORT": "EXPORT DATABASE writes files",
    "ATTACH": "ATTACH opens another database",
    "USE": "USE switches the database",
    "INSTALL": "INSTALL changes the engine",
    "UNINSTALL": "UNINSTALL changes the engine",
    "FORCE": "FORCE INSTALL changes the engine",
    "UPDATE": "UPDATE changes the engine",
    "BEGIN": "BEGIN controls transactions",
    "COMMIT": "COMMIT controls transactions",
    "ROLLBACK": "ROLLBACK controls transactions",
    "CHECKPOINT": "CHECKPOINT changes the engine",
    "PROJECT": "PROJECT GRAPH changes the engine",
}
_REFUSED_FUNCTIONS = frozenset({"NEXTVAL"})
_ADVICE = "Data comes from the mapping; algorithms write results through the SDK."

# After these words an operand follows; after any other word stands a complete operand.
_OPERATORS = frozenset(
    {
        *("AND", "OR", "XOR", "NOT", "IN", "IS", "STARTS", "ENDS", "CONTAINS"),
        *("CASE", "WHEN", "THEN", "ELSE", "AS", "ON", "BY", "DISTINCT"),
        *("WHERE", "ORDER", "SKIP", "LIMIT", "YIELD", "RETURN", "WITH", "UNWIND", "MATCH", "OPTIONAL"),
    }
)
# Of those, the ones that may stand where an operand is expected.
_PREFIXES = frozenset({"NOT", "CASE", "WHEN", "BY", "DISTINCT", "MATCH"})
_SUBQUERIES = frozenset({"EXISTS", "COUNT", "COLLECT", "CALL"})

_START, _OPERAND, _NAME, _COMPLETE = "start", "operand", "name", "complete"


class _Walk:
    """One pass over the tokens, with the state that tells what the next word can be."""

    def __init__(self, tokens: Sequence[Token], text: str) -> None:
        self._tokens = tokens
        self._text = text
        self._state = _START

    def run(self) -> None:
        for index, token in enumerate(self._tokens):
            if token.kind is TokenKind.WORD:
                self._state = self._word(index, token)
            elif token.kind is TokenKind.SYMBOL:
                self._state = self._symbol(index, token)
            else:
                if self._state == _START:
                    self._refuse_start(token)
                self._state = _COMPLETE

    def _word(self, index: int, token: Token) -> str:
        word, following = token.keyword, self._peek(index + 1)
        if self._state == _NAME or self._is_map_key(index):
            return _COMPLETE
        self._refuse_hidden(index, token)
        if self._state == _START:
            return self._clause(index, token)
        if self._state == _OPERAND:
            if word in _REFUSED_FUNCTIONS and following == "(":
                self._refuse("statement_not_allowed", token, f"{token.text} changes a sequence")
            return self._operand_word(index, word)
        if word in _WRITING or word in _FOREIGN:
            self._refuse_clause(index, token)
        if word == "UNION":
            return _START
        if word == "ALL" and self._keyword(index - 1) == "UNION":
            return _START
        if word == "CALL":
            return self._clause(index, token)
        return _OPERAND if word in _OPERATORS else _COMPLETE

    def _operand_word(self, index: int, word: str) -> str:
        before = self._keyword(index - 1)
        if word == "WITH" and before in ("STARTS", "ENDS"):
            return _OPERAND
        if before == "AS":
            return _NAME if self._peek(index + 1) == "." else _COMPLETE
        return _OPERAND if word in _PREFIXES and self._continues(index, word) else _COMPLETE

    def _continues(self, index: int, word: str) -> bool:
        # MATCH follows OPTIONAL, BY follows ORDER; elsewhere they are names.
        if word == "MATCH":
            return self._keyword(index - 1) == "OPTIONAL"
        if word == "BY":
            return self._keyword(index - 1) == "ORDER"
        return self._peek(index + 1) not in (",", ")", "]", "}", ".", "")

    def _symbol(self, index: int, token: Token) -> str:
        text, state = token.text, self._state
        if state == _START and text != "(":
            self._refuse_start(token)
        if text in ")]}":
            return _COMPLETE
        if text == "{" and self._opens_subquery(index):
            return _START
        if text in ".:" and state != _NAME:
            return _NAME if not (text == "." and self._peek(index + 1) == ".") else _OPERAND
        if text == "*" and state in (_OPERAND, _NAME):
            return _COMPLETE
        if text == "!" and state == _COMPLETE and self._peek(index + 1) != "=":
            return _COMPLETE
        return _OPERAND

    def _clause(self, index: int, token: Token) -> str:
        word = token.keyword
        if word == "ALL" and self._keyword(index - 1) == "UNION":
            return _START
        if word == "CALL":
            return self._call(index, token)
        if word in _READING:
            return _OPERAND
        self._refuse_start(token)
        raise AssertionError("unreachable")

    def _call(self, index: int, token: Token) -> str:
        if self._peek(index + 1) == "{":
            return _OPERAND
        name = self._tokens[index + 1] if index + 1 < len(self._tokens) else None
        if name is None:
            raise cypher_error("syntax", "CALL needs the name of a procedure.", self._text, token.end)
        allowed = ", ".join(sorted(procedure.lower() for procedure in READ_ONLY_PROCEDURES))
        follows = self._peek(index + 2)
        if follows == "=":
            self._refuse("statement_not_allowed", name, f"CALL {name.text} changes a setting of the engine")
        known = name.name.upper() in READ_ONLY_PROCEDURES
        if known and follows == "(":
            return _OPERAND
        if known:
            message = f"CALL {name.text} needs brackets: CALL {name.text}(...) RETURN *."
        else:
            parts = [token.name for token in self._tokens[index + 1 : index + 4]]
            called = "".join(parts) if follows == "." else name.name
            message = f"The procedure {called} may not be called. Use one of {allowed}; algorithms run via the SDK."
        raise cypher_error("statement_not_allowed", message, self._text, name.start)

    def _refuse_hidden(self, index: int, token: Token) -> None:
        # No reading statement has these pairs of words anywhere, so no position makes them harmless.
        if token.keyword == "LOAD" and self._keyword(index + 1) == "FROM":
            self._refuse_clause(index, token)
        is_call = token.keyword == "CALL" and self._peek(index + 2) in ("(", "=")
        if is_call and self._tokens[index + 1].is_name and self._state == _OPERAND:
            self._call(index, token)

    def _refuse_start(self, token: Token) -> None:
        word = token.keyword
        if word in _WRITING or word in _FOREIGN:
            self._refuse_clause(self._tokens.index(token), token)
        near = difflib.get_close_matches(word, sorted(_READING), 1)
        hint = (
            f" Did you mean {near[0]}?" if near else " Start with MATCH, OPTIONAL MATCH, WITH, UNWIND, RETURN or CALL."
        )
        raise cypher_error("syntax", f"A query cannot start with {token.text}.{hint}", self._text, token.start)

    def _refuse_clause(self, index: int, token: Token) -> None:
        word = token.keyword
        if word == "DETACH" and self._keyword(index + 1) != "DELETE":
            self._refuse("statement_not_allowed", token, "DETACH closes a database")
        if word == "COPY" and self._peek(index + 1) != "(":
            self._refuse("write_not_allowed", token, "COPY ... FROM changes the graph")
        if word in _WRITING:
            self._refuse("write_not_allowed", token, _WRITING[word])
        self._refuse("statement_not_allowed", token, _FOREIGN[word])

    def _refuse(self, kind: str, token: Token, reason: str) -> None:
        message = f"{reason}, which a query may not do: queries only read. {_ADVICE}"
        raise cypher_error(kind, message, self._text, token.start)

    def _is_map_key(self, index: int) -> bool:
        return self._peek(index + 1) == ":" and index > 0 and self._tokens[index - 1].text in ("{", ",")

    def _opens_subquery(self, index: int) -> bool:
        if index == 0 or self._tokens[index - 1].keyword not in _SUBQUERIES:
            return False
        is_map = self._peek(index + 2) == ":" or self._peek(index + 1) == "}"
        return not is_map

    def _keyword(self, index: int) -> str:
        return self._tokens[index].keyword if 0 <= index < len(self._tokens) else ""

    def _peek(self, index: int) -> str:
        if index >= len(self._tokens) or self._tokens[index].kind is not TokenKind.SYMBOL:
            return "" if index >= len(self._tokens) else " "
        return self._tokens[index].text


def _one_statement(tokens: list[Token], text: str) -> list[Token]:
    count = len(tokens)
    while count and tokens[count - 1].text == ";":
        count -= 1
    tokens = tokens[:count]
    if not tokens:
        raise cypher_error("syntax", "The query is empty. Write for example MATCH (n) RETURN n LIMIT 10.", text, 0)
    for index, token in enumerate(tokens):
        if token.text == ";" and token.kind is TokenKind.SYMBOL:
            raise _second_statement(tokens[index + 1], text)
    return tokens


def _second_statement(token: Token, text: str) -> PlatformError:
    message = f"Only one statement is allowed; a second one starts with {token.text}. Send each with its own call."
    return cypher_error("statement_not_allowed", message, text, token.start)
