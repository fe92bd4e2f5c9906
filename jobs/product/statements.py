"""The SQL of one publication: its tables, its steps in order, and what it measures."""

from jobs.product.contract import COLUMNS, CONTRACT_VERSION, column_definitions

#: Fields that the first version of the contract lacked; all of them may be null.
_ADDED = (
    "refilled_advance_id",
    "settled_balance_minor",
    "discount_minor",
    "net_advance_minor",
    "settled_fee_minor",
    "fee_on_old_fee_minor",
)
_ADDITIONS = ", ".join(
    f"add column {definition}"
    for definition in column_definitions()
    if definition.split()[0] in _ADDED
)

CREATE = (
    "create schema if not exists seller_advances",
    f"""
    create table if not exists seller_advances.offers (
        {", ".join(column_definitions())},
        -- Set by the product when a seller accepts; taken back if that falls through.
        accepted_at timestamptz,
        change_number integer not null,
        primary key (offer_id),
        -- What has ended cannot be accepted any more, whatever a page still shows.
        check (accepted_at is null or state in ('open', 'accepted'))
    )
    """,
    # Asked first, because to alter a table locks its readers out until the commit.
    f"""
    do $$ begin
        if not exists (
            select from information_schema.columns
            where
                table_schema = 'seller_advances'
                and table_name = 'offers'
                and column_name = '{_ADDED[-1]}'
        ) then
            alter table seller_advances.offers {_ADDITIONS};
        end if;
    end $$
    """,
    """
    create unique index if not exists one_open_offer_a_tier
    on seller_advances.offers (seller_id, currency_code, target_term_days)
    where state = 'open'
    """,
    """
    create unique index if not exists one_acceptance_at_a_time
    on seller_advances.offers (seller_id, currency_code)
    where state = 'open' and accepted_at is not null
    """,
    """
    create table if not exists seller_advances.publications (
        publication_number bigint generated always as identity primary key,
        as_of_date date not null,
        contract_version integer not null,
        opened_count bigint not null,
        ended_count bigint not null,
        held_back_count bigint not null,
        open_count bigint not null,
        totals jsonb not null,
        offers_hash text not null,
        published_at timestamptz not null default now()
    )
    """,
    """
    create table if not exists seller_advances.offer_outbox (
        sequence_number bigint generated always as identity primary key,
        idempotency_key uuid not null unique,
        offer_id uuid not null references seller_advances.offers,
        change_number integer not null,
        event text not null check (event in ('opened', 'ended')),
        as_of_date date not null,
        contract_version integer not null,
        payload jsonb not null,
        created_at timestamptz not null default now(),
        unique (offer_id, change_number)
    )
    """,
)

