"""The sentence below a field describes it, in the scenario's schema and the control API's."""

from mock_p1.admin import models
from mock_p1.base.model_schema import ModelSchema
from mock_p1.scenario.json_schema import scenario_schema


def test_a_field_is_described_by_the_sentence_below_it():
    """Under the name that stands in a file; the rule of its type does not go before it."""
    step = scenario_schema()["$defs"]["StatusStep"]["properties"]
    assert step["for"]["description"].startswith("How long the step lasts")


def test_a_field_of_a_base_is_described_likewise():
    """A query has what it shares with others from a model of its own."""
    key = models.KeyQuery.model_json_schema(schema_generator=ModelSchema)["properties"]["api_key"]
    reset = models.ResetQuery.model_json_schema(schema_generator=ModelSchema)["properties"]
    assert key["description"]
    assert reset["api_key"] == key


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
