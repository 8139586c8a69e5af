"""YAML as its strict readers take it: a key that stands twice is refused, as docker refuses it."""

from collections import Counter

import yaml


class StrictLoader(yaml.SafeLoader):
    """Looks at keys before merges (``<<``) are carried out, which a mapping may well override."""

    def compose_mapping_node(self, anchor):
        """Refuse a mapping in which a key stands twice."""
        node = super().compose_mapping_node(anchor)
        keys = Counter(key.value for key, _ in node.value if isinstance(key, yaml.ScalarNode))
        for key, times in keys.items():
            if times > 1:
                problem = f"key {key!r} stands {times} times in one mapping"
                raise yaml.MarkedYAMLError(problem=problem, problem_mark=node.start_mark)
        return node


def read_yaml(text):
    """Read the one document of a text."""
    return yaml.load(text, StrictLoader)  # noqa: S506 -- it is a SafeLoader


def read_documents(text):
    """Read every document of a text."""
    return [*yaml.load_all(text, StrictLoader)]
