"""The shop: a Flask service over sqlite3 that asks the stock service with requests.

Settings come from the environment: SHOP_PORT, SHOP_DB and STOCK_URL.
"""

import logging
import os
import sqlite3
import time

import requests
from flask import Flask, Response, abort, g, jsonify, request

STOCK_URL = os.environ.get("STOCK_URL", "http://127.0.0.1:8002")
DATABASE = os.environ.get("SHOP_DB", "shop.db")
ITEMS = [(1, "teapot", 1900), (2, "cup", 450), (3, "saucer", 300), (4, "sugar bowl", 800)]

log = logging.getLogger("shop")
app = Flask(__name__)


def database() -> sqlite3.Connection:
    """The connection of this request, opened on first use."""
    if "database" not in g:
        g.database = sqlite3.connect(DATABASE)
        g.database.row_factory = sqlite3.Row
    return g.database


@app.teardown_appcontext
def close_database(_error: BaseException | None) -> None:
    connection = g.pop("database", None)
    if connection is not None:
        connection.close()


def create_tables() -> None:
    with sqlite3.connect(DATABASE) as connection:
        connection.executescript(
            "DROP TABLE IF EXISTS items; DROP TABLE IF EXISTS orders;"
            "CREATE TABLE items (id INTEGER PRIMARY KEY, name TEXT, cents INTEGER);"
            "CREATE TABLE orders (id INTEGER PRIMARY KEY, item INTEGER, quantity INTEGER);"
        )
        connection.executemany("INSERT INTO items VALUES (?, ?, ?)", ITEMS)
    connection.close()


@app.get("/")
def home() -> str:
    return "Welcome to the shop. Try /items.\n"


@app.get("/items")
def items() -> Response:
    rows = database().execute("SELECT id, name, cents FROM items ORDER BY id").fetchall()
    return jsonify([dict(row) for row in rows])


@app.get("/items/<int:item_id>")
def item(item_id: int) -> Response:
    query = "SELECT id, name, cents FROM items WHERE id = ?"
    row = database().execute(query, (item_id,)).fetchone()
    if row is None:
        log.warning("no item %d", item_id)
        abort(404)
    stock = requests.get(f"{STOCK_URL}/stock/{item_id}", timeout=5).json()
    log.info("item %d: %d in stock", item_id, stock["quantity"])
    return jsonify({**dict(row), "stock": stock["quantity"]})


@app.post("/checkout")
def checkout() -> tuple[Response, int]:
    order = request.get_json()
    reply = requests.post(f"{STOCK_URL}/reserve", json=order, timeout=5)
    if reply.status_code != 200:
        log.warning("item %d: not reserved", order["item"])
        return jsonify(error=reply.json()["error"]), 409
    connection = database()
    cursor = connection.cursor()
    cursor.execute(
        "INSERT INTO orders (item, quantity) VALUES (?, ?)", (order["item"], order["quantity"])
    )
    connection.commit()
    log.info("order %d taken", cursor.lastrowid)
    return jsonify(order=cursor.lastrowid), 201


@app.get("/slow")
def slow() -> Response:
    """One query for each item where one query would do, and some waiting."""
    total = 0
    for item_id, _name, _cents in ITEMS * 5:
        query = "SELECT cents FROM items WHERE id = ?"
        total += database().execute(query, (item_id,)).fetchone()["cents"]
        time.sleep(0.005)
    return jsonify(cents=total)


@app.get("/search")
def search() -> Response:
    pattern = f"%{request.args.get('q', '')}%"
    query = "SELECT id, name FROM items WHERE name LIKE ? ORDER BY id"
    return jsonify([dict(row) for row in database().execute(query, (pattern,))])


@app.get("/broken")
def broken() -> Response:
    raise RuntimeError("this page has never worked")


create_tables()

if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO)
    app.run(port=int(os.environ.get("SHOP_PORT", "8001")))
