"""G38: random sequences of delegated administration: nobody ever gets a right beyond those of whoever gave it.

The server's own answers are read after every act. Each act is judged by rules written a second time; two acts at the
same moment have to come out as one after the other would have, in either order.
"""

import asyncio
import json
import os
from collections import Counter
from dataclasses import dataclass, field
from random import Random, SystemRandom
from uuid import UUID

import pytest
from msgspec.structs import replace

from airside.core.errors import Conflict, Forbidden, NotFound
from airside.core.ids import ROLE, TENANT, USER, format_id, parse_id
from airside.core.principal import Principal
from airside.oauth import ClientDraft
from airside.permissions import AtLeast, Question
from airside.store import RequestContext
from airside.tenancy import PERMISSIONS, Invitation, RoleChange, RoleDraft
from tests.gauntlet.delegation import ADMINISTRATION, CROWN, PERSONS, Act, World, draw_act, draw_pair, draw_world
from tests.running import Place

SEQUENCES = 10_000 if os.environ.get("AIRSIDE_GAUNTLET_FULL") == "1" else int(os.environ.get("G38_SEQUENCES", "30"))
ACTS = 12
AT_ONCE = 0.25
"""How often two act at the same moment."""
RELATIONS = {"administrator": "administrator"} | {each.name: each.relation for each in PERMISSIONS.values()}
Rights = dict[str, frozenset[str]]


@dataclass
class Stage:
    """One sequence's people, roles and programs, by the names that the rules know them by."""

    place: Place
    subjects: dict[str, str] = field(default_factory=dict[str, str])
    roles: dict[str, UUID] = field(default_factory=dict[str, UUID])
    invitations: list[Invitation] = field(default_factory=list[Invitation])

    async def set_up(self, world: World) -> None:
        """Everything in `world`, made by the operator."""
        services = self.place.server.services
        async with self.place.operator() as ctx:
            for person in PERSONS:
                user = await services.user_admin.create(ctx, self._address(), "")
                self.subjects[person] = f"user:{format_id(USER, user.id)}"
                if person in world.administrators:
                    await services.member_admin.grant(ctx, user.id, "administrator")
            for name, permissions in world.roles.items():
                role = await services.role_admin.create(ctx, RoleDraft(name, permissions=permissions))
                self.roles[name] = role.role_id
        async with self.place.operator() as ctx:
            for person, name in world.given:
                await services.role_admin.assign(ctx, self._user(person), self.roles[name])

    async def take_down(self) -> None:
        """Room for the next sequence."""
        services = self.place.server.services
        async with self.place.operator() as ctx:
            for invitation in self.invitations:
                await services.invitations.revoke(ctx, invitation)
            for role in await services.role_admin.list(ctx):
                await services.role_admin.delete(ctx, role.role_id)

    async def play(self, act: Act) -> bool:
        """Whether the server lets it happen."""
        subject = self.subjects[act.actor]
        kind = "client" if subject.startswith("client:") else "user"
        now = self.place.server.services.clock.now()
        principal = Principal(kind, subject, act.scopes, "aal2", now)
        try:
            async with self.place.server.services.engine.begin(self.place.tenant_id, principal=principal) as ctx:
                services, role = self.place.server.services, self.roles.get(act.role, self.place.tenant_id)
                match act.kind:
                    case "make":
                        made = await services.role_admin.create(ctx, RoleDraft(act.role, permissions=act.permissions))
                        ctx.tx.after_commit(lambda: self.roles.update({act.role: made.role_id}))
                    case "change":
                        await services.role_admin.change(ctx, role, RoleChange(permissions=act.permissions))
                    case "delete":
                        await services.role_admin.delete(ctx, role)
                    case "give":
                        await services.role_admin.assign(ctx, self._user(act.target), role)
                    case "take":
                        await services.role_admin.unassign(ctx, self._user(act.target), role)
                    case "crown":
                        await services.member_admin.grant(ctx, self._user(act.target), "administrator")
                    case "depose":
                        await services.member_admin.revoke(ctx, self._user(act.target), "administrator")
                    case "touch":
                        await services.user_admin.set_state(ctx, self._user(act.target), "active")
                    case "reset":
                        await services.factor_admin.reset(ctx, self._user(act.target))
                    case "import":
                        return await self._import(ctx, act)
                    case "invite":
                        words = [self._role_word(act.role)]
                        invitation = await services.invitation_admin.create(ctx, self._address(), "", words)
                        ctx.tx.after_commit(lambda: self.invitations.append(invitation))
                    case "policy":
                        await self._change_policy(ctx, act)
                    case "register":
                        client, _ = await services.client_admin.create(ctx, self._program(act))
                        ctx.tx.after_commit(lambda: self.subjects.update({act.target: f"client:{client.word}"}))
        except (Forbidden, NotFound, Conflict):
            return False
        return True

    async def _import(self, ctx: RequestContext, act: Act) -> bool:
        line = json.dumps({"email": self._address(), "roles": [act.role]}).encode()
        (result,) = await self.place.server.services.transfer_admin.import_users(ctx, [line])
        if result.user_id is not None:
            subject = f"user:{format_id(USER, result.user_id)}"
            ctx.tx.after_commit(lambda: self.subjects.update({act.target: subject}))
        return result.user_id is not None

    async def _change_policy(self, ctx: RequestContext, act: Act) -> None:
        services = self.place.server.services
        stored = await services.policies.stored(ctx)
        policy = replace(stored.policy, language="de" if stored.policy.language == "en" else "en")
        if act.role == ADMINISTRATION:
            minutes = 60 if policy.administration.max_age_minutes == 720 else 720
            policy = replace(policy, administration=replace(policy.administration, max_age_minutes=minutes))
        await services.policy_admin.change(ctx, stored.version, policy)

    def _address(self) -> str:
        return f"{self.place.server.services.entropy.bytes(8).hex()}@example.com"

    def _role_word(self, name: str) -> str:
        return format_id(ROLE, self.roles.get(name, self.place.tenant_id))

    async def rights(self) -> Rights:
        """What the engine says that each may, by everything committed."""
        services = self.place.server.services
        found: Rights = {}
        at_least: AtLeast = "head"
        async with self.place.operator() as ctx:
            store_id = (await services.tenants.current(ctx)).system_store_id
            tenant = f"tenant:{format_id(TENANT, self.place.tenant_id)}"
            for who, subject in self.subjects.items():
                held = set[str]()
                for name, relation in RELATIONS.items():
                    question = Question(store_id, subject, relation, tenant, at_least=at_least)
                    verdict = await services.permissions.engine.check(ctx, question)
                    at_least = verdict.revision
                    held |= {name} if verdict.allowed else set()
                found[who] = frozenset(held)
        return found

    async def seen(self, world: World) -> World:
        """The roles and who has them, as the server tells them; the rest as in `world`."""
        verbs = self.place.server.services.role_admin
        names = {subject: who for who, subject in self.subjects.items()}
        async with self.place.operator() as ctx:
            roles = await verbs.list(ctx)
            given = {(names[who], role.name) for role in roles for who in await verbs.assignees(ctx, role.role_id)}
        permissions = {role.name: role.permissions for role in roles}
        return World(permissions, frozenset(given), world.administrators, world.programs, world.imported)

    def _user(self, person: str) -> UUID:
        return parse_id(USER, self.subjects[person].removeprefix("user:"))

    def _program(self, act: Act) -> ClientDraft:
        return ClientDraft(
            name=act.target,
            public=False,
            grants=frozenset({"client_credentials"}),
            audiences=(self.place.issuer,),
            scopes=act.permissions,
        )


