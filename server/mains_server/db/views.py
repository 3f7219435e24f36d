"""Functions that the triggers of every room use, and the trigger of the outbox; migrations make them."""

REFUSE_CHANGE = """
create function refuse_change() returns trigger language plpgsql as $$
begin
    raise exception '% is append-only', tg_table_name using errcode = 'restrict_violation',
        hint = 'What is booked or issued is never edited: book the reverse, or issue a credit.';
end
$$
"""

TELL_OF_EVENTS = """
create function tell_of_events() returns trigger language plpgsql as $$
begin
    perform pg_notify('mains_events', '');
    return null;
end
$$
"""

EVENTS_ARE_TOLD = """
create trigger events_are_told after insert on outbox_event for each statement execute function tell_of_events()
"""
