-- Offers of the night that are not disclosed by both methods, or by other amounts than
-- they have.
with offers as (

    select * from {{ ref('fct_advance_offers') }}
    where as_of_date = {{ as_of_date() }}

),

disclosures as (

    select * from {{ ref('fct_offer_disclosures') }}
    where as_of_date = {{ as_of_date() }}

)

select
    offers.offer_id,
    count(disclosures.method) as method_count
from offers
left join disclosures
    on
        offers.offer_id = disclosures.offer_id
        and offers.owed_minor = disclosures.total_payment_minor
        and offers.fee_minor = disclosures.finance_charge_minor
group by offers.offer_id
having count(disclosures.method) <> 2
