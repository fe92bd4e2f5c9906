-- The count of built nights, unless it is one.
{{ config(tags=['whole']) }}

select count(*) as row_count
from {{ ref('rpt_built_night') }}
having count(*) <> 1
