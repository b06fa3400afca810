"""graphql-core: queries run at once and awaited, and what is wrong with them."""

import asyncio
import sys

from graphql import (
    GraphQLArgument,
    GraphQLError,
    GraphQLField,
    GraphQLInt,
    GraphQLObjectType,
    GraphQLSchema,
    GraphQLString,
    build_schema,
    execute,
    graphql,
    graphql_sync,
    parse,
    validate,
)


def fails(root, info):
    raise ValueError("in a resolver")


def refuses(root, info):
    raise GraphQLError("refused", extensions={"code": "E1", "status": 401})


def item(root, info, number=0):
    return {"number": number, "name": f"item {number}"}


async def later(root, info):
    await asyncio.sleep(0)
    return "later"


Item = GraphQLObjectType(
    "Item", {"number": GraphQLField(GraphQLInt), "name": GraphQLField(GraphQLString)}
)
query = GraphQLObjectType(
    "Query",
    {
        "hello": GraphQLField(GraphQLString, resolve=lambda root, info: "world"),
        "item": GraphQLField(Item, args={"number": GraphQLArgument(GraphQLInt)}, resolve=item),
        "fails": GraphQLField(GraphQLString, resolve=fails),
        "refuses": GraphQLField(GraphQLString, resolve=refuses),
    },
)
mutation = GraphQLObjectType(
    "Mutation", {"change": GraphQLField(GraphQLString, resolve=lambda root, info: "changed")}
)
schema = GraphQLSchema(query, mutation)
waiting = GraphQLSchema(
    GraphQLObjectType("Query", {"later": GraphQLField(GraphQLString, resolve=later)})
)


def show(result):
    print(result.data, [str(error)[:60] for error in result.errors or []])


if __name__ == "__main__":
    show(graphql_sync(schema, "{ hello }"))
    if sys.argv[1:] == ["few"]:
        sys.exit()
    show(graphql_sync(schema, "query Named($n: Int) { item(number: $n) { number name } }", variable_values={"n": 3}))
    show(graphql_sync(schema, "mutation Change { change }"))
    show(graphql_sync(schema, "{ fails }"))
    show(graphql_sync(schema, "{ refuses hello fails }"))
    show(graphql_sync(schema, "{ nowhere }"))
    show(asyncio.run(graphql(waiting, "query Later { later }")))
    document = parse("query A { hello } query B { hello }")
    print(validate(schema, document))
    show(execute(schema, document, operation_name="B"))
    show(execute(schema, document))
    show(graphql_sync(build_schema("type Query { hello: String }"), "{ hello }", {"hello": "root"}))
