"""The three applications that `read_path` measures: compiled, resolvers, and one hand-written SELECT an endpoint."""

import os
from collections.abc import Awaitable, Callable
from datetime import timedelta

import asyncpg
import orjson
import uvicorn
from mains_schema.served import graphql_app
from mains_server.adapters.host import AdapterHost
from mains_server.db.engine import PLANS, make_engine
from mains_server.signin.rules import token_hash
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

MINE = """(select g.customer_id from session s join access_grant g on g.person_id = s.person_id
  where s.token_hash = $1 and s.expires_at > now() and s.revoked_at is null and g.contract_ids is null
  and g.starts_at <= now() and (g.ends_at is null or g.ends_at > now()))"""
SMALL = f"""select json_build_object('data', json_build_object('viewer', json_build_object(
  'contracts', json_build_object('nodes', (select json_agg(
    json_build_object('number', c.number, 'signedOn', c.signed_on)) from
      (select * from contract where customer_id in {MINE} order by id limit 10) c)))))::text"""
PORTAL = f"""select json_build_object('data', json_build_object('viewer', json_build_object(
  'name', (select p.name from person p join session s on s.person_id = p.id where s.token_hash = $1),
  'contracts', json_build_object('nodes', (select json_agg(json_build_object('number', c.number,
    'productCode', c.product,
    'supplies', (select json_agg(json_build_object('supplyPoint', (select json_build_object('identifier', p.identifier,
      'meters', (select json_agg(json_build_object('serial', m.serial,
        'registers', (select json_agg(json_build_object('code', r.code,
          'readings', json_build_object('nodes', (select json_agg(json_build_object('takenAt', d.taken_at,
            'countsFor', d.counts_for, 'value', json_build_object('value', d.value::text, 'unit', r.unit),
            'status', d.status)) from (select * from reading where register_id = r.id
              order by taken_at desc, id desc limit 13) d)))) from register r where r.meter_id = m.id)))
        from meter m where m.supply_point_id = p.id)) from supply_point p where p.id = s.supply_point_id)))
      from contract_supply_point s where s.contract_id = c.id),
    'invoices', json_build_object('nodes', (select json_agg(json_build_object('number', i.document_number,
      'status', i.status, 'total', json_build_object('amount', i.total::text, 'currency', i.currency),
      'openAmount', json_build_object('amount', i.open_amount::text), 'dueOn', i.due_on,
      'lines', (select json_agg(json_build_object('code', l.code,
        'quantity', json_build_object('value', l.quantity::text, 'unit', l.unit),
        'net', json_build_object('amount', l.net::text)) order by l.position) from invoice_line l
        where l.invoice_id = i.id))) from (select * from invoice_state where contract_id = c.id
          order by issued_on desc, id desc limit 12) i))))
    from (select * from contract where customer_id in {MINE} order by id limit 20) c)))))::text"""
LIST = """select json_build_object('data', json_build_object('staff', json_build_object('customers', json_build_object(
  'nodes', (select json_agg(json_build_object('number', c.number, 'invoices', json_build_object('nodes',
    (select json_agg(json_build_object('number', i.document_number, 'status', i.status,
      'total', json_build_object('amount', i.total::text, 'currency', i.currency),
      'lines', (select json_agg(json_build_object('code', l.code, 'net', json_build_object('amount', l.net::text))
        order by l.position) from invoice_line l where l.invoice_id = i.id)))
      from (select * from invoice_state where customer_id = c.id order by issued_on desc, id desc limit 100) i))))
    from (select * from customer where exists (select from session s join staff_member m on m.person_id = s.person_id
      where s.token_hash = $1) order by name, id limit 10) c)))))::text"""


async def _leave_as_it_is(_connection: object) -> None:
    """Spare the statement by which asyncpg's pool would reset a connection that nothing was set on."""


def bare(address: str) -> Starlette:
    """Make the application that runs one hand-written statement an endpoint, the session's check within it."""
    pools: list[asyncpg.Pool] = []

    def endpoint(statement: str) -> Callable[[Request], Awaitable[Response]]:
        async def answer(request: Request) -> Response:
            orjson.loads(await request.body())
            token = request.headers["authorization"].partition(" ")[2]
            if not pools:
                settings = {"timezone": "UTC", **PLANS}
                pools.append(
                    await asyncpg.create_pool(address, max_size=10, server_settings=settings, reset=_leave_as_it_is)
                )
            async with pools[0].acquire() as connection:
                found = await connection.fetchval(statement, token_hash(token))
            return Response(found, media_type="application/json")

        return answer

    named = {"small": SMALL, "portal": PORTAL, "list": LIST}
    return Starlette(routes=[Route(f"/{name}", endpoint(sql), methods=["POST"]) for name, sql in named.items()])


def main() -> None:
    """Serve one of the three, as the environment says, with one worker."""
    address, executor = os.environ["MAINS_DATABASE_URL"], os.environ["MAINS_BENCH_EXECUTOR"]
    if executor == "bare":
        app = bare(address)
    else:
        engine = make_engine(address=address, connections_max=10)
        host = AdapterHost(adapters=(), live={})
        view = graphql_app(
            engine=engine, host=host, session_lifetime=timedelta(days=1), compiles=executor == "compiled"
        )
        app = Starlette(routes=[Route("/graphql", view)])
    uvicorn.run(app, port=int(os.environ["MAINS_BENCH_PORT"]), log_level="warning", access_log=False)


if __name__ == "__main__":
    main()
