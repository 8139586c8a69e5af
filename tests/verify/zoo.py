"""The whole zoo: servers that are each wrong in one way, by the name of their class."""

from __future__ import annotations

import zoo_broken
import zoo_refuted
from zoo_right import Right

MUTANTS = {
    name: mutant
    for room in (zoo_broken, zoo_refuted)
    for name, mutant in vars(room).items()
    if isinstance(mutant, type) and issubclass(mutant, Right) and mutant is not Right
}
