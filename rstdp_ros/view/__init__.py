"""A live page in the browser: what runs, what was learned, and what a person may change."""

# File in a run's folder that holds the page's address.
ADDRESS = 'view.url'
NEEDS_BOKEH = 'the page needs bokeh: pip install "rstdp_ros[view]"'
