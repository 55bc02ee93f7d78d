"""Who may ask: who has the address that the command printed, with its token; not all of this machine."""

import hashlib
import hmac

from fastapi import HTTPException, Request, Response
from fastapi.responses import RedirectResponse

HELP = "open the address that `upcracknet review` printed; it has a token, which is new at each start"


class Access:
    """The token of a server, and the cookie that stands for it.

    Args:
        token: it; None lets everybody ask who reaches the server.
        once: another one, which lets in once: others of this machine can read what a browser is started with.
    """

    def __init__(self, token: str | None, once: str | None = None) -> None:
        self.token, self.once = token, once
        # Cookies count for all ports of a machine: each server has one of its own.
        self.cookie = "upcracknet-" + hashlib.sha256((token or "").encode()).hexdigest()[:12]

    def enter(self, given: str) -> Response:
        """Answer who comes with a token: set the cookie, and lead to the page without it in the address.

        Raises:
            HTTPException: it is another token.
        """
        if self.once is not None and hmac.compare_digest(given.encode(), self.once.encode()):
            self.once, given = None, self.token or ""
        if not self._is_right(given):
            raise HTTPException(401, HELP)
        answer = RedirectResponse("/", 303)
        answer.set_cookie(self.cookie, given, httponly=True, samesite="strict")
        return answer

    def require(self, request: Request) -> None:
        """Refuse a request without the cookie.

        Raises:
            HTTPException: it has none, or another one.
        """
        if not self._is_right(request.cookies.get(self.cookie, "")):
            raise HTTPException(401, HELP)

    def _is_right(self, given: str) -> bool:
        # In constant time: how long a comparison takes must not tell how much of a token is right.
        return self.token is None or hmac.compare_digest(given.encode(), self.token.encode())
