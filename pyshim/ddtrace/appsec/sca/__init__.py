"""Nothing yet: software composition analysis is a product of its own."""
