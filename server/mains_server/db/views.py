"""Functions that the triggers of every room use; a migration makes them."""

REFUSE_CHANGE = """
create function refuse_change() returns trigger language plpgsql as $$
begin
    raise exception '% is append-only', tg_table_name using errcode = 'restrict_violation',
        hint = 'What is booked or issued is never edited: book the reverse, or issue a credit.';
end
$$
"""
