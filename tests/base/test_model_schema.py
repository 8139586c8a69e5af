"""The sentence below a field describes it, in the scenario's schema and the control API's."""

from mock_p1.admin import models
from mock_p1.base import model_schema
from mock_p1.base.model_schema import ModelSchema
from mock_p1.scenario.json_schema import scenario_schema


def test_a_field_is_described_by_the_sentence_below_it():
    """Under the name that stands in a file; the rule of its type does not go before it."""
    step = scenario_schema()["$defs"]["StatusStep"]["properties"]
    assert step["for"]["description"].startswith("How long the step lasts")


def test_a_field_of_a_base_is_described_likewise():
    """A query has what it shares with others from a model of its own."""
    key = models.KeyQuery.model_json_schema(schema_generator=ModelSchema)["properties"]["api_key"]
    reset = models.JobQuery.model_json_schema(schema_generator=ModelSchema)["properties"]
    assert key["description"]
    assert reset["api_key"] == key


def test_without_the_source_there_are_no_sentences(monkeypatch):
    """Where only what Python has compiled is installed, a schema is a schema still."""

    def fails(_module):
        raise OSError("could not get source code")

    monkeypatch.setattr("inspect.getsource", fails)
    model_schema._sentences.cache_clear()  # noqa: SLF001 -- what was read before
    try:
        made = models.KeyQuery.model_json_schema(schema_generator=ModelSchema)
    finally:
        model_schema._sentences.cache_clear()  # noqa: SLF001 -- nothing was read
    assert "description" not in made["properties"]["api_key"]


def test_every_key_of_a_scenario_is_described():
    """Editors show it."""
    schema = scenario_schema()
    silent = [
        f"{name}.{key}"
        for name, model in {"": schema, **schema["$defs"]}.items()
        for key, field in model.get("properties", {}).items()
        if not (field.get("description") or field.get("$ref"))
    ]
    assert silent == []
