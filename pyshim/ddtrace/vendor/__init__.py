"""Clients that other packages would bring, under the names programs know."""
