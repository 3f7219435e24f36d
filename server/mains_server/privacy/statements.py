"""SQL of the privacy room, which reads and changes the tables of all rooms by name."""

from __future__ import annotations

from sqlalchemy import text

ROWS = """
select coalesce(json_agg(to_jsonb(t) - cast(:hidden as text[])), '[]')::text from {table} t where {condition}
"""
OWNED = text("""
select g.customer_id from access_grant g
where g.person_id = :person and g.role = 'OWNER' and g.starts_at <= :now and (g.ends_at is null or g.ends_at > :now)
order by g.customer_id
""")
LOCK = text("select id from customer where id = :customer for update")
RUNNING = text("select exists (select from contract where customer_id = :customer and (ends is null or ends > :today))")
UNDER_WAY = text(
    "select exists (select from payment_intent where customer_id = :customer and next_check_at is not null)"
)
PREPAID = text("""
select exists (select from contract c where c.customer_id = :customer
    and (select coalesce(sum(p.amount), 0) from prepayment p where p.contract_id = c.id)
    <> (select coalesce(sum(u.amount), 0) from prepaid_use u where u.contract_id = c.id))
""")
LAST_ISSUED = text("select max(issued_on) from invoice where customer_id = :customer")
# Who owned the customer and has no other right and no work here; the others keep their login.
OWNERS = text("""
select g.person_id from access_grant g
where g.customer_id = :customer and g.role = 'OWNER'
    and not exists (select from staff_member m where m.person_id = g.person_id and m.ended_at is null)
    and not exists (select from access_grant o where o.person_id = g.person_id and o.customer_id <> :customer
        and (o.ends_at is null or o.ends_at > :now))
""")
CUSTOMERS_EMAIL = "(select lower(email) from customer where id = :customer)"
PERSONS_EMAIL = "(select lower(email) from person where id = :person)"
# What went to an address before it was anybody's, such as an invitation, or after it was.
TO_NOBODY_KNOWN = "customer_id is null and person_id is null and lower(address) = {whose}"
# By table: what an erasure does about a customer. Rows that name a row of another table go before it.
OF_CUSTOMER = {
    "access_grant": """update access_grant set ends_at = :now
        where customer_id = :customer and (ends_at is null or ends_at > :now)""",
    "customer_protection": "delete from customer_protection where customer_id = :customer",
    "reading_link": "delete from reading_link where customer_id = :customer",
    "application_answer": """delete from application_answer
        where application_id in (select id from application where customer_id = :customer)""",
    "application_attachment": """delete from application_attachment
        where application_id in (select id from application where customer_id = :customer)""",
    "application_step": """delete from application_step
        where application_id in (select id from application where customer_id = :customer)""",
    "application": "delete from application where customer_id = :customer",
    "outage_notice": "delete from outage_notice where customer_id = :customer",
    "announcement_recipient": "delete from announcement_recipient where customer_id = :customer",
    "notice_report": "delete from notice_report where customer_id = :customer",
    "notice": f"delete from notice where customer_id = :customer or {TO_NOBODY_KNOWN.format(whose=CUSTOMERS_EMAIL)}",
    "notice_preference": "delete from notice_preference where customer_id = :customer",
    "delegation_invitation": "delete from delegation_invitation where customer_id = :customer",
    "registration": "delete from registration where customer_id = :customer",
    "signin_message": f"""delete from signin_message where customer_id = :customer
        or customer_id is null and next_try_at is null and lower(address) = {CUSTOMERS_EMAIL}""",
    "delivery_receipt": """update delivery_receipt set detail = '', address = case
            when address is null or address ~ '^sha256:[0-9a-f]{64}$' then address
            else 'sha256:' || encode(sha256(convert_to(id || ':' || lower(address), 'UTF8')), 'hex') end
        where customer_id = :customer""",
    "delegation_activity": "update delegation_activity set name = null, note = null where customer_id = :customer",
    "debt_arrangement": "update debt_arrangement set note = '' where customer_id = :customer",
    "webhook_delivery": """delete from webhook_delivery where customer_id = :customer
        or endpoint_id in (select id from webhook_endpoint where customer_id = :customer)""",
    "webhook_secret": """delete from webhook_secret
        where endpoint_id in (select id from webhook_endpoint where customer_id = :customer)""",
    "webhook_choice": """delete from webhook_choice
        where endpoint_id in (select id from webhook_endpoint where customer_id = :customer)""",
    "webhook_endpoint": "delete from webhook_endpoint where customer_id = :customer",
    "webhook_coverage": """update webhook_endpoint set customer_ids = array_remove(customer_ids, :customer)
        where :customer = any(customer_ids)""",
    "outbox_event": "delete from outbox_event where customer_id = :customer",
    "machine_token": """update machine_token set customer_ids = array_remove(customer_ids, :customer)
        where :customer = any(customer_ids)""",
    "billing_hold": "update billing_hold set accepted_note = null where customer_id = :customer",
    "contract_fee": "update contract_fee set reason = '' where customer_id = :customer",
    "correction": "update correction set note = '' where customer_id = :customer",
    "invoice_dispute": "update invoice_dispute set reason = '', answer = null where customer_id = :customer",
    "sms_inbound": """delete from sms_inbound where regexp_replace(sender, '[^0-9]', '', 'g') =
        (select regexp_replace(phone, '[^0-9]', '', 'g') from customer where id = :customer)""",
    "customer": """update customer set name = '', personal_code = null, registration_number = null, vat_number = null,
        email = null, phone = null, iban = null, address_line = '', address_city = '', address_postcode = ''
        where id = :customer""",
}
# The same about a person who owned it.
OF_PERSON = {
    "session": """update session set device = '', revoked_at = coalesce(revoked_at, :now)
        where person_id = :person""",
    "registration": f"delete from registration where person_id = :person or lower(email) = {PERSONS_EMAIL}",
    "signin_message": f"delete from signin_message where lower(address) = {PERSONS_EMAIL}",
    "delegation_invitation": f"""update delegation_invitation set name = '', email = 'erased@invalid', phone = null
        where answered_by_person_id = :person or lower(email) = {PERSONS_EMAIL} and status <> 'OPEN'""",
    "delegation_activity": """update delegation_activity set name = null
        where person_id = :person or about_person_id = :person""",
    "password_reset": "delete from password_reset where person_id = :person",
    "application_answer": """delete from application_answer where application_id in
        (select id from application where person_id = :person and customer_id is null)""",
    "application_attachment": """delete from application_attachment where application_id in
        (select id from application where person_id = :person and customer_id is null)""",
    "application_step": """delete from application_step where application_id in
        (select id from application where person_id = :person and customer_id is null)""",
    "application": "delete from application where person_id = :person and customer_id is null",
    "openid_link": "delete from openid_link where person_id = :person",
    "machine_token": "delete from machine_token where person_id = :person and partner is null",
    "passkey": "delete from passkey where person_id = :person",
    "account_recovery": "delete from account_recovery where person_id = :person",
    "recovery_code": "delete from recovery_code where person_id = :person",
    "second_factor": "delete from second_factor where person_id = :person",
    "signin_challenge": "delete from signin_challenge where person_id = :person",
    "outage_calendar": "delete from outage_calendar where person_id = :person",
    "credential": "delete from credential where person_id = :person",
    "idempotent_request": "delete from idempotent_request where person_id = :person",
    "notice_report": "delete from notice_report where person_id = :person",
    "notice": f"delete from notice where person_id = :person or {TO_NOBODY_KNOWN.format(whose=PERSONS_EMAIL)}",
    "reading_upload_row": """delete from reading_upload_row
        where upload_id in (select id from reading_upload where person_id = :person)""",
    "reading_upload": "delete from reading_upload where person_id = :person",
    "sms_inbound": """delete from sms_inbound where regexp_replace(sender, '[^0-9]', '', 'g') =
        (select regexp_replace(phone, '[^0-9]', '', 'g') from person where id = :person)""",
    "person": """update person set email = 'erased-' || id || '@invalid', name = '', phone = null
        where id = :person""",
}
