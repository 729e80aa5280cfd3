"""The contract of the settings: what is wrong is refused, in words that name it."""

from typing import Any

import httpx2

from hub.errors import Misconfigured
from hub.testing.bench import Bench
from hub.testing.knobs import Knobs


class Configuring(Knobs):
    """What the plugin takes as settings."""

    def test_the_settings_are_taken(self, bench: Bench) -> None:
        bench.make(httpx2.AsyncClient())

    def test_an_unknown_setting_is_refused(self, bench: Bench) -> None:
        assert "no_such_setting" in refusal(bench, no_such_setting=1)

    def test_a_setting_of_the_wrong_type_is_refused(self, bench: Bench) -> None:
        for name in self.plugin.Config.model_fields:
            assert name in refusal(bench, **{name: object()})

    def test_broken_settings_are_refused_by_name(self, bench: Bench) -> None:
        for broken in self.broken_settings:
            told = refusal(bench, **broken)
            assert any(name in told for name in broken), f"{broken}: the words should name the setting: {told}"


def refusal(bench: Bench, **settings: Any) -> str:
    """The words with which these settings are refused."""
    try:
        bench.make(httpx2.AsyncClient(), **settings)
    except Misconfigured as error:
        return str(error)
    raise AssertionError(f"The settings {settings} should be refused, and were taken.")
