-- What happened. Append-only. leaf_hash is SHA-256(0x00 || canonical bytes of the other columns).
create table airside.audit_record (
    tenant_id uuid not null,
    record_id uuid not null,
    at timestamptz not null,
    event text not null,
    actor text not null,
    subject text not null,
    outcome text not null,
    reason text not null,
    request_id text not null,
    origin text not null,
    details text not null,
    person text not null,
    personal_sealed bytea,
    leaf_hash bytea not null,
    constraint audit_record_pkey primary key (tenant_id, record_id),
    constraint audit_record_leaf_check check (octet_length(leaf_hash) = 32)
);

-- Recorded, not yet in the tree. The sequencer takes rows from here.
create table airside.audit_pending (
    tenant_id uuid not null,
    record_id uuid not null,
    leaf_hash bytea not null,
    constraint audit_pending_pkey primary key (tenant_id, record_id)
);

-- One row a tenant: its lock is what makes the sequencer one. frontier: the roots of the complete subtrees
-- that make up the tree, largest first, 32 bytes each.
create table airside.audit_tree (
    tenant_id uuid not null,
    tree_size bigint not null,
    frontier bytea not null,
    head_size bigint not null,
    head_at timestamptz,
    constraint audit_tree_pkey primary key (tenant_id),
    constraint audit_tree_size_check check (tree_size >= head_size and head_size >= 0)
);

-- The tree's leaves in order. Append-only.
create table airside.audit_leaf (
    tenant_id uuid not null,
    seq bigint not null,
    record_id uuid not null,
    leaf_hash bytea not null,
    constraint audit_leaf_pkey primary key (tenant_id, seq),
    constraint audit_leaf_record_key unique (tenant_id, record_id)
);

-- Roots of complete subtrees of 2^level leaves, level >= 1: node n covers leaves n*2^level up to the next.
-- Append-only.
create table airside.audit_node (
    tenant_id uuid not null,
    level smallint not null,
    number bigint not null,
    hash bytea not null,
    constraint audit_node_pkey primary key (tenant_id, level, number)
);

-- Signed heads. Append-only.
create table airside.audit_head (
    tenant_id uuid not null,
    tree_size bigint not null,
    root bytea not null,
    at timestamptz not null,
    jws text not null,
    constraint audit_head_pkey primary key (tenant_id, tree_size)
);

-- The tenant's key that signs heads: public part as a JWK, private part sealed by the vault. Append-only.
create table airside.audit_key (
    tenant_id uuid not null,
    key_id uuid not null,
    public_jwk text not null,
    private_sealed bytea not null,
    created_at timestamptz not null,
    constraint audit_key_pkey primary key (tenant_id, key_id)
);
