"""All wrong servers, each wrong in one way, by the name of its class."""

from __future__ import annotations

from helpers import broken_servers, refuting_servers
from helpers.right_server import Right

MUTANTS = {
    name: mutant
    for room in (broken_servers, refuting_servers)
    for name, mutant in vars(room).items()
    if isinstance(mutant, type) and issubclass(mutant, Right) and mutant is not Right
}
