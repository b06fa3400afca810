"""Security events of the application. Nothing is blocked: there is no such product yet."""
