"""From the algebra of a query to one statement of SQL over the release's index."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace

from graph.query.sql.algebra import (
    Constant,
    ExistsTest,
    Expression,
    ExtendPattern,
    FilterPattern,
    FunctionCall,
    InlineData,
    JoinPattern,
    LeftJoinPattern,
    MinusPattern,
    NamedGraphPattern,
    NegatedStep,
    PathPattern,
    Pattern,
    Selection,
    Slot,
    Term,
    TriplePattern,
    UnionPattern,
    UnsupportedError,
    Variable,
    bound_names,
    check_inner_patterns,
    constants_as_values,
    has_minus,
    is_hidden,
    is_separable,
    names_in,
    uses_of_names,
    variables_of,
)
from graph.query.sql.index_lookup import IndexReader, Known
from graph.query.sql.solution_blocks import (
    LEXICON_PARTS,
    LONGEST_EXPRESSION,
    ActiveGraph,
    PathCompiler,
    SelectBlock,
    SolutionColumn,
    SqlStatement,
    merged,
    nothing,
    numbered,
    shared_names,
)
from graph.query.sql.sql_aggregates import aggregate, order_terms
from graph.query.sql.sql_expressions import ExpressionCompiler
from graph.query.sql.sql_values import ANY_KIND, EXACT, IRI, NOTHING, UNTOLD, ConstantValue, IndexedValue, ValueInSql

LONGEST_STATEMENT, MOST_ROWS = 50_000, 100_000
MOST_COMPUTED = 1_000_000
"""Of so many rows what a doubtful condition is to see is computed first; more need not fit into memory."""
LOWERED = "CAST(lower("
"""In a condition that takes long for each text: it is not to be asked of the whole lexicon, either."""


@dataclass(frozen=True, slots=True)
class CompiledQuery:
    """A statement, and what its columns are.

    Attributes:
        sql: the statement.
        names: the variables that it has, in the order of its columns.
        structs: those whose column has terms that were computed; the others have ids.
        order: by which of them its rows are still to be sorted, IRIs or exact numbers, and whether in descending order.
    """

    sql: str
    names: tuple[str, ...]
    structs: frozenset[str]
    order: tuple[tuple[str, bool], ...] = ()


def compiled(
    query: Selection,
    known: Known,
    graph: ActiveGraph,
    named: tuple[int, ...] | None,
    index: IndexReader,
) -> CompiledQuery:
    """Return the statement that finds the solutions of a query.

    Args:
        query: its algebra.
        known: its constants with their numbers, those that the index does not have included.
        graph: its default graph.
        named: the named graphs that it sees; None for all.
        index: says how many objects a predicate has, and of which kinds.

    Raises:
        UnsupportedError: it cannot be told exactly.
    """
    return _PatternCompiler(known, named, uses_of_names(query), index).whole(query, graph)


class _PatternCompiler:
    """Compiles the patterns of one query."""

    def __init__(self, known: Known, named: tuple[int, ...] | None, uses: Counter[str], index: IndexReader) -> None:
        self._known, self._named, self._uses, self._index = known, named, uses, index
        self._statement = SqlStatement()
        self._paths = PathCompiler(self._statement, known)

    def whole(self, query: Selection, graph: ActiveGraph) -> CompiledQuery:
        """Compile a query with its order and its slice."""
        block = self._selected(query, graph)
        later = _later_order(query, block)
        names, order = self._in_order(replace(query, order=()) if later else query, block)
        most = MOST_ROWS + 1 if query.limit is None else min(query.limit, MOST_ROWS + 1)
        sql = block.text(names) + order + _slice(replace(query, limit=most))
        structs = frozenset(name for name in names if block.columns[name].is_struct)
        return CompiledQuery(self._with_parts(sql, constants_as_values(query)), tuple(names), structs, later)

    def _with_parts(self, sql: str, values: frozenset[Term]) -> str:
        unknown = [each for each in self._known.values() if each.id < 0 and each.term in values]
        rows = ", ".join(
            f"(CAST({each.id} AS BIGINT), {each.text}, {each.tag}, {each.exact}, {each.approximate})"
            for each in unknown
        )
        # what the index does not have is part of the lexicon of this query, so that it has a number, too
        more = f" UNION ALL SELECT * FROM (VALUES {rows}) AS u(id, text, tag, exact, approximate)" if unknown else ""
        parts = [f"lexicon AS NOT MATERIALIZED (SELECT id, text, tag, exact, approximate FROM terms{more})"]
        parts += [f"{head}({text})" for head, text in self._statement.parts]
        whole = f"WITH RECURSIVE {', '.join(parts)} {sql}"
        if len(whole) > LONGEST_STATEMENT:
            raise UnsupportedError  # expressions of expressions, which would take longer to plan than to evaluate
        return whole

    # Expressions

    def _expressions(
        self, block: SelectBlock, graph: ActiveGraph, outer: SelectBlock | None = None
    ) -> ExpressionCompiler:
        """Return what compiles expressions over a block, and over the block around an EXISTS where it has one."""

        def variable(name: str) -> ValueInSql:
            for each in (block, outer) if outer is not None else (block,):
                if name in each.columns:
                    return self._statement.value(each, each.columns[name])
            return NOTHING

        def exists(test: ExistsTest) -> str:
            if outer is not None:
                raise UnsupportedError
            return self._exists(test, block, graph)

        return ExpressionCompiler(variable, self._constant, exists)

    def _constant(self, constant: Constant) -> ConstantValue:
        return self._known[constant.term]

    def _number(self, term: Term) -> int:
        return self._known[term].id

    # Patterns

    def pattern(self, pattern: Pattern, graph: ActiveGraph) -> SelectBlock:
        """Compile a pattern in a graph."""
        return _COMPILERS[type(pattern)](self, pattern, graph)

    def _triple(self, pattern: TriplePattern, graph: ActiveGraph) -> SelectBlock:
        parts = {"s": pattern.subject, "p": pattern.predicate, "o": pattern.object}
        fixed = {place for place, slot in parts.items() if isinstance(slot, Constant)}
        # each table is sorted by predicate, so that zones of rows are left out where that is known
        table = "by_object" if "o" in fixed and "s" not in fixed else "by_subject"
        block, alias = SelectBlock(), self._statement.fresh("t")
        block.add(f"{table} AS {alias}")
        kinds = {"s": frozenset({IRI}), "p": frozenset({IRI}), "o": ANY_KIND}
        if isinstance(pattern.predicate, Constant):
            predicate = self._number(pattern.predicate.term)
            kinds["o"], block.rows = self._index.kinds(predicate) or ANY_KIND, self._index.of_predicate(predicate)
        for place, slot in parts.items():
            self._put(block, slot, f"{alias}.{place}", kinds[place])
        graph.restrict(block, alias, self._statement)
        return block

    def _put(self, block: SelectBlock, slot: Slot, sql: str, kinds: frozenset[int] = ANY_KIND) -> None:
        """Bind a subject, predicate or object to a column of ids."""
        if isinstance(slot, Constant):
            block.conditions.append(f"{sql} = {self._number(slot.term)}")
        elif slot.name in block.columns:
            column = block.columns[slot.name]
            block.conditions.append(f"{sql} = {column.sql}")
            block.columns[slot.name] = replace(column, kinds=column.kinds & kinds or kinds)
        else:
            block.columns[slot.name] = SolutionColumn(sql, is_struct=False, is_certain=True, kinds=kinds)

    def _path(self, pattern: PathPattern, graph: ActiveGraph) -> SelectBlock:
        return self._with_path(SelectBlock(), pattern, graph, frozenset())

    def _with_path(
        self, block: SelectBlock, pattern: PathPattern, graph: ActiveGraph, nodes: frozenset[str]
    ) -> SelectBlock:
        """Join a path to a block; its search begins with what the block binds, where it binds an end.

        Args:
            block: what the path is joined to.
            pattern: the path.
            graph: where it leads.
            nodes: variables of the block that are surely bound to subjects or objects of the graph.
        """
        if isinstance(pattern.path, NegatedStep):
            if not any(self._uses[name] == 1 for name in self._names_of(pattern)):
                # Between ends that are both bound elsewhere the engine counts one solution, else one a triple
                raise UnsupportedError
            return self._join(block, self._paths.negated(pattern, graph, self._put))
        starts = None
        names = [each.name for each in (pattern.subject, pattern.object) if isinstance(each, Variable)]
        fixed = len(names) < 2
        bound = [name for name in names if name in block.columns and not block.columns[name].is_struct]
        if any(name in block.columns and not block.columns[name].is_certain for name in names):
            raise UnsupportedError
        if pattern.path.sign != "+" and any(name in block.columns and name not in nodes for name in names):
            # Of what no triple has, a path of no step leads to nothing (18.4), and the engine may say otherwise
            raise UnsupportedError
        if bound and not fixed and len(set(names)) == 2:
            block = self._statement.closed(block, is_kept=True)
            (_, item), *_ = block.items
            starts = (bound[0], f"SELECT DISTINCT {block.columns[bound[0]].sql} AS n FROM {item}")
        return self._join(block, self._paths.repeated(pattern, graph, starts, self._put))

    def _joined_parts(self, pattern: JoinPattern, graph: ActiveGraph) -> SelectBlock:
        """Compile patterns that are joined: paths last, so that they begin with what the others bind."""
        block = SelectBlock()
        paths = [each for each in pattern.parts if isinstance(each, PathPattern)]
        triples = [each for each in pattern.parts if isinstance(each, TriplePattern)]
        nodes = {slot.name for each in triples for slot in (each.subject, each.object) if isinstance(slot, Variable)}
        for part in pattern.parts:
            if not isinstance(part, PathPattern):
                block = self._join(block, self.pattern(part, graph))
        while paths:
            connected = (each for each in paths if self._names_of(each) & block.columns.keys())
            # those with a constant early: what it leads to without a step need not be of any triple
            path = next(connected, min(paths, key=lambda each: len(self._names_of(each))))
            paths.remove(path)
            block = self._with_path(block, path, graph, frozenset(nodes))
            if isinstance(path.path, NegatedStep) or path.path.sign == "+" or len(self._names_of(path)) == 2:
                nodes |= self._names_of(path)  # else a constant may lead to itself, of which there need be no triple
        return block

    def _names_of(self, path: PathPattern) -> set[str]:
        return {each.name for each in (path.subject, path.object) if isinstance(each, Variable)}

    def _join(self, left: SelectBlock, right: SelectBlock) -> SelectBlock:
        """Join two blocks on what they share: variables that one of them leaves unbound agree with everything."""
        if not left.items and not left.conditions and not left.columns:
            return right
        block = merged(left, right)
        for name, column in right.columns.items():
            if name not in left.columns:
                block.columns[name] = column
                continue
            one, other = self._alike(block, left.columns[name], column)
            block.conditions.append(_agreement(one, other))
            block.columns[name] = _either(one, other)
        return block

    def _alike(
        self, block: SelectBlock, one: SolutionColumn, other: SolutionColumn
    ) -> tuple[SolutionColumn, SolutionColumn]:
        """Return two columns in one form."""
        if one.is_struct == other.is_struct:
            return one, other
        return self._as_struct(block, one), self._as_struct(block, other)

    def _as_struct(self, block: SelectBlock, column: SolutionColumn) -> SolutionColumn:
        if column.is_struct:
            return column
        return replace(column, sql=self._statement.value(block, column).struct, is_struct=True)

    def _left_join(self, pattern: LeftJoinPattern, graph: ActiveGraph) -> SelectBlock:
        left, right = self.pattern(pattern.left, graph), self.pattern(pattern.right, graph)
        _check_of_one_graph(left, graph)
        alias = self._statement.fresh("a")
        names = numbered(right)
        for name in shared_names(left, right):
            if left.columns[name].is_struct != right.columns[name].is_struct or not right.columns[name].is_certain:
                # What an inner OPTIONAL binds by itself, the engine looks up with what the outer one has bound
                raise UnsupportedError
        check_inner_patterns(pattern.right, frozenset(left.columns))
        extra = list[str]()
        inner = {name: replace(right.columns[name], sql=f"{alias}.{column}") for name, column in names.items()}
        conditions = [_agreement(left.columns[name], inner[name]) for name in shared_names(left, right)]
        conditions += self._left_conditions(pattern.conditions, left, right, inner, alias, extra)
        text = right.text(names, tuple(extra))
        left.add(f"({text}) AS {alias} ON {' AND '.join(f'({each})' for each in conditions) or 'true'}", "LEFT JOIN")
        for name, column in inner.items():
            optional = replace(column, is_certain=False)
            left.columns[name] = _either(left.columns[name], optional) if name in left.columns else optional
        return left

    def _left_conditions(
        self, conditions: tuple[Expression, ...], left: SelectBlock, right: SelectBlock,
        inner: dict[str, SolutionColumn], alias: str, extra: list[str],
    ) -> list[str]:  # fmt: skip
        """Compile the conditions of an OPTIONAL, which see both sides; the lexicon is joined on its own side."""
        exported = dict[str, str]()

        def joined(name: str) -> str:
            if name not in exported:
                prefix = self._statement.joined(right, right.columns[name])
                number = len(exported)
                exported[name] = f"{alias}.l{number}_"
                extra.extend(f"{prefix}{part} AS l{number}_{part}" for part in LEXICON_PARTS)
            return exported[name]

        def variable(name: str) -> ValueInSql:
            if name in left.columns and (left.columns[name].is_certain or name not in inner):
                return self._statement.value(left, left.columns[name])
            if name not in inner:
                return NOTHING
            if name in left.columns:
                raise UnsupportedError
            value = self._statement.value(right, inner[name])
            return value if inner[name].is_struct else _exported(value, lambda: joined(name))

        def exists(_: ExistsTest) -> str:
            raise UnsupportedError

        compiler = ExpressionCompiler(variable, self._constant, exists)
        return [compiler.truth(each) for condition in conditions for each in conjuncts(condition)]

    def _union(self, pattern: UnionPattern, graph: ActiveGraph) -> SelectBlock:
        arms = [self.pattern(each, graph) for each in pattern.arms]
        names = {name: f"c{n}" for n, name in enumerate(dict.fromkeys(name for arm in arms for name in arm.columns))}
        whole = SelectBlock()
        for name in names:
            found = [arm.columns[name] for arm in arms if name in arm.columns]
            whole.columns[name] = SolutionColumn(
                "", any(each.is_struct for each in found),
                len(found) == len(arms) and all(each.is_certain for each in found),
                frozenset().union(*(each.kinds for each in found)),
            )  # fmt: skip
        texts = []
        for arm in arms:
            for name, column in whole.columns.items():
                if name not in arm.columns:
                    arm.columns[name] = SolutionColumn(nothing(column.is_struct), column.is_struct, is_certain=False)
                elif column.is_struct:
                    arm.columns[name] = self._as_struct(arm, arm.columns[name])
            texts.append(arm.text(names))
        whole.rows = sum(arm.rows for arm in arms)
        name = self._statement.close(" UNION ALL ".join(texts))
        return self._statement.reading(name, whole, names)

    def _minus(self, pattern: MinusPattern, graph: ActiveGraph) -> SelectBlock:
        left, right = self.pattern(pattern.left, graph), self.pattern(pattern.right, graph)
        _check_of_one_graph(left, graph)
        shared = list(shared_names(left, right))
        domain = [name for name in shared if name != graph.variable]
        if not domain:
            return left
        if any(left.columns[name].is_struct != right.columns[name].is_struct for name in shared):
            raise UnsupportedError
        alias, names = self._statement.fresh("a"), numbered(right)
        inner = {name: replace(right.columns[name], sql=f"{alias}.{names[name]}") for name in shared}
        conditions = [_agreement(left.columns[name], inner[name]) for name in shared]
        if not any(left.columns[name].is_certain and inner[name].is_certain for name in domain):
            both = (f"({left.columns[name].sql} IS NOT NULL AND {inner[name].sql} IS NOT NULL)" for name in domain)
            conditions.append(f"({' OR '.join(both)})")
        where = " AND ".join(f"({each})" for each in conditions)
        left.conditions.append(f"NOT EXISTS (SELECT 1 FROM ({right.text(names)}) AS {alias} WHERE {where})")
        return left

    def _filter(self, pattern: FilterPattern, graph: ActiveGraph) -> SelectBlock:
        block = self.pattern(pattern.pattern, graph)
        return self._kept(block, pattern.conditions, graph)

    def _kept(self, block: SelectBlock, conditions: tuple[Expression, ...], graph: ActiveGraph) -> SelectBlock:
        """Return a block with those rows for which conditions are true."""
        if graph.named_as is not None and any(graph.named_as in variables_of(each) for each in conditions):
            raise UnsupportedError
        compiler = self._expressions(block, graph)
        doubtful = dict[Expression, str]()
        for condition in (each for whole in conditions for each in conjuncts(whole)):
            text = compiler.truth(condition)
            is_doubtful = UNTOLD in text or LOWERED in text
            if is_doubtful and "EXISTS" not in text and len(block.items) > 1 and block.rows < MOST_COMPUTED:
                doubtful[condition] = text
            else:
                block.conditions.append(text)
        if doubtful:
            block = self._statement.computed(block, [*doubtful.values()])
            compiler = self._expressions(block, graph)
            block.conditions += map(compiler.truth, doubtful)
        return block

    def _exists(self, test: ExistsTest, outer: SelectBlock, graph: ActiveGraph) -> str:
        """Compile EXISTS: a solution of the pattern that agrees with the present one in all variables (18.6)."""
        _check_of_one_graph(outer, graph)
        pattern, conditions = test.pattern, tuple[Expression, ...]()
        if isinstance(test.pattern, FilterPattern):
            pattern, conditions = test.pattern.pattern, test.pattern.conditions
        seen = frozenset(outer.columns)
        inside = uses_of_names(test.pattern)
        if any(name not in seen and self._uses[name] > inside[name] for name in inside):
            raise UnsupportedError  # of a variable that only another group binds, the engine takes the value
        if (
            has_minus(pattern)
            or not is_separable(pattern, seen)
            or (graph.named_as is not None and graph.named_as in names_in(test.pattern))
        ):
            raise UnsupportedError
        inner = self.pattern(pattern, graph)
        shared = list(shared_names(outer, inner))
        if not all(inner.columns[name].is_certain for name in shared):
            raise UnsupportedError
        if any(outer.columns[name].is_struct != inner.columns[name].is_struct for name in shared):
            raise UnsupportedError
        inner.conditions += [_agreement(outer.columns[name], inner.columns[name]) for name in shared]
        compiler = self._expressions(inner, graph, outer)
        for condition in conditions:
            inner.conditions += [compiler.truth(each) for each in conjuncts(condition)]
        return f"{'NOT ' if test.is_negated else ''}EXISTS (SELECT 1{inner.source()})"

    def _extended(self, pattern: ExtendPattern, graph: ActiveGraph) -> SelectBlock:
        block = self.pattern(pattern.pattern, graph)
        return self._extend(block, pattern.name, pattern.expression, graph)

    def _extend(self, block: SelectBlock, name: str, expression: Expression, graph: ActiveGraph) -> SelectBlock:
        if name in block.columns:
            raise UnsupportedError
        if graph.named_as is not None and graph.named_as in (name, *variables_of(expression)):
            raise UnsupportedError
        value = self._expressions(block, graph).value(expression)
        column = column_of(value)
        if isinstance(expression, Variable) and expression.name in block.columns:
            column = block.columns[expression.name]
        block.columns[name] = column
        return self._statement.closed(block) if len(column.sql) > LONGEST_EXPRESSION else block

    def _data(self, pattern: InlineData, graph: ActiveGraph) -> SelectBlock:  # noqa: ARG002
        block, alias = SelectBlock(), self._statement.fresh("v")
        columns = ", ".join(f"c{number}" for number in range(len(pattern.names)))
        rows = ", ".join(
            "("
            + ", ".join(
                "CAST(NULL AS BIGINT)" if term is None else f"CAST({self._number(term)} AS BIGINT)" for term in row
            )
            + ")"
            for row in pattern.rows
        )
        if not pattern.names:
            block.add(f"(SELECT 1 FROM range({len(pattern.rows)})) AS {alias}")
        elif not rows:
            nulls = ", ".join(f"{nothing(is_struct=False)} AS c{number}" for number in range(len(pattern.names)))
            block.add(f"(SELECT {nulls} WHERE false) AS {alias}")
        else:
            block.add(f"(VALUES {rows}) AS {alias}({columns})")
        for number, name in enumerate(pattern.names):
            certain = all(row[number] is not None for row in pattern.rows)
            block.columns[name] = SolutionColumn(f"{alias}.c{number}", is_struct=False, is_certain=certain)
        return block

    def _graph(self, pattern: NamedGraphPattern, graph: ActiveGraph) -> SelectBlock:  # noqa: ARG002
        if isinstance(pattern.graph, Constant):
            number = self._number(pattern.graph.term)
            seen = self._named is None or number in self._named
            if not bound_names(pattern.pattern, triples_only=True):
                raise UnsupportedError  # whether there is such a graph, the index does not always know
            return self.pattern(pattern.pattern, ActiveGraph.of((number,) if seen else ()))
        name = pattern.graph.name
        hidden = self._statement.fresh(".g")
        inside = ActiveGraph.each(self._named, hidden, name)
        block = self.pattern(pattern.pattern, inside)
        if hidden not in block.columns or not block.columns[hidden].is_certain:
            raise UnsupportedError
        column = block.columns.pop(hidden)
        if name in block.columns:
            if block.columns[name].is_struct:
                raise UnsupportedError
            block.conditions.append(_agreement(column, block.columns[name]))
        block.columns[name] = column
        return block

    # Queries

    def _subselection(self, pattern: Selection, graph: ActiveGraph) -> SelectBlock:
        if graph.variable is not None and (pattern.limit is not None or pattern.offset or pattern.keys == ()):
            raise UnsupportedError  # it would be one of each graph
        block = self._selected(pattern, graph)
        kept = {name: block.columns[name] for name in pattern.names}
        if graph.variable is not None:
            if graph.variable not in block.columns:
                raise UnsupportedError
            kept[graph.variable] = block.columns[graph.variable]
        if pattern.limit is None and not pattern.offset:
            block.columns = kept
            return block if pattern.keys is None and not pattern.is_distinct else self._statement.closed(block)
        names, order = self._in_order(pattern, block)
        text = block.text(names) + order + _slice(pattern)
        return self._statement.reading(self._statement.close(text, is_kept=True), block, names)

    def _selected(self, query: Selection, graph: ActiveGraph) -> SelectBlock:
        """Compile a query up to its projection; where it is distinct, the block has only what is selected."""
        block = self.pattern(query.where, graph)
        if query.keys is not None:
            self._check_grouped(query)
            block = self._grouped(query, block, graph)
            block = self._kept(block, query.having, graph)
        if query.data is not None:
            block = self._join(block, self._data(query.data, graph))
        for name, expression in query.bindings:
            block = self._extend(block, name, expression, graph)
        for name in query.names:
            if name not in block.columns:
                block.columns[name] = SolutionColumn(nothing(is_struct=False), is_struct=False, is_certain=False)
        if query.is_distinct:
            spoken = frozenset().union(*(variables_of(each.expression) for each in query.order))
            if not spoken <= set(query.names):
                raise UnsupportedError
            kept = (*query.names, *([graph.variable] if graph.variable is not None else ()))
            if any(name not in block.columns for name in kept):
                raise UnsupportedError
            block.columns = {name: block.columns[name] for name in kept}
            names = numbered(block)
            text = block.text(names).replace("SELECT ", "SELECT DISTINCT ", 1)
            block = self._statement.reading(self._statement.close(text), block, names)
        return block

    def _check_grouped(self, query: Selection) -> None:
        """Leave to the engine what speaks of variables that a group does not have."""
        known = {name for name, _ in query.keys or ()} | {name for name, _ in query.aggregates}
        known |= set(query.data.names) if query.data is not None else set()
        for name, expression in query.bindings:
            if not variables_of(expression) <= known:
                raise UnsupportedError
            known.add(name)
        spoken = frozenset().union(
            *(variables_of(each) for each in (*query.having, *(c.expression for c in query.order)))
        )
        if not (spoken | set(query.names)) <= known:
            raise UnsupportedError

    def _grouped(self, query: Selection, block: SelectBlock, graph: ActiveGraph) -> SelectBlock:
        _check_of_one_graph(block, graph)
        compiler = self._expressions(block, graph)
        found = SelectBlock()
        for name, expression in query.keys or ():
            column = block.columns.get(name) if isinstance(expression, Variable) else None
            found.columns[name] = column or column_of(compiler.value(expression))
        if graph.variable is not None and query.keys:
            found.columns[graph.variable] = block.columns[graph.variable]
        keys = [column.sql for column in found.columns.values()]
        everything = [column for name, column in block.columns.items() if not is_hidden(name)]
        has_hidden = len(everything) < len(block.columns)
        for name, function in query.aggregates:
            argument = compiler.value(function.argument) if function.argument is not None else None
            if argument is None and function.is_distinct and has_hidden:
                raise UnsupportedError
            found.columns[name] = aggregate(function, argument, [each.sql for each in everything])
        names = numbered(found)
        selected = ", ".join(f"{found.columns[name].sql} AS {column}" for name, column in names.items())
        text = f"SELECT {selected or '1 AS one'}{block.source()}"
        if query.keys:
            text += f" GROUP BY {', '.join(dict.fromkeys(keys))}"
        elif not query.aggregates:
            text = f"SELECT 1 AS one FROM (SELECT count(*) {block.source()})"
        return self._statement.reading(self._statement.close(text), found, names)

    def _in_order(self, query: Selection, block: SelectBlock) -> tuple[dict[str, str], str]:
        names = {name: f"c{number}" for number, name in enumerate(query.names)}
        compiler = self._expressions(block, ActiveGraph.all())
        terms = [
            term
            for each in query.order
            for term in order_terms(compiler.value(each.expression), is_descending=each.is_descending)
        ]
        return names, f" ORDER BY {', '.join(terms)}" if terms else ""


def _later_order(query: Selection, block: SelectBlock) -> tuple[tuple[str, bool], ...]:
    """Return the order of rows that are all wanted, where it is by IRIs and exact numbers alone; else nothing.

    The texts of IRIs are looked up for the answer anyway; a statement would join the lexicon for them once more.
    """
    # a part of them is cut where they are sorted
    if query.limit is not None or query.offset:
        return ()
    found = [(each.expression.name, each.is_descending) for each in query.order
             if isinstance(each.expression, Variable) and each.expression.name in query.names]  # fmt: skip
    columns = [block.columns[name] for name, _ in found]
    is_plain = all(each.kinds <= EXACT if each.is_struct else each.kinds == {IRI} for each in columns)
    return tuple(found) if is_plain and len(found) == len(query.order) else ()


def _check_of_one_graph(block: SelectBlock, graph: ActiveGraph) -> None:
    """Leave to the engine solutions of no certain graph where one is asked of each graph in turn."""
    if graph.variable is not None and not (
        graph.variable in block.columns and block.columns[graph.variable].is_certain
    ):
        raise UnsupportedError


def _exported(value: ValueInSql, joined: Callable[[], str]) -> ValueInSql:
    """Return a value whose lexicon was joined within a statement, and stands in columns of it."""
    return IndexedValue(value.kinds, value.kind, value.number or "NULL", joined)


def conjuncts(condition: Expression) -> list[Expression]:
    """Return conditions that are all true where a condition is true."""
    if isinstance(condition, FunctionCall) and condition.name == "&&":
        return [each for argument in condition.arguments for each in conjuncts(argument)]
    return [condition]


def column_of(value: ValueInSql) -> SolutionColumn:
    """Return the column that holds a value."""
    if value.number is not None:
        return SolutionColumn(f"CAST({value.number} AS BIGINT)", is_struct=False, is_certain=False, kinds=value.kinds)
    if not value.kinds:
        return SolutionColumn(nothing(is_struct=False), is_struct=False, is_certain=False)
    return SolutionColumn(value.struct, is_struct=True, is_certain=False, kinds=value.kinds)


def _agreement(one: SolutionColumn, other: SolutionColumn) -> str:
    """Return the condition that two solutions agree in a variable: equal, or unbound in one of them (18.3)."""
    found = f"{one.sql} = {other.sql}"
    if not one.is_certain:
        found += f" OR {one.sql} IS NULL"
    if not other.is_certain:
        found += f" OR {other.sql} IS NULL"
    return found


def _either(one: SolutionColumn, other: SolutionColumn) -> SolutionColumn:
    if one.is_certain:
        # where nothing is of both kinds, nothing is found, and it does not matter which is said
        return replace(one, kinds=(one.kinds & other.kinds or one.kinds) if other.is_certain else one.kinds)
    if other.is_certain:
        return other
    return SolutionColumn(
        f"coalesce({one.sql}, {other.sql})", one.is_struct, is_certain=False, kinds=one.kinds | other.kinds
    )


def _slice(query: Selection) -> str:
    limit = f" LIMIT {query.limit}" if query.limit is not None else ""
    return limit + (f" OFFSET {query.offset}" if query.offset else "")


_COMPILERS: dict[type, Callable[..., SelectBlock]] = {
    TriplePattern: _PatternCompiler._triple,
    PathPattern: _PatternCompiler._path,
    JoinPattern: _PatternCompiler._joined_parts,
    LeftJoinPattern: _PatternCompiler._left_join,
    UnionPattern: _PatternCompiler._union,
    MinusPattern: _PatternCompiler._minus,
    FilterPattern: _PatternCompiler._filter,
    ExtendPattern: _PatternCompiler._extended,
    InlineData: _PatternCompiler._data,
    NamedGraphPattern: _PatternCompiler._graph,
    Selection: _PatternCompiler._subselection,
}
