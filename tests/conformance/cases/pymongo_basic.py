"""pymongo: commands, cursors, bulk writes, asyncio; with `errors`, what the server refuses; with `lists`, queries with lists."""

import asyncio
import os
import sys

import pymongo
from pymongo import errors

PORT = int(os.environ["MONGODB_PORT"])


def show(label, call):
    try:
        print(label, call())
    except Exception as error:
        print(label, "raises", type(error).__name__)


client = pymongo.MongoClient("127.0.0.1", PORT)
if sys.argv[1:] == ["lists"]:
    people = client.cases.people
    for query in (
        {"a": {"$in": [1, 2]}},
        {"a": {"$in": []}},
        {"$or": [{"a": 1}, {"b": {"$not": {"$nin": ["x"]}}}]},
        {"a": {"$all": [1, 2]}},
        {"a": [{"b": 1}, [2], 3]},
    ):
        show("found", lambda: people.find_one(query))
    show("deleted", lambda: people.delete_one({"a": {"$in": [1]}}).deleted_count)
    client.close()
    sys.exit()
if sys.argv[1:]:
    show("operator", lambda: client.cases.people.find_one({"$bad": 1}))
    show("unknown", lambda: client.cases.command("noSuchCommand", 1))
    client.close()
    sys.exit()
client.drop_database("cases")
print(isinstance(client, pymongo.MongoClient), client.address[0])
people = client.cases.people
print(people.insert_one({"_id": 1, "name": "ann", "tags": ["a", 1]}).inserted_id)
print(len(people.insert_many([{"_id": n, "name": "bob", "n": n} for n in range(2, 6)]).inserted_ids))
print(people.find_one({"name": "ann"})["_id"])
print([row["_id"] for row in people.find({"name": "bob"}, batch_size=2)])
print(list(people.find({"nothing": {"deep": [1, {"x": "y"}]}}, limit=3)))
print(people.update_one({"_id": 1}, {"$set": {"name": "eve"}}).modified_count)
print(people.update_many({"name": "bob"}, {"$inc": {"n": 1}}).matched_count)
print(people.update_one({"_id": 77}, {"$set": {"name": "new"}}, upsert=True).upserted_id is not None)
print(people.replace_one({"_id": 2}, {"name": "cid"}).modified_count)
print(people.count_documents({}), people.estimated_document_count())
print(people.distinct("name"))
print(people.find_one_and_update({"_id": 3}, {"$set": {"n": 9}})["_id"])
print(len(list(people.aggregate([{"$match": {"name": "bob"}}]))))
print(people.create_index("name"))
print(client.cases.list_collection_names())
print(client.cases.command("ping"))
writes = [pymongo.InsertOne({"_id": 50}), pymongo.DeleteOne({"_id": 50}), pymongo.UpdateOne({"_id": 1}, {"$set": {"z": 1}})]
print(people.bulk_write(writes).inserted_count)
print(people.delete_many({"name": "bob"}).deleted_count, people.delete_one({"_id": 1}).deleted_count)
show("duplicate", lambda: people.insert_one({"_id": 2}))
unsure = people.with_options(write_concern=pymongo.WriteConcern(w=0))
print(unsure.insert_one({"_id": 100}).acknowledged)
people.drop()
client.close()
dead = pymongo.MongoClient("127.0.0.1", 1, serverSelectionTimeoutMS=50)
show("refused", lambda: dead.cases.people.find_one({}))


async def main():
    client = pymongo.AsyncMongoClient("127.0.0.1", PORT)
    people = client.cases.others
    print((await people.insert_one({"_id": 1, "name": "ann"})).inserted_id)
    print((await people.find_one({"name": "ann"}))["_id"])
    print([row["_id"] async for row in people.find({})])
    try:
        await people.insert_one({"_id": 1})
    except errors.DuplicateKeyError:
        print("duplicate")
    await people.drop()
    await client.close()


if hasattr(pymongo, "AsyncMongoClient"):
    asyncio.run(main())
