"""The web UI: pages drawn on the engine, with a little JavaScript that talks to the JSON API.

Everything a page shows comes from the functions that the JSON API uses, and everything it changes goes
through that API. What pages are made of lies beside: `templates` and `static`, the latter with files by
others.
"""

from engine.adapters.http.routes import Routes
from engine.adapters.http.ui import (
    channel_pages,
    help,
    log_page,
    pages,
    pico_pages,
    ruleset_page,
    state_pages,
    static,
    testing_page,
)

UI_ROUTES: Routes = {
    **pages.ROUTES,
    **pico_pages.ROUTES,
    **ruleset_page.ROUTES,
    **channel_pages.ROUTES,
    **testing_page.ROUTES,
    **log_page.ROUTES,
    **state_pages.ROUTES,
    **help.ROUTES,
    **static.ROUTES,
}

__all__ = ["UI_ROUTES"]