def told(world: World) -> Rights:
    """The engine's answers, were it `world`."""
    return {
        who: world.rights(who) | ({"administrator"} if who in world.administrators else set())
        for who in (*PERSONS, *world.imported, *world.programs)
    }


def beyond(before: Rights, after: Rights, acts: list[Act]) -> int:
    """Rights that somebody has gained and none of the actors could have given. Who crowns gives all that they have: a
    credential's scope says what it is for, and making administrators is one such thing."""
    givable = frozenset[str]().union(
        *(before[act.actor] if _crowns(act) else before[act.actor] & act.scopes for act in acts)
    )
    return sum(len(after[who] - before.get(who, frozenset()) - givable) for who in after)


def _crowns(act: Act) -> bool:
    return act.kind == "crown" or (act.kind == "import" and act.role == CROWN)


async def step(stage: Stage, world: World, acts: list[Act], faults: list[str]) -> tuple[World, int, int]:
    """The world afterwards, how many acts were done, and how many rights went beyond their giver's."""
    before = await stage.rights()
    done = await asyncio.gather(*(stage.play(act) for act in acts))
    after = await stage.rights()
    lawful: list[World] = []
    for order in (range(len(acts)), range(len(acts))[::-1]):
        then, as_it_was = world, True
        for place in order:
            next_ = then.after(acts[place])
            as_it_was = as_it_was and done[place] == (next_ is not None)
            then = next_ or then
        if as_it_was and told(then) == after and (len(acts) == 1 or await stage.seen(then) == then):
            lawful.append(then)
    if not lawful:
        faults.append(f"{acts} came out as {done}: {after}, in {world}")
    return (lawful or [world])[0], sum(done), beyond(before, after, acts)


@pytest.mark.gauntlet
async def test_no_sequence_gives_a_right_beyond_the_grantors(place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    """G38; its mutant gives a role without asking what it holds."""
    seed = int(os.environ.get("G38_SEED", SystemRandom().getrandbits(32)))
    dice = Random(seed)
    faults, count, excess = list[str](), Counter[str](), 0
    for _ in range(SEQUENCES):
        if faults or excess:
            break
        world, stage = draw_world(dice), Stage(place)
        await stage.set_up(world)
        for _ in range(ACTS):
            acts = draw_pair(dice, world) if dice.random() < AT_ONCE else [draw_act(dice, world)]
            world, done, more = await step(stage, world, acts, faults)
            count["tried"] += len(acts)
            count["done"] += done
            excess += more
            if faults or excess:
                break
        if not faults and await stage.seen(world) != world:
            faults.append(f"the roles are {await stage.seen(world)}, in {world}")
        await stage.take_down()
    with capsys.disabled():
        print(
            f"\nG38: {SEQUENCES} sequences, {count['tried']} acts, {count['done']} lawful and done:"
            f" {excess} rights beyond the grantor's, {len(faults)} outcomes of no order (seed {seed})"
        )
    assert faults == []
    assert excess == 0
    assert count["tried"] / 10 < count["done"] < count["tried"]
