"""Functions that the triggers of every room use, and the trigger of the outbox; migrations make them."""

REFUSE_CHANGE = """
create function refuse_change() returns trigger language plpgsql as $$
begin
    raise exception '% is append-only', tg_table_name using errcode = 'restrict_violation',
        hint = 'What is booked or issued is never edited: book the reverse, or issue a credit.';
end
$$
"""

# What happened stays; who it was may be taken out of the columns that a trigger names, and nothing put in.
REFUSE_ALL_BUT_REDACTION = """
create function refuse_all_but_redaction() returns trigger language plpgsql as $$
declare
    word text;
begin
    if to_jsonb(new) - tg_argv <> to_jsonb(old) - tg_argv then
        raise exception '% is append-only', tg_table_name using errcode = 'restrict_violation';
    end if;
    foreach word in array tg_argv loop
        if to_jsonb(new) ->> word is distinct from to_jsonb(old) ->> word
            and coalesce(to_jsonb(new) ->> word, '') !~ '^(sha256:[0-9a-f]{64})?$' then
            raise exception '% is append-only: % may be taken away, not changed', tg_table_name, word
                using errcode = 'restrict_violation';
        end if;
    end loop;
    return new;
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
