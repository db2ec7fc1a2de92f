"""The one place where effects become rows, inside the transaction of whoever decided them."""

from app.services.effects.obey import Act, obey

__all__ = ["Act", "obey"]
