"""What G38 compares the server with: who may what in a tenant, by rules written a second time, without a graph."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from random import Random
from typing import Literal

from airside.tenancy import PERMISSIONS

EVERY = frozenset(PERMISSIONS)
POOL = ("roles:write", "members:write", "users:write", "clients:write", "policies:write", "users:read")
"""Few, so that what one may and another mustn't meet often."""
ROLES = tuple(f"role-{number}" for number in range(6))
PERSONS = tuple(f"person-{number}" for number in range(4))
MAX_PROGRAMS = 3
MAX_IMPORTED = 3
CROWN = "administrator"
"""The role that an import may name and that no tenant makes."""
ADMINISTRATION = "administration"
"""What a change of policy is about, if it is about what managers must prove."""

Change = Literal["make", "change", "delete", "give", "take", "crown", "depose", "register"]
Kind = Change | Literal["touch", "reset", "import", "invite", "policy"]
KINDS: tuple[Kind, ...] = (
    *("make", "change", "delete", "give", "take", "crown", "depose", "register", "touch"),
    *("reset", "import", "invite", "policy"),
)
WEIGHTS = (4, 4, 2, 6, 3, 2, 1, 2, 2, 2, 3, 2, 2)
NEEDED: dict[Kind, str] = {
    **dict.fromkeys(("make", "change", "delete"), "roles:write"),
    **dict.fromkeys(("give", "take", "crown", "depose"), "members:write"),
    "register": "clients:write",
    **dict.fromkeys(("touch", "reset", "import", "invite"), "users:write"),
    "policy": "policies:write",
}


@dataclass(frozen=True)
class Act:
    """Somebody does something, with a credential of these scopes."""

    kind: Kind
    actor: str
    scopes: frozenset[str]
    target: str
    role: str
    permissions: frozenset[str]


@dataclass(frozen=True)
class World:
    """Who may what."""

    roles: Mapping[str, frozenset[str]]
    given: frozenset[tuple[str, str]]
    administrators: frozenset[str]
    programs: Mapping[str, frozenset[str]]
    imported: tuple[str, ...] = ()

    def rights(self, who: str) -> frozenset[str]:
        """What somebody may, whatever their credential."""
        if who in self.administrators:
            return EVERY
        own = self.programs.get(who, frozenset[str]())
        return own.union(*(self.roles[role] for person, role in self.given if person == who))

    def after(self, act: Act) -> "World | None":
        """What becomes of it; None where it has to be refused."""
        can = self.rights(act.actor) & act.scopes
        old = self.roles.get(act.role)
        match act.kind:
            case "make":
                lawful = "roles:write" in can and old is None and act.permissions <= can
                return self._with_role(act) if lawful else None
            case "change":
                lawful = "roles:write" in can and old is not None and old | act.permissions <= can
                return self._with_role(act) if lawful else None
            case "delete" | "give" | "take":
                lawful = NEEDED[act.kind] in can and old is not None and old <= can
                return self._moved(act) if lawful else None
            case "crown" | "depose":
                lawful = "members:write" in can and act.actor in self.administrators
                return self._crowned(act) if lawful else None
            case "register":
                lawful = "clients:write" in can and act.permissions <= can
                return replace(self, programs={**self.programs, act.target: act.permissions}) if lawful else None
            case "import":
                givers = {"users:write", "members:write"} <= can
                above = act.actor not in self.administrators if act.role == CROWN else old is None or not old <= can
                return self._with_person(act) if givers and not above else None
            case "invite":
                lawful = {"users:write", "members:write"} <= can and old is not None and old <= can
                return self if lawful else None
            case "policy":
                above = act.role == ADMINISTRATION and act.actor not in self.administrators
                return self if "policies:write" in can and not above else None
            case "touch" | "reset":
                above = act.target in self.administrators and act.actor not in self.administrators
                lawful = "users:write" in can and self.rights(act.target) <= self.rights(act.actor) and not above
                return self if lawful else None

    def _with_role(self, act: Act) -> "World":
        return replace(self, roles={**self.roles, act.role: act.permissions})

    def _with_person(self, act: Act) -> "World":
        there = replace(self, imported=(*self.imported, act.target))
        if act.role == CROWN:
            return replace(there, administrators=self.administrators | {act.target})
        return replace(there, given=self.given | {(act.target, act.role)})

    def _moved(self, act: Act) -> "World":
        pair = {(act.target, act.role)}
        if act.kind == "give":
            return replace(self, given=self.given | pair)
        if act.kind == "take":
            return replace(self, given=self.given - pair)
        left = frozenset(each for each in self.given if each[1] != act.role)
        return replace(self, given=left, roles={name: self.roles[name] for name in self.roles if name != act.role})

    def _crowned(self, act: Act) -> "World":
        if act.kind == "crown":
            return replace(self, administrators=self.administrators | {act.target})
        return replace(self, administrators=self.administrators - {act.target})


