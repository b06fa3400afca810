"""The stock: a Flask service that knows how many of each item are left.

Settings come from the environment: STOCK_PORT.
"""

import logging
import os

from flask import Flask, Response, jsonify, request

log = logging.getLogger("stock")
app = Flask(__name__)
quantities = {1: 3, 2: 24, 3: 24, 4: 0}


@app.get("/stock/<int:item_id>")
def stock(item_id: int) -> Response:
    return jsonify(item=item_id, quantity=quantities.get(item_id, 0))


@app.post("/reserve")
def reserve() -> tuple[Response, int]:
    order = request.get_json()
    item, quantity = order["item"], order["quantity"]
    if quantities.get(item, 0) < quantity:
        log.warning("item %d: %d wanted, %d left", item, quantity, quantities.get(item, 0))
        return jsonify(error="not enough in stock"), 409
    quantities[item] -= quantity
    return jsonify(item=item, quantity=quantities[item]), 200


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO)
    app.run(port=int(os.environ.get("STOCK_PORT", "8002")))
