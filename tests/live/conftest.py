from tests.support.fixtures import db  # noqa: F401