#: What happens to the offers, by name and in order; ``staged`` is what the night says.
STEPS = {
    # Who accepted since the night ended is offered nothing more until it is known.
    "hold back": """
        create temp table held_back on commit drop as
        select staged.offer_id
        from staged
        where
            staged.state = 'open'
            and not exists (
                select from seller_advances.offers as known
                where known.offer_id = staged.offer_id and known.state = 'open'
            )
            and exists (
                select from seller_advances.offers as accepted
                where
                    accepted.seller_id = staged.seller_id
                    and accepted.currency_code = staged.currency_code
                    and accepted.state = 'open'
                    and accepted.accepted_at is not null
                    and not exists (
                        select from staged as settled
                        where
                            settled.offer_id = accepted.offer_id
                            and settled.state = 'accepted'
                    )
            )
    """,
    "leave out what is held back": """
        delete from staged where offer_id in (select offer_id from held_back)
    """,
    # A link leads to an offer that is shown: past those held back, and past those of
    # nights that were never published.
    "find what is shown": """
        create temp table shown on commit drop as
        select offer_id from seller_advances.offers
        union
        select offer_id from staged where state = 'open'
    """,
    "follow links to what is shown": """
        create temp table links on commit drop as
        with recursive chain (offer_id, next_offer_id) as (
            select offer_id, superseded_by_offer_id
            from staged
            where superseded_by_offer_id is not null
            union
            select chain.offer_id, staged.superseded_by_offer_id
            from chain
            inner join staged on chain.next_offer_id = staged.offer_id
            where chain.next_offer_id not in (select offer_id from shown)
        )
        select offer_id, next_offer_id from chain
        where next_offer_id in (select offer_id from shown)
    """,
    "link forwards": """
        update staged
        set
            superseded_by_offer_id = followed.next_offer_id,
            state = case
                when followed.next_offer_id is null then 'withdrawn' else staged.state
            end
        from (
            select staged.offer_id, links.next_offer_id
            from staged
            left join links on staged.offer_id = links.offer_id
            where staged.state = 'replaced'
        ) as followed
        where staged.offer_id = followed.offer_id
    """,
    "link back": """
        update staged set supersedes_offer_id = links.offer_id
        from links
        where
            staged.offer_id = links.next_offer_id
            and links.offer_id in (select offer_id from seller_advances.offers)
    """,
    "link to nothing that is not shown": """
        update staged set supersedes_offer_id = null
        where not exists (
            select from shown where shown.offer_id = staged.supersedes_offer_id
        )
    """,
    "end": """
        with changed as (
            update seller_advances.offers as offers
            set
                state = staged.state,
                superseded_by_offer_id = staged.superseded_by_offer_id,
                ended_date = staged.ended_date,
                change_number = offers.change_number + 1
            from staged
            where
                offers.offer_id = staged.offer_id
                and staged.state <> 'open'
                and (offers.accepted_at is null or staged.state = 'accepted')
                -- What has ended stays so, but for who took its place, told anew.
                and (
                    offers.state = 'open'
                    or staged.state = 'accepted'
                    or (offers.state = 'replaced' and staged.state = 'replaced')
                )
                and (offers.state, offers.superseded_by_offer_id, offers.ended_date)
                is distinct from
                (staged.state, staged.superseded_by_offer_id, staged.ended_date)
            returning offers.offer_id
        )
        insert into changes select offer_id from changed
    """,
    # A night that was run again may not make an offer that it had made before.
    "withdraw": """
        with changed as (
            update seller_advances.offers as offers
            set
                state = 'withdrawn',
                superseded_by_offer_id = null,
                ended_date = %(as_of_date)s,
                change_number = offers.change_number + 1
            where
                offers.state = 'open'
                and offers.accepted_at is null
                and not exists (
                    select from staged where staged.offer_id = offers.offer_id
                )
            returning offers.offer_id
        )
        insert into changes select offer_id from changed
    """,
    "open again": """
        with changed as (
            update seller_advances.offers as offers
            set
                state = 'open',
                superseded_by_offer_id = null,
                ended_date = null,
                change_number = offers.change_number + 1
            from staged
            where
                offers.offer_id = staged.offer_id
                and staged.state = 'open'
                and offers.state <> 'open'
            returning offers.offer_id
        )
        insert into changes select offer_id from changed
    """,
    "open": f"""
        with changed as (
            insert into seller_advances.offers ({", ".join(COLUMNS)}, change_number)
            select {", ".join(COLUMNS)}, 1
            from staged
            where state = 'open'
            on conflict (offer_id) do nothing
            returning offer_id
        )
        insert into changes select offer_id from changed
    """,
    "tell": f"""
        insert into seller_advances.offer_outbox (
            idempotency_key, offer_id, change_number, event, as_of_date,
            contract_version, payload
        )
        select
            md5(offers.offer_id || ':' || offers.change_number)::uuid,
            offers.offer_id,
            offers.change_number,
            case when offers.state = 'open' then 'opened' else 'ended' end,
            %(as_of_date)s,
            {CONTRACT_VERSION},
            to_jsonb(offers) - 'accepted_at' - 'change_number'
        from seller_advances.offers as offers
        inner join changes on offers.offer_id = changes.offer_id
        order by offers.offer_id
    """,
}

TOTALS = """
    select
        currency_code,
        count(*) as open_count,
        count(distinct seller_id) as seller_count,
        sum(advance_minor)::bigint as advance_minor
    from seller_advances.offers
    where state = 'open'
    group by currency_code
    order by currency_code
"""
#: An offer's id is a hash of its terms, so a hash of the ids is one of the set.
HASH = """
    select encode(sha256(convert_to(
        coalesce(string_agg(offer_id::text, E'\n' order by offer_id), ''), 'UTF8'
    )), 'hex') as offers_hash
    from seller_advances.offers
    where state = 'open'
"""
COUNTS = """
    select
        count(*) filter (where offers.state = 'open') as opened_count,
        count(*) filter (where offers.state <> 'open') as ended_count,
        (select count(*) from held_back) as held_back_count,
        (select count(*) from seller_advances.offers where state = 'open') as open_count
    from changes
    inner join seller_advances.offers on offers.offer_id = changes.offer_id
"""
