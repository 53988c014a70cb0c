"""The HTTP interface for machines as an OpenAPI 3.1 document, made from the routes, the rights and the bodies."""