def some(dice: Random, most: int) -> frozenset[str]:
    """A few permissions, one at least."""
    return frozenset(dice.sample(POOL, dice.randint(1, most)))


def draw_world(dice: Random) -> World:
    """What an operator has set up: roles, some of them given."""
    roles = {name: some(dice, 4) for name in dice.sample(ROLES, 4)}
    given = frozenset((dice.choice(PERSONS), role) for role in roles for _ in range(2))
    chiefs = frozenset(dice.sample(PERSONS, dice.choice((0, 0, 1, 2))))
    return World(roles, given, chiefs, {})


def draw_act(dice: Random, world: World) -> Act:
    """What anybody might try, mostly by whoever may do such things at all."""
    people = [*PERSONS, *world.imported]
    actors = [*people, *world.programs]
    kind = dice.choices(KINDS, WEIGHTS)[0]
    if kind == "register" and len(world.programs) >= MAX_PROGRAMS:
        kind = "give"
    if kind == "import" and len(world.imported) >= MAX_IMPORTED:
        kind = "reset"
    able = [who for who in actors if NEEDED[kind] in world.rights(who)] or actors
    actor = dice.choice(able if dice.random() < 0.9 else actors)
    most = world.programs.get(actor, EVERY)
    scopes = most if dice.random() < 0.7 else frozenset(each for each in most if dice.random() < 0.8)
    target = dice.choice(people)
    if kind in ("register", "import"):
        target = f"program-{len(world.programs)}" if kind == "register" else f"imported-{len(world.imported)}"
    existing = sorted(world.roles)
    role = dice.choice(existing if existing and kind != "make" and dice.random() < 0.9 else ROLES)
    if kind == "import" and dice.random() < 0.3:
        role = CROWN
    if kind == "policy" and dice.random() < 0.5:
        role = ADMINISTRATION
    inside = sorted(world.rights(actor) & set(POOL))
    wanted = frozenset(dice.sample(inside, dice.randint(1, len(inside)))) if inside else some(dice, 2)
    permissions = wanted if dice.random() < 0.6 else wanted | some(dice, 1)
    return Act(kind, actor, scopes, target, role, permissions)


def draw_pair(dice: Random, world: World) -> list[Act]:
    """What two try at the same moment; mostly a duel, if two could fight one: each takes from the other what the
    other needs for it, so that one of them has to come too late."""
    duels = [
        (role, [person for person, its in sorted(world.given) if its == role])
        for role, permissions in sorted(world.roles.items())
        if "members:write" in permissions
    ]
    duels = [(role, people) for role, people in duels if len(people) > 1]
    if len(world.administrators) > 1:
        duels.append(("", sorted(world.administrators)))
    if not duels or dice.random() < 0.3:
        pair = [draw_act(dice, world), draw_act(dice, world)]
        # Two of one of these would be a race for a name or a version, not for a right.
        alone = {"register", "import", "policy"}
        return [act for act in pair if act.kind not in alone] or pair[:1]
    role, people = dice.choice(duels)
    one, other = dice.sample(people, 2)
    kind: Kind = "take" if role else "depose"
    return [Act(kind, actor, EVERY, target, role, frozenset()) for actor, target in ((one, other), (other, one))]
