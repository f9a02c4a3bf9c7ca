"""The local page: views of runs, fits, forecasts, theory, experiments and quanta over a JSON API.

A view is a module of ``static/views`` that exports ``{id, title, render(root, state, setState)}``. ``render`` draws into
the empty ``root`` when its tab opens, and may return ``{update(state), close()}``: ``update`` is told of later states
(back and forward, another view's change), ``close`` of leaving the tab. ``state`` is the query string as an object of
texts; ``setState({name: value})`` writes it, and null takes a name out. ``static/elements.js`` makes elements whose texts
stay text, ``static/api.js`` asks the server (`job` for work that runs aside), ``static/chart.js`` draws what
`quantal.app.charts.chart_json` made of a `Chart`, ``static/numbers.js`` writes numbers.

A router reads ``request.app.state``: ``settings`` (`Settings`), ``tables`` (`Tables`), ``jobs`` (`Jobs`). A
`QuantalError` that it raises becomes an answer with status 422 and the message.
"""

from quantal.app.server import create_app as create_app
from quantal.app.server import serve as serve
from quantal.app.settings import Limits as Limits
from quantal.app.settings import Settings as Settings
