"""Routes: one file an interface. FastAPI where people read OpenAPI, plain Starlette on the hot paths."""
