-- The count of built nights, unless it is one.
select count(*) as row_count
from {{ ref('rpt_built_night') }}
having count(*) <> 1
