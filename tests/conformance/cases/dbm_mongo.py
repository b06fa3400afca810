"""What the server is told in the comments of commands."""

import os

import pymongo
from pymongo import monitoring


class Listener(monitoring.CommandListener):
    def started(self, event):
        print(event.command_name, event.command.get("comment"))

    def succeeded(self, event):
        pass

    def failed(self, event):
        pass


client = pymongo.MongoClient("127.0.0.1", int(os.environ["MONGODB_PORT"]), event_listeners=[Listener()])
people = client.cases.people
people.insert_one({"_id": 1, "name": "ann"})
people.insert_many([{"_id": n} for n in range(2, 5)])
list(people.find({"name": "ann"}))
list(people.find({"name": "ann"}, comment="mine"))
list(people.find({"name": "ann"}, comment=["a", "b"]))
list(people.find({"name": "ann"}, comment={"a": 1}))
list(people.find({}, batch_size=2))
people.find_one({"name": "ann"}, sort=[("name", 1)])
people.update_one({"_id": 1}, {"$set": {"name": "eve"}})
people.update_one({"_id": 1}, {"$set": {"name": "eve"}}, comment="mine")
people.bulk_write([pymongo.DeleteOne({"_id": 2})])
people.count_documents({})
people.distinct("name")
client.cases.command("ping")
list(people.aggregate([]))
people.find_one_and_update({"_id": 3}, {"$set": {"n": 9}})
people.delete_many({})
people.drop()
client.close()
