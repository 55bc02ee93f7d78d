"""The page on which people review what was found, ``upcracknet review OUT``: its server.

What page and server say to each other. Answers are JSON unless it is said otherwise; an error is
``{"detail": text}`` with a status of 4xx. A photo's number, ``id``, is the same as long as the server runs.

``GET /?token=T``
    Sets the cookie that every other request needs, and leads to ``/``. The page needs not know the token.
    Beside the token that is printed one counts once, for the browser that the command opens.
``GET /``, ``/page/…``, ``/leaflet/…``
    The page, its files, and those of Leaflet. They need no token: nothing of the survey is in them.
``GET /api/survey``
    ``{"folder", "standard", "revision", "session", "photos", "has_map", "reasons", "suggested"}``: the name
    of the folder; standard of the severities, or null; a number that grows with each change; a name for this
    tab, new with each request; number of photos; whether there is a map; reasons to reject; numbers of the
    photos that were suggested (``--suggest``), the first choice first.
``GET /api/photos``, with ``?since=REVISION`` only what has changed after that revision
    A list of rows, sorted by name::

        {"id", "name", "status": "done" | "failed", "width", "height", "severity",
         "severity_rank": 0 (none) … 4, "crack_length_m", "crack_length_px", "crack_count",
         "area_share": 0 … 1, "threshold": 0 … 1 | null, above which a score was marked,
         "doubt": 0 … 1 | null while it is worked out,
         "latitude", "longitude", "chainage_m", "section",
         "review_status": "accepted" | "rejected" | "corrected" | null, "reason", "note",
         "revision": text, of the correction; "" where there is none,
         "mask_stamp": text, of the model's mask,
         "measured": whether the measures are those of the mask that counts now,
         "editable": whether its mask may be drawn on (not above 200 million pixels),
         "has_score", "levels": number of levels of tiles, "photo_problem": why the photo cannot be shown, or
         null, "suggested": place among the suggested, from 1, or null, "error", "warning"}

``GET /api/photos/{id}``
    One row.
``GET /api/photos/{id}/thumbnail``
    JPEG, longest side 320 pixels, with the mask that counts drawn in. Has an ETag.
``GET /api/photos/{id}/tiles/{level}/{column}/{row}``
    JPEG of at most 512×512 pixels. Level 0 is full size; level n is ceil(width / 2ⁿ) × ceil(height / 2ⁿ)
    pixels; the last level fits into one tile. With ``?cracks=1`` the mask that counts is drawn in: for
    images whose mask is too large for the page. Where the photo is gone, tiles are grey.
``GET /api/photos/{id}/mask``
    PNG, one channel, 255 is crack: the mask that counts; ``?of=model`` gives the model's own. 413 where
    the photo is not editable. ``X-Revision`` is the revision that it belongs to. Has an ETag.
``GET /api/photos/{id}/score``
    PNG, one channel of 8 bits, 255 is a score of 1; 404 where none was stored. ``X-Threshold`` is the score
    above which the model marks a crack, 0 to 1.
``GET /api/photos/{id}/measures``
    As ``cracks/NAME.json``, of the mask that counts. Waits for them a few seconds; then 202 and
    ``{"pending": true, "why"}`` while they are made (``why`` says what they wait for, or is null). 404 where
    there are none.
``PUT /api/photos/{id}/correction``
    JSON or a form (multipart) with ``status``, ``reason`` (only rejected), ``note``, ``revision`` (as the
    page knows it; "" for none) and ``mask_stamp`` (the same; without it the mask is not asked for). With
    ``corrected`` a file ``mask`` may come: PNG of the photo's size, of any channels, the first above 127 is
    crack; or only a part of it, whose place is said by ``left`` and ``top`` in pixels: it takes the place of
    that part of the mask that counts. Without a file the mask that counts stays. The answer comes once all
    is on the disk: ``{"photo": row}``. The measures follow. 409 and ``{"detail", "photo": row}``, as it is
    now, where another tab was faster, or the model's mask is another one; nothing is changed then.
``DELETE /api/photos/{id}/correction?revision=…``
    Back to the model's answer; answers like ``PUT``.
``GET /api/map``
    ``{"photos", "sections", "cracks", "outdated"}``, the first three GeoJSON (a FeatureCollection, WGS 84);
    a photo's properties have ``id``; cracks are null where they are too many for a page; ``outdated`` says
    what has changed since ``upcracknet map``, or is null. 404 where no map was made.
``POST /api/presence``
    JSON ``{"session", "photo": id or null}``, every ten seconds. Answers ``{"others": number of other tabs
    or browsers, "on_this_photo": of them, how many have the same photo open, "revision"}``.
"""
