"""The contract of plugins, for their tests. It is inherited in two lines, and needs no credentials and no network:

    class TestOpen311(PluginContract):
        plugin, simulator = Open311, build

What else can be told stands in `Knobs`; what the simulator is to offer in docs/plugins.md.
"""

from hub.testing.configuring import Configuring
from hub.testing.knobs import change
from hub.testing.pulling import Files, Reading, Troubled
from hub.testing.pushing import Telling
from hub.testing.receiving import Hearing

__all__ = ["PluginContract", "change"]


class PluginContract(Configuring, Reading, Troubled, Files, Telling, Hearing):
    """What the hub counts on. Tests of verbs that the plugin does not have are skipped."""
