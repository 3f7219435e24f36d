-- The role under which the server and its workers work, where the migrating account may make one: it can add to the books but not change them.
do $$
begin
    if not exists (select from pg_roles where rolname = 'mains_server') then
        create role mains_server nologin;
    end if;
    execute format('grant mains_server to %I', current_user);
    grant usage on schema public to mains_server;
    grant select, insert, update, delete on all tables in schema public to mains_server;
    grant usage, select on all sequences in schema public to mains_server;
    alter default privileges in schema public grant select, insert, update, delete on tables to mains_server;
    alter default privileges in schema public grant usage, select on sequences to mains_server;
    revoke update, delete on ledger_transaction, ledger_entry, invoice, invoice_line, invoice_tax, payment, payment_allocation
        from mains_server;
exception
    when insufficient_privilege then
        raise notice 'no role mains_server: this account may not make one; triggers alone keep the books unchanged';
end
$$
