"""The page on deploying: its YAML parses, and its numbers agree with the library's defaults."""

import re
from pathlib import Path
from typing import Any

import yaml

from event_store_async import Settings

from .blocks import blocks

PAGE = Path(__file__).parents[2] / "docs" / "deploying.md"


def pod() -> dict[str, Any]:
    """Return the specification of the pods of deploying.md."""
    text, *_ = [block.text for block in blocks(PAGE) if block.language == "yaml"]
    specification: dict[str, Any] = yaml.safe_load(text)["spec"]["template"]["spec"]
    return specification


def seconds(setting: str) -> int:
    """Return the seconds of a row of the table of steps."""
    found = re.search(rf"^\|[^|]*\| `{setting}` \| (\d+) s", PAGE.read_text("utf-8"), re.MULTILINE)
    assert found is not None, setting
    return int(found[1])


def test_the_grace_period_is_longer_than_all_steps() -> None:
    graceful, pre_stop = seconds("--timeout-graceful-shutdown"), seconds("preStop")
    close, request = seconds(r"Settings\.close_timeout"), seconds(r"Settings\.request_timeout")
    defaults = Settings()

    assert (close, request) == (defaults.close_timeout, defaults.request_timeout)
    assert graceful >= defaults.timeout
    assert pre_stop + graceful + close + request < seconds("terminationGracePeriodSeconds")


def test_the_specification_of_the_pods_is_what_the_page_says() -> None:
    specification = pod()
    (container,) = specification["containers"]
    (dockerfile,) = [block.text for block in blocks(PAGE) if block.language == "dockerfile"]
    flag = f"--timeout-graceful-shutdown {seconds('--timeout-graceful-shutdown')}"

    assert specification["enableServiceLinks"] is False
    grace = specification["terminationGracePeriodSeconds"]
    assert grace == seconds("terminationGracePeriodSeconds")
    assert container["lifecycle"]["preStop"]["exec"]["command"] == ["sleep", "5"]
    assert {each["name"] for each in container["env"]} == {
        "EVENT_STORE_CONTACT_POINTS",
        "EVENT_STORE_KEYSPACE",
    }
    assert flag in dockerfile
    assert f"EXPOSE {container['ports'][0]['containerPort']}" in dockerfile
