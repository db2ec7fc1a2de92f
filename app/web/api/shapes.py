"""What bodies and parameters have in common: nothing unknown, nothing of another type, pages by a cursor."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StrictBool, StrictInt, StrictStr

from app.web.api.problems import Place, Refused

MOST = 200
USUAL = 50
Word = Annotated[StrictStr, Field(min_length=1, max_length=200)]
Why = Annotated[
    StrictStr, Field(min_length=1, max_length=500, description="Why, for those who read it later.")
]
Email = Annotated[StrictStr, Field(min_length=3, max_length=320)]
Value = StrictStr | StrictBool | StrictInt | float | None


class Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Query(BaseModel):
    """Parameters of an address; their names end in Query, so that a fault names the parameter."""

    model_config = ConfigDict(extra="forbid")


class PageQuery(Query):
    limit: int = Field(USUAL, ge=1, le=MOST, description="How many at most.")
    after: str | None = Field(None, max_length=100, description="`next` of the page before.")


class Note(BaseModel):
    """What was left out or noticed. `code` stays the same over releases."""

    code: str
    detail: str


def cursor(last: UUID | None) -> str | None:
    """Where the next page begins; callers hand it back as it is."""
    return urlsafe_b64encode(last.bytes).decode().rstrip("=") if last is not None else None


def read_cursor(text: str | None) -> UUID | None:
    if text is None:
        return None
    try:
        return UUID(bytes=urlsafe_b64decode(text.encode("ascii") + b"=="))
    except (ValueError, Error):
        words = "This is no cursor; hand back `next` of the page before as it is."
        raise Refused(422, "invalid", words, [Place(detail=words, parameter="after")]) from None
