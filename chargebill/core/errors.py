"""Errors a person can act on."""


class UserError(Exception):
    """Something that was asked can't be done; says what, where and what to do. Nothing was changed.

    ``code`` is stable (scripts rely on it); ``where`` is a place in the input, may be empty.
    """

    def __init__(self, code: str, message: str, where: str = "") -> None:
        super().__init__(message)
        self.code, self.message, self.where = code, message, where

    def as_dict(self) -> dict[str, str]:
        return {"code": self.code, "where": self.where, "message": self.message}
