"""What a tenant's SCIM service says of itself: its schemas, resource types and abilities (RFC 7643 §5, §6, §7).

The schemas are those of RFC 7643 less what means nothing here, so that nobody is told that it is kept: passwords, which
never come from outside; `roles`, `entitlements` and certificates, for what somebody may do is said by groups alone;
groups within groups, and how a directory displays a member.
"""

from functools import cache, lru_cache
from typing import Any, Final, Union, cast

from scim2_models import (
    AuthenticationScheme,
    Bulk,
    BulkRequest,
    BulkResponse,
    ChangePassword,
    ETag,
    Filter,
    ListResponse,
    Pagination,
    Patch,
    PatchOp,
    Path,
    ResourceType,
    ResponseParameters,
    Schema,
    ScimPolicy,
    ScimProvider,
    SearchRequest,
    ServiceProviderConfig,
    Sort,
)
from scim2_models.path import AttributeBinding
from scim2_server.utils import load_default_resource_types, load_default_schemas, parametrize

from airside.protocols.scim.vocabulary import (
    CURSOR_SECONDS,
    GROUP,
    MAX_BULK_BYTES,
    MAX_OPERATIONS,
    MAX_PAGE,
    PAGE,
    USER,
    Attribute,
)

_SCHEMA: Final = "urn:ietf:params:scim:schemas:core:2.0:"
_LEFT_OUT: Final = frozenset({"password", "entitlements", "roles", "x509Certificates"})


@cache
def provider() -> ScimProvider:
    """The description of the service, the same for every tenant. What clients send beyond it is ignored and kept
    nowhere, as SCIM's clients expect; Entra's spellings of PATCH are taken."""
    return ScimProvider.from_discovery(
        _schemas(),
        load_default_resource_types().values(),
        config=_config(),
        policy=ScimPolicy(
            unknown=ScimPolicy.Unknown.ignore,
            remove_value_as_filter=ScimPolicy.RemoveValue.apply,
            unmatched_path_filter=ScimPolicy.UnmatchedPathFilter.create,
        ),
    )


@cache
def spoken() -> tuple[type[Any], ...]:
    """The library's messages about our resources. They are made anew, at milliseconds each, wherever nobody holds
    them: whoever speaks to it holds these."""
    several = [cast("type[Any]", provider().model_for(kind)) for kind in (USER, GROUP)]
    any_of: Any = Union[tuple(several)]  # noqa: UP007 - its members are known at run time only
    single = [parametrize(kind, model) for kind in (SearchRequest, ResponseParameters, PatchOp) for model in several]
    return (
        *single,
        *(parametrize(Path, model) for model in several),
        *(parametrize(kind, any_of) for kind in (SearchRequest, ListResponse, BulkRequest, BulkResponse)),
    )


@lru_cache(maxsize=16)
def binding(kind: str, attribute: Attribute) -> AttributeBinding:
    """What the library knows of an attribute."""
    model: Any = provider().model_for(kind)
    found = parametrize(Path, model)(attribute).resolve()
    if found is None:
        raise LookupError(attribute)
    return found


def resource_type(kind: str) -> ResourceType:
    """The resource type of that name."""
    return next(found for found in provider().resource_types if found.name == kind)


def _schemas() -> list[Schema]:
    schemas = load_default_schemas()
    user = schemas[_SCHEMA + USER]
    user.attributes = [one for one in user.attributes or [] if one.name not in _LEFT_OUT]
    for attribute in schemas[_SCHEMA + GROUP].attributes or []:
        if attribute.name != "members":
            continue
        attribute.sub_attributes = [one for one in attribute.sub_attributes or [] if one.name != "display"]
        for inner in attribute.sub_attributes:
            if inner.name == "$ref":
                inner.reference_types = [USER]
            elif inner.name == "type":
                inner.canonical_values = [USER]
    return list(schemas.values())


def _config() -> ServiceProviderConfig:
    return ServiceProviderConfig(
        patch=Patch(supported=True),
        bulk=Bulk(supported=True, max_operations=MAX_OPERATIONS, max_payload_size=MAX_BULK_BYTES),
        filter=Filter(supported=True, max_results=MAX_PAGE),
        change_password=ChangePassword(supported=False),
        sort=Sort(supported=True),
        etag=ETag(supported=True),
        pagination=Pagination(
            cursor=True,
            index=True,
            default_pagination_method=Pagination.DefaultPaginationMethod.index,
            default_page_size=PAGE,
            max_page_size=MAX_PAGE,
            cursor_timeout=CURSOR_SECONDS,
        ),
        authentication_schemes=[
            AuthenticationScheme(
                type=AuthenticationScheme.Type.oauthbearertoken,
                name="Bearer token",
                description="A token of one connection, made by an administrator of the tenant.",
                primary=True,
            )
        ],
    )
